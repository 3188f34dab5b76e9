//! From a cookie to who is logged in: every check of a request on the read path.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use http::HeaderValue;

use crate::{
    clock::Timestamp,
    error::LoginError,
    event::EventKind,
    key::SignedBy,
    manager::{
        Realm, SessionInfo,
        content::{Content, Device, PendingFacts},
    },
    session::{device::Visitor, known::Known, remember::SendAgain},
    store::{Record, RecordKind, Touch},
    token::Token,
    user::{AuthUser, UserIndex, sealed::Factors as _},
};

/// Whom a request belongs to.
pub(crate) type Found<U> = FoundAs<Known<U>>;

/// The same, also where the user type is not known.
pub(crate) enum FoundAs<K: ?Sized> {
    Nobody,
    LoggedIn(Arc<K>),
    /// Somebody whose second factor is to be checked.
    Pending(Arc<K>),
}

/// What a record says of a login, before anything is asked about its user.
struct Claim<'a> {
    /// The user's id, as JSON.
    user: &'a [u8],
    index: UserIndex,
    auth_hash: [u8; 16],
    info: SessionInfo,
    forced: bool,
    pending: Option<PendingFacts>,
    /// The browser that asks, if it is not the one of the login.
    other_device: Option<Device>,
}

/// Whether what the record says of the last verification counts.
#[derive(Clone, Copy)]
pub(super) enum Freshness {
    AsWritten,
    Never,
}

impl<K: ?Sized> FoundAs<K> {
    pub(crate) fn somebody(&self) -> Option<&Arc<K>> {
        match self {
            Self::Nobody => None,
            Self::LoggedIn(known) | Self::Pending(known) => Some(known),
        }
    }

    /// The same, with another view of who it is.
    pub(super) fn seen_as<V: ?Sized>(
        &self,
        view: impl FnOnce(Arc<K>) -> Option<Arc<V>>,
    ) -> Option<FoundAs<V>> {
        Some(match self {
            Self::Nobody => FoundAs::Nobody,
            Self::LoggedIn(known) => FoundAs::LoggedIn(view(known.clone())?),
            Self::Pending(known) => FoundAs::Pending(view(known.clone())?),
        })
    }
}

impl<K: ?Sized> Clone for FoundAs<K> {
    fn clone(&self) -> Self {
        match self {
            Self::Nobody => Self::Nobody,
            Self::LoggedIn(known) => Self::LoggedIn(known.clone()),
            Self::Pending(known) => Self::Pending(known.clone()),
        }
    }
}

impl<U> Found<U> {
    /// Is it this very login, as it was found?
    pub(super) fn is(&self, known: &Known<U>) -> bool {
        self.somebody()
            .is_some_and(|found| std::ptr::eq(&**found, known))
    }

    pub(super) fn of(known: Arc<Known<U>>) -> Self {
        match known.pending {
            None => Self::LoggedIn(known),
            Some(_) => Self::Pending(known),
        }
    }
}

impl<U: AuthUser> Realm<U> {
    /// Finds the session of a token that this realm has signed, and its user.
    /// `remember` reads the remember cookie, where its series is looked at anyway.
    ///
    /// # Errors
    ///
    /// When the store or the loader fails. Then nothing is known, and nothing is ended.
    pub(crate) async fn open(
        self: &Arc<Self>,
        token: &Token,
        visitor: &Visitor<&HeaderValue>,
        remember: impl FnOnce() -> Option<(Token, SignedBy)>,
    ) -> Result<(Found<U>, Option<SendAgain>), LoginError> {
        let now = self.core.now(); // the request is judged by when it came
        // Each step is given what it needs: a record that stayed here would be carried
        // through all that waits.
        let record = self
            .core
            .load_at(RecordKind::Session, token.id, now)
            .await?;
        let right = record.filter(|record| record.hash.matches(token));
        let Some(admitted) =
            right.map(|record| self.admit(record, Some(visitor), Freshness::AsWritten, now))
        else {
            return Ok((Found::Nobody, None));
        };
        let Some(known) = admitted.await? else {
            return Ok((Found::Nobody, None));
        };
        let (is_alive, again) = self.touch(&known, now, remember).await?;
        Ok(match is_alive {
            true => (Found::of(known), again),
            false => (Found::Nobody, None),
        })
    }

