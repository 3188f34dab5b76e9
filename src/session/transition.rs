//! What all transitions share: they replace a record, then the cookie.

use std::sync::Arc;

use crate::{
    actor::Actor,
    clock::Timestamp,
    error::{Kind, LoginError},
    manager::{
        CookieOf, Core, LoginId, Realm, SessionInfo, Source,
        content::{Content, Entry, LoginFacts},
        settings::ACTS_FOR,
    },
    session::{
        Found, Session,
        known::Known,
        known_browser::{Credentials, credentials},
        open::used_at,
        remember::{RememberCookie, SeriesOf},
        visit,
    },
    store::{End, Insert, Inserted, Record, RecordKind, Rotate, Swap},
    token::Token,
    user::AuthUser,
};

/// A transition that gives the session back when it fails: from `.or_session()`.
///
/// Awaited, it gives `Result<Session<Next>, (LoginError, Session<Before>)>`.
///
/// # Example
///
/// ```
/// use portcullis::{Anonymous, AuthUser, LoginError, Session, Verified};
///
/// async fn log_in<U: AuthUser>(
///     session: Session<Anonymous>,
///     verified: Verified<U>,
///     and_if_not: Verified<U>,
/// ) -> Result<(), LoginError> {
///     match session.login_user(verified).or_session().await {
///         Ok(_) => Ok(()),
///         Err((error, session)) if error.is_inactive() => {
///             session.login_user(and_if_not).await.map(drop)
///         }
///         Err((error, _)) => Err(error),
///     }
/// }
/// ```
#[must_use = "a transition takes effect when it is awaited"]
#[derive(Debug)]
pub struct OrSession<T>(pub(super) T);

