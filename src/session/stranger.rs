//! What a stranger keeps: a record without a user, under a cookie of its own.

use std::sync::Arc;

use crate::{
    error::LoginError,
    key::SignedBy,
    manager::{CookieOf, Core, content::Content},
    session::{
        presented::Stranger,
        visit::{self, Number},
    },
    store::Record,
};

/// The stranger's record of this visit, read when it is first asked for.
///
/// # Errors
///
/// When the store fails.
pub(crate) async fn stranger(
    core: &Arc<Core>,
    number: Number,
) -> Result<Option<Record>, LoginError> {
    let (token, signed_by) = match visit::note(number, |notes| notes.stranger(core)) {
        Some(Stranger::Presented(token, signed_by)) => (token, signed_by),
        Some(Stranger::Read(record)) => return Ok(record),
        None => return Ok(None),
    };
    let record = core.load(token.id).await?.filter(|record| {
        record.hash.matches(&token) && record.user.is_none() && is_of_a_stranger(core, record)
    });
    visit::note(number, |notes| {
        if record.is_some() && signed_by == SignedBy::Older {
            notes.send_token(core, CookieOf::Stranger, &token);
        }
        notes.change_stranger(core, record.clone());
    });
    Ok(record)
}

/// What a later version has written for a stranger is not worth an error: it
/// would keep the stranger from logging in.
fn is_of_a_stranger(core: &Core, record: &Record) -> bool {
    match Content::decode(&record.body) {
        Ok(content) => content.login.is_none(),
        Err(error) => {
            tracing::warn!(target: "portcullis", realm = core.realm(), %error, "a stranger's data was left aside");
            false
        }
    }
}