    /// The checks of a live session whose token was right: is there a user for
    /// it, who may be logged in, with the credentials of then? Without a visitor
    /// it is not a request that asks, and no browser is compared.
    #[expect(
        clippy::manual_async_fn,
        reason = "the future of an `async fn` holds its arguments twice, and each request carries this one"
    )]
    pub(super) fn admit(
        self: &Arc<Self>,
        record: Record,
        visitor: Option<&Visitor<&HeaderValue>>,
        freshness: Freshness,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Arc<Known<U>>>, LoginError>> + Send {
        async move {
            let core = &self.core;
            let Some(Claim {
                user: id,
                index,
                auth_hash,
                info,
                forced,
                pending,
                other_device,
            }) = self.claim(&record, visitor)?
            else {
                return Ok(None);
            };
            let ends = info.ends_at();
            if now >= ends || ends > core.settings.farthest_end(now) {
                return rarely(self.end(&record, "absolute limit")).await;
            }
            if pending.is_none() && now.since(record.seen) >= core.settings.idle {
                return rarely(self.end(&record, "idle limit")).await; // of a longer one it is within
            }
            let Some(user) = self.load_user(id).await? else {
                return rarely(self.end(&record, "no such user")).await;
            };
            if !forced && !user.is_active() {
                return rarely(self.end(&record, "inactive user")).await;
            }
            if let Some(pending) = pending
                && (pending.is_used_up() || !U::Factors::is_another_asked(&user))
            {
                return Ok(None); // too many tries, or the second factor was removed: log in anew
            }
            if !self.has_credentials(&user, (id, index), &auth_hash) {
                // It opens nothing any more. It is not deleted: the request that has
                // just changed the password may be about to replace it.
                return Ok(None);
            }
            if let Some(actor) = info.shared_actor()
                && !rarely(actor.is_logged_in(core)).await?
            {
                return rarely(self.end(&record, "nobody acts any more")).await;
            }
            let info = match freshness {
                Freshness::AsWritten => info,
                Freshness::Never => info.stale(),
            };
            let mut known = self.known(user, Some(record), info, forced);
            known.pending = pending;
            match other_device {
                Some(device) => rarely(self.protect(known, device)).await,
                None => Ok(Some(Arc::new(known))),
            }
        }
    }

    /// What a record says, if this realm has written it about one of its users.
    fn claim<'a>(
        &self,
        record: &'a Record,
        visitor: Option<&Visitor<&HeaderValue>>,
    ) -> Result<Option<Claim<'a>>, LoginError> {
        let core = &self.core;
        let content = Content::decode(&record.body).map_err(|error| core.failed(error));
        let Some(login) = content?.login else {
            return Ok(None);
        };
        if login.user_tag != self.user_tag {
            tracing::error!(
                target: "portcullis", realm = core.realm(), session = %core.observed.in_log(*record.id.as_bytes()),
                "a session of another user type: give each manager a name of its own with `.realm(…)`"
            );
            return Ok(None);
        }
        // Whether it is this user's, `has_credentials` checks: `auth_hash` is bound to it.
        let Some(index) = record.user else {
            return Ok(None);
        };
        let device = visitor.map(|visitor| visitor.device(core, index));
        Ok(Some(Claim {
            user: login.user,
            index,
            auth_hash: login.auth_hash,
            info: SessionInfo::new(record, &login),
            forced: login.forced,
            pending: login.pending,
            other_device: device.filter(|device| device.is_other_than(&login.device)),
        }))
    }

    pub(super) fn known(
        self: &Arc<Self>,
        user: U,
        record: Option<Record>,
        info: SessionInfo,
        forced: bool,
    ) -> Known<U> {
        let realm = self.clone();
        Known {
            realm,
            user,
            record,
            info,
            forced,
            pending: None,
            request: None,
        }
    }

    /// The session is over: nobody is logged in, and the cookie stays untouched,
    /// for a login in another tab may have replaced it by now.
    async fn end(
        &self,
        record: &Record,
        reason: &'static str,
    ) -> Result<Option<Arc<Known<U>>>, LoginError> {
        self.core.delete(record.id).await?;
        tracing::debug!(
            target: "portcullis", realm = self.core.realm(),
            session = %self.core.observed.in_log(*record.id.as_bytes()), reason, "session ended"
        );
        self.emit_of(EventKind::SessionEnded, record);
        Ok(None)
    }

    /// Notes the use of a session, at most once a touch interval, and its first
    /// use: a session without one may never have arrived, and is shown to nobody.
    /// Answers whether it is still alive.
    pub(super) async fn touch(
        self: &Arc<Self>,
        known: &Known<U>,
        now: Timestamp,
        remember: impl FnOnce() -> Option<(Token, SignedBy)>,
    ) -> Result<(bool, Option<SendAgain>), LoginError> {
        if known.pending.is_some() {
            return Ok((true, None)); // its time is not prolonged
        }
        let core = &self.core;
        let record = known.session()?;
        let is_first_use = record.seen == record.created;
        if now.since(record.seen) < core.settings.touch_every && !is_first_use {
            return Ok((true, None));
        }
        let now = core.now(); // the loader may have taken its time
        let seen = used_at(record.created, now);
        let expires = now.plus(core.settings.idle).min(known.info.ends_at());
        let touch = Touch::new(RecordKind::Session, record.id, expires, seen, now);
        if !core.done(rarely(core.store.touch(touch)).await)? {
            return Ok((false, None));
        }
        match record.series {
            Some(series) => rarely(self.see_series(series, record.id, remember)).await,
            None => Ok((true, None)),
        }
    }
}

/// What few requests do, in a box: the others are not to carry it around.
pub(crate) fn rarely<F: Future>(future: F) -> Pin<Box<F>> {
    Box::pin(future)
}

/// When a record was used: within the second in which it began, a second later,
/// so that a use is told from none.
pub(super) fn used_at(created: Timestamp, now: Timestamp) -> Timestamp {
    now.max(created.plus(Duration::from_secs(1)))
}
