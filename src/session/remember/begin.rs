//! What becomes of a browser's series at a transition.

use std::{sync::Arc, time::Duration};

use crate::{
    clock::Timestamp,
    error::LoginError,
    manager::{CookieOf, Core, Sent, content::LoginFacts, series::SeriesContent},
    session::{known::Known, visit::Notes},
    store::{Record, RecordId, RecordKind},
    token::Token,
    user::{AuthUser, UserIndex},
};

/// Which series the session of a transition belongs to.
pub(in crate::session) enum SeriesOf {
    /// The login goes on, and so does its series, if it has one.
    TheOld,
    /// Another login: what remembered an earlier one ends, and a series of so
    /// long begins if that was asked for.
    Another {
        ends: Option<RecordId>,
        begins: Option<Duration>,
    },
    /// The same login, confirmed or with new credentials: one takes the place of the other.
    Renewed {
        ends: RecordId,
        lasts: Duration,
        expires: Timestamp,
        /// When the user logged in by hand, as the limit of remembering counts it.
        created: Timestamp,
    },
}

/// A series that begins, and its first token.
pub(in crate::session) struct Begun {
    pub(in crate::session) record: Record,
    token: Token,
}

/// What is sent under the name of the remember cookie.
pub(in crate::session) enum RememberCookie {
    Unchanged,
    Begun(Begun),
    /// An earlier login is forgotten.
    Removed {
        was_alive: bool,
    },
}

impl SeriesOf {
    /// The series that ends in the same step.
    pub(in crate::session) fn ends(&self) -> Option<RecordId> {
        match self {
            Self::TheOld => None,
            Self::Another { ends, .. } => *ends,
            Self::Renewed { ends, .. } => Some(*ends),
        }
    }

    /// When what goes on without a new proof by hand is over.
    pub(in crate::session) fn over(&self, core: &Core) -> Timestamp {
        match *self {
            Self::Renewed { created, .. } => core.settings.remembered_until(created),
            _ => Timestamp::from_unix_seconds(u64::MAX),
        }
    }

    /// The series that begins in the same step.
    pub(in crate::session) fn begin(
        &self,
        core: &Core,
        index: UserIndex,
        login: &LoginFacts<'_>,
        session: RecordId,
    ) -> Result<Option<Begun>, LoginError> {
        let now = core.now();
        let (lasts, expires, created) = match *self {
            Self::TheOld | Self::Another { begins: None, .. } => return Ok(None),
            Self::Another {
                begins: Some(lasts),
                ..
            } => (lasts, now.plus(lasts), now),
            Self::Renewed {
                lasts,
                expires,
                created,
                ..
            } => (lasts, expires, created),
        };
        let token = Token::random(Some(index.home())).map_err(|error| core.failed(error))?;
        let body = SeriesContent::new(login, lasts, session, now).encode();
        let body = body.map_err(|error| core.failed(error))?;
        let mut record = Record::new(RecordKind::Series, token.id, token.hash(), expires, body);
        (record.user, record.created, record.seen) = (Some(index), created, now);
        Ok(Some(Begun { record, token }))
    }

    /// What the browser is told, once the step is done.
    pub(in crate::session) fn cookie(&self, begun: Option<Begun>) -> RememberCookie {
        match (self, begun) {
            (_, Some(begun)) => RememberCookie::Begun(begun),
            (Self::TheOld, None) => RememberCookie::Unchanged,
            (_, None) => RememberCookie::Removed {
                was_alive: self.ends().is_some(),
            },
        }
    }
}

impl RememberCookie {
    pub(in crate::session) fn note(&self, core: &Arc<Core>, notes: &mut Notes) {
        match self {
            Self::Begun(Begun { record, token }) => {
                notes.send_remember_token(core, token, record.expires);
            }
            Self::Removed { was_alive } if *was_alive || notes.may_have_remember_cookie(core) => {
                notes.set_cookie(core, CookieOf::Remember, Sent::Removed);
            }
            Self::Removed { .. } | Self::Unchanged => {}
        }
    }

    /// The series that this login has begun.
    pub(in crate::session) fn begun(&self) -> Option<RecordId> {
        match self {
            Self::Begun(begun) => Some(begun.record.id),
            _ => None,
        }
    }
}

impl<U: AuthUser> Known<U> {
    /// A series in the place of the old one, up to the same day: after new
    /// credentials the old one would be refused, and after a confirmation it would
    /// log in who is still under way with the old cookies, over the fresh one.
    /// `proved` says whether the user has just proved who it is: then the limit of
    /// remembering begins anew.
    pub(in crate::session) async fn renewed_series(
        &self,
        proved: bool,
    ) -> Result<SeriesOf, LoginError> {
        let core = &self.realm.core;
        let Some(id) = self.session()?.series else {
            return Ok(SeriesOf::TheOld);
        };
        let Some(series) = core.load_kind(RecordKind::Series, id).await? else {
            return Ok(SeriesOf::TheOld);
        };
        if !core.settings.remembers() {
            return Ok(SeriesOf::Another {
                ends: Some(id),
                begins: None,
            });
        }
        let content = SeriesContent::decode(&series.body).map_err(|error| core.failed(error))?;
        let created = match proved {
            true => core.now(),
            false => series.created,
        };
        Ok(SeriesOf::Renewed {
            ends: id,
            lasts: Duration::from_secs(content.lasts),
            expires: series.expires.min(core.settings.remembered_until(created)),
            created,
        })
    }
}