/// `IntoFuture` and `.or_session()` for a transition whose `run` gives the
/// error beside the session it started from.
macro_rules! awaited {
    ($name:ident, [$p:ident, $u:ident] $transition:ty, $before:ty => $after:ty) => {
        impl<$p: Send + 'static, $u: crate::user::AuthUser> std::future::IntoFuture
            for $transition
        {
            type Output = Result<crate::session::Session<$after>, crate::error::LoginError>;
            type IntoFuture = std::pin::Pin<Box<dyn Future<Output = Self::Output> + Send>>;

            fn into_future(self) -> Self::IntoFuture {
                let run = async move { self.run().await.map_err(|(error, _)| error) };
                let span = tracing::debug_span!(target: "portcullis", stringify!($name));
                Box::pin(tracing::Instrument::instrument(run, span))
            }
        }

        impl<$p: Send + 'static, $u: crate::user::AuthUser> std::future::IntoFuture
            for crate::session::OrSession<$transition>
        {
            type Output = Result<
                crate::session::Session<$after>,
                (crate::error::LoginError, crate::session::Session<$before>),
            >;
            type IntoFuture = std::pin::Pin<Box<dyn Future<Output = Self::Output> + Send>>;

            fn into_future(self) -> Self::IntoFuture {
                let span = tracing::debug_span!(target: "portcullis", stringify!($name));
                Box::pin(tracing::Instrument::instrument(self.0.run(), span))
            }
        }

        impl<$p, $u> $transition {
            /// Gives the session back beside the error, for a handler that goes on with it.
            pub fn or_session(self) -> crate::session::OrSession<Self> {
                crate::session::OrSession(self)
            }
        }

        impl<$p, $u> std::fmt::Debug for $transition {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    };
}
pub(super) use awaited;

/// Tells of a transition that was made and dropped instead of awaited.
#[derive(Debug)]
pub(super) struct Unawaited(Option<&'static str>);

impl Unawaited {
    pub(super) fn new(transition: &'static str) -> Self {
        Self(Some(transition))
    }

    pub(super) fn awaited(mut self) {
        self.0 = None;
    }
}

impl Drop for Unawaited {
    fn drop(&mut self) {
        if let Some(transition) = self.0 {
            tracing::warn!(target: "portcullis", transition, "a transition was dropped before it was awaited: nothing has changed");
        }
    }
}

/// The login that a new record is to hold.
pub(super) struct NewLogin {
    pub(super) verified: Option<Timestamp>,
    pub(super) second_factor: bool,
    pub(super) forced: bool,
    pub(super) source: Source,
    pub(super) series: SeriesOf,
    /// The login that goes on; a new one begins now.
    pub(super) goes_on: Option<GoesOn>,
    /// Whose data is kept as [`Kept::OfStranger`] says.
    pub(super) stranger: Option<Record>,
    /// Who acts for the user.
    pub(super) actor: Option<Arc<Actor>>,
    pub(super) end_others: bool,
}

/// What stays of a login that goes on under another session id.
pub(super) struct GoesOn {
    pub(super) created: Timestamp,
    pub(super) ends: Timestamp,
}

/// What comes of the app's data, and of a step whose old record is gone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// A stranger logs in: what says so is kept. A stranger whose record is
    /// gone logs in without its data.
    WhatSaysSo,
    /// A pending user logs in: what says so of what is the stranger's is kept.
    /// Whose record is gone has been too slow.
    OfStranger,
    /// The same user goes on. Whose record is gone has been logged out.
    All,
    /// Somebody else goes on. Whose record is gone has been logged out.
    Nothing,
}

/// Puts a login of `user` in the place of `old`, in one step of the store, and
/// sends its cookie.
///
/// # Errors
///
/// When the store fails or the old record is gone; nothing has changed then.
#[expect(
    clippy::manual_async_fn,
    reason = "the future of an `async fn` holds its arguments twice"
)]
pub(super) fn replace<U: AuthUser>(
    realm: &Arc<Realm<U>>,
    number: visit::Number,
    mut old: Option<Record>,
    user: U,
    login: NewLogin,
    data: Kept,
) -> impl Future<Output = Result<Arc<Known<U>>, LoginError>> + Send {
    async move {
        let core = &realm.core;
        visit::check(number)?;
        let (index, id) = realm.index(&user.id())?;
        let auth_hash = user.session_auth_hash().for_record(index);
        let visitor = visit::visitor(number, core);
        let (device, device_name) = (visitor.device(core, index), visitor.name());
        let login_id = match old.as_ref().filter(|_| login.goes_on.is_some()) {
            Some(old) => Content::login_id(&old.body),
            None => None,
        };
        for _ in 0..MAX_CONFLICTS {
            let now = core.now();
            let (created, seen, ends) = match &login.goes_on {
                Some(login) => (login.created, used_at(login.created, now), login.ends),
                None if login.actor.is_some() => (now, now, now.plus(ACTS_FOR)),
                None => (now, now, now.plus(core.settings.absolute)),
            };
            let token = Token::random(Some(index.home())).map_err(|error| core.failed(error))?;
            let facts = LoginFacts {
                user: &id,
                login_id: login_id.unwrap_or_else(|| LoginId::of(token.id)),
                user_tag: realm.user_tag,
                auth_hash,
                ends,
                verified: login.verified,
                second_factor: login.second_factor,
                forced: login.forced,
                source: login.source,
                device,
                device_name: &device_name,
                pending: None,
                actor: login.actor.as_ref().map(|actor| actor.facts()),
            };
            let data_of = match data {
                Kept::OfStranger => login.stranger.as_ref(),
                _ => old.as_ref(),
            };
            let body = body(core, data_of, facts, data)?;
            let expires = now.plus(core.settings.idle).min(ends);
            let mut record =
                Record::new(RecordKind::Session, token.id, token.hash(), expires, body);
            record.user = Some(index);
            record.created = created;
            record.seen = seen;
            let series = login.series.begin(core, index, &facts, token.id)?;
            record.series = match (&login.series, &series) {
                (SeriesOf::TheOld, _) => old.as_ref().and_then(|old| old.series),
                (_, series) => series.as_ref().map(|series| series.record.id),
            };
            let begun = series.as_ref().map(|series| series.record.clone());
            let swap = match &old {
                Some(old) => {
                    let mut rotate = Rotate::new(old.id, old.version, record.clone(), now);
                    rotate.at_most = Some(core.settings.max_sessions_per_user);
                    rotate.end_others = login.end_others;
                    (rotate.series, rotate.ends_series) = (begun, login.series.ends());
                    core.done(core.store.rotate(rotate).await)?
                }
                None => {
                    let mut insert = Insert::new(record.clone(), now);
                    insert.at_most = Some(core.settings.max_sessions_per_user);
                    (insert.series, insert.ends_series) = (begun, login.series.ends());
                    match core.insert(insert).await? {
                        Inserted::Done => Swap::Done,
                        Inserted::Taken => Swap::Conflict,
                    }
                }
            };
            // From here to the end nothing waits, so nothing can come between.
            match swap {
                Swap::Done => {
                    let info = SessionInfo::new(&record, &facts);
                    let forced = login.forced;
                    let known = Arc::new(realm.known(user, Some(record), info, forced));
                    let remember = login.series.cookie(series);
                    let credentials = || credentials(index, &auth_hash);
                    return announce(number, token, remember, known, credentials).await;
                }
                Swap::Gone if data == Kept::WhatSaysSo => old = None,
                Swap::Gone => return Err(visit::ended(number, core)),
                // Data was written meanwhile: once more, with what it says now.
                Swap::Conflict => old = reload(core, old, data, number).await?,
            }
        }
        Err(core.failed("the session was written to all the time"))
    }
}

