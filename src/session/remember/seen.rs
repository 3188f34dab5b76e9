//! The use of a session that belongs to a series.

use std::{sync::Arc, time::Duration};

use crate::{
    error::LoginError,
    key::SignedBy,
    manager::{
        Realm,
        series::{SeriesContent, Verdict},
    },
    store::{Record, RecordId, RecordKind, Touch, Update},
    token::Token,
    user::AuthUser,
};

/// The remember cookie of a request, to be sent once more, up to when the
/// series as it is now ends.
pub(crate) struct SendAgain {
    pub(crate) token: Token,
    pub(crate) series: Record,
}

impl<U: AuthUser> Realm<U> {
    /// Notes that a session of a series is in use: if the present token came with
    /// it, that has arrived, and the one before is good for a moment more. Where
    /// being remembered begins anew with each use, it does.
    ///
    /// The browser shows its remember cookie beside the session: a token that was
    /// replaced for somebody else is theft, also where it is not needed. Answers
    /// whether the session is still alive.
    ///
    /// Called when the use of the session itself is noted, not with each request.
    pub(in crate::session) async fn see_series(
        self: &Arc<Self>,
        series: RecordId,
        session: RecordId,
        cookie: impl FnOnce() -> Option<(Token, SignedBy)>,
    ) -> Result<(bool, Option<SendAgain>), LoginError> {
        let core = &self.core;
        let now = core.now();
        let Some(mut series) = core.load_kind(RecordKind::Series, series).await? else {
            return Ok((true, None));
        };
        if !core.settings.may_remember(series.created, now) {
            self.end_series(&series).await?; // it began under longer limits, and so did its session
            return Ok((false, None));
        }
        let mut content =
            SeriesContent::decode(&series.body).map_err(|error| core.failed(error))?;
        let shown = cookie().filter(|(token, _)| token.id == series.id);
        if let Some((token, _)) = &shown
            && content.judge(series.hash, token.hash(), now) == Verdict::Stolen
        {
            self.end_stolen(&series, &content).await?;
            return Ok((false, None));
        }
        let lasts = Duration::from_secs(content.lasts);
        if content.see_session(session, now) {
            let body = content.encode().map_err(|error| core.failed(error))?;
            let kind = RecordKind::Series;
            let update = Update::new(kind, series.id, series.version, body, now);
            // A conflict is a request that has noted the same, or a newer token.
            let _ = core.done(core.store.update(update).await)?;
        }
        let refresh = core.settings.remember.refresh;
        if refresh {
            let over = core.settings.remembered_until(series.created);
            series.expires = now.plus(lasts).min(over);
            let touch = Touch::new(RecordKind::Series, series.id, series.expires, now, now);
            if !core.done(core.store.touch(touch).await)? {
                return Ok((true, None));
            }
        }
        let again = shown.and_then(|(token, signed_by)| {
            let is_present = series.hash.matches(&token);
            let again = is_present && (refresh || signed_by == SignedBy::Older);
            again.then_some(SendAgain { token, series })
        });
        Ok((true, again))
    }
}
