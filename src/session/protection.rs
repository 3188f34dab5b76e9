//! What becomes of a session that another browser shows.

use std::sync::Arc;

use crate::{
    error::LoginError,
    event::EventKind,
    manager::{
        Realm, SessionInfo, SessionProtection,
        content::{Content, Device},
    },
    session::known::Known,
    store::{End, Record, Swap, Update},
    user::AuthUser,
};

impl<U: AuthUser> Realm<U> {
    /// Makes the session stale, or ends it. From then on it is this browser's:
    /// there is one event for each time that it goes from hand to hand.
    pub(super) async fn protect(
        self: &Arc<Self>,
        known: Known<U>,
        now_from: Device,
    ) -> Result<Option<Arc<Known<U>>>, LoginError> {
        let core = &self.core;
        let record = known.session()?.clone();
        let session = record.id;
        match core.settings.protection {
            // Whoever begins a login finishes it in the same browser.
            _ if known.pending.is_some() => Ok(None),
            SessionProtection::Off => Ok(Some(Arc::new(known))),
            SessionProtection::Strong => {
                let mut end = End::new();
                (end.session, end.series) = (Some(session), record.series);
                core.done(core.store.end(end).await)?;
                let known = Arc::new(known);
                self.emit(EventKind::SessionProtected, Some(session), Some(&known));
                Ok(None)
            }
            SessionProtection::Basic => {
                let Some((record, info)) = self.make_stale(record, now_from).await? else {
                    return Ok(None);
                };
                let known = Arc::new(Known {
                    record: Some(record),
                    info,
                    ..known
                });
                self.emit(EventKind::SessionProtected, Some(session), Some(&known));
                Ok(Some(known))
            }
        }
    }

    /// Writes it to the record, whatever else is written there at the moment.
    async fn make_stale(
        &self,
        mut record: Record,
        device: Device,
    ) -> Result<Option<(Record, SessionInfo)>, LoginError> {
        let core = &self.core;
        for _ in 0..MAX_CONFLICTS {
            let before = record.body.clone();
            let mut content = Content::decode(&before).map_err(|error| core.failed(error))?;
            let Some(login) = &mut content.login else {
                return Ok(None);
            };
            (login.verified, login.second_factor) = (None, false);
            login.device = device;
            let info = SessionInfo::new(&record, login);
            let body = content.encode().map_err(|error| core.failed(error))?;
            let (id, version, now) = (record.id, record.version, core.now());
            let update = Update::new(record.kind, id, version, body.clone(), now);
            match core.done(core.store.update(update).await)? {
                Swap::Done => {
                    record.version = version.next();
                    record.body = body;
                    return Ok(Some((record, info)));
                }
                Swap::Gone => return Ok(None),
                Swap::Conflict => match core.load(id).await? {
                    Some(newer) => record = newer,
                    None => return Ok(None),
                },
            }
        }
        Err(core.failed("the session was written to all the time"))
    }
}

/// More than any number of requests that write at once.
const MAX_CONFLICTS: usize = 256;