/// Sends the cookie of a new session. If the answer that could carry it is
/// gone, because the future was carried away while the store worked, the
/// session is ended: nobody could use it.
async fn announce<U: AuthUser>(
    number: visit::Number,
    token: Token,
    remember: RememberCookie,
    known: Arc<Known<U>>,
    credentials: impl FnOnce() -> Credentials,
) -> Result<Arc<Known<U>>, LoginError> {
    let core = &known.realm.core;
    let noted = visit::note(number, |notes| {
        notes.send_token(core, CookieOf::Login, &token);
        remember.note(core, notes);
        notes.private = true;
        notes.change(core, Found::LoggedIn(known.clone()));
        notes.leave_stranger(core);
        notes.forget_the_way(core);
        if known.info.actor().is_none() {
            notes.know_the_browser(core, credentials);
        }
    });
    if noted.is_none() {
        let mut end = End::new();
        end.session = known.info.id();
        end.series = remember.begun();
        core.done(core.store.end(end).await)?;
        return Err(Kind::Answered.into());
    }
    Ok(known)
}

async fn reload(
    core: &Arc<Core>,
    old: Option<Record>,
    data: Kept,
    number: visit::Number,
) -> Result<Option<Record>, LoginError> {
    let Some(old) = old else { return Ok(None) };
    match core.load(old.id).await? {
        None if data != Kept::WhatSaysSo => Err(visit::ended(number, core)),
        record => Ok(record),
    }
}

pub(super) fn body(
    core: &Core,
    old: Option<&Record>,
    login: LoginFacts<'_>,
    data: Kept,
) -> Result<Arc<[u8]>, LoginError> {
    let old = old
        .map(|old| Content::decode(&old.body))
        .transpose()
        .map_err(|error| core.failed(error))?;
    let mut kept: Vec<Entry<'_>> = old.map(|old| old.data).unwrap_or_default();
    match data {
        Kept::WhatSaysSo | Kept::OfStranger => kept.retain(|entry| entry.keep_at_login),
        Kept::All => {}
        Kept::Nothing => kept.clear(),
    }
    Content {
        login: Some(login),
        data: kept,
    }
    .encode()
    .map_err(|error| core.failed(error))
}

impl<P> Session<P> {
    /// The same request's session in its next state.
    pub(super) fn next<Q>(self, proof: Q) -> Session<Q> {
        Session {
            proof,
            ticket: self.ticket,
        }
    }
}

/// More than any number of tabs that write at once.
const MAX_CONFLICTS: usize = 256;
