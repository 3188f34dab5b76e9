//! Logging in with two factors, the first step.

use std::{sync::Arc, time::Duration};

use crate::{
    error::{Kind, LoginError},
    event::EventKind,
    manager::{
        CookieOf, Core, LoginId, SessionInfo, Source, Verified,
        content::{Content, LoginFacts, PendingFacts},
        settings::PENDING_FOR,
    },
    session::{
        Found, IsHalfVerified, MayLogIn, Pending, Session,
        known::Known,
        transition::{Unawaited, awaited},
        visit,
    },
    store::{Insert, Inserted, Record, RecordKind},
    token::Token,
    user::AuthUser,
};

impl<P> Session<P> {
    /// Begins the login of a user whose first factor is checked: until the second
    /// one is, the visitor is [`Pending`], for 10 minutes and 5 tries.
    ///
    /// What the app keeps for the stranger stays the stranger's until then.
    /// Options, before `.await`: [`remember`](BeginLogin::remember),
    /// [`remember_for`](BeginLogin::remember_for), which count once the login is
    /// finished, and [`or_session`](BeginLogin::or_session).
    ///
    /// # Example
    ///
    /// See [`FirstFactor`](crate::FirstFactor), which gives the `half`, and
    /// [`finish_login`](Session::finish_login).
    ///
    /// # Errors
    ///
    /// As [`login_user`](Session::login_user).
    pub fn begin_login<U: AuthUser, V>(self, half: V) -> BeginLogin<P, U>
    where
        V: IsHalfVerified<U>,
        P: MayLogIn<U>,
    {
        BeginLogin {
            core: self.proof.core().clone(),
            session: self,
            verified: half.into_half_verified().0,
            remember: None,
            remember_for: None,
            unawaited: Unawaited::new("begin_login"),
        }
    }
}

/// The first step of a login about to happen: from [`Session::begin_login`].
#[must_use = "a login begins when it is awaited"]
pub struct BeginLogin<P, U> {
    session: Session<P>,
    core: Arc<Core>,
    verified: Verified<U>,
    remember: Option<bool>,
    remember_for: Option<Duration>,
    unawaited: Unawaited,
}

impl<P, U> BeginLogin<P, U> {
    /// Remembers this browser once the login is finished: as
    /// [`LoginUser::remember`](crate::LoginUser::remember).
    pub fn remember(mut self, remember: bool) -> Self {
        self.remember = Some(remember);
        self
    }

    /// Remembers it for so long: as
    /// [`LoginUser::remember_for`](crate::LoginUser::remember_for).
    pub fn remember_for(mut self, duration: Duration) -> Self {
        self.remember_for = Some(duration);
        self
    }
}

impl<P, U: AuthUser> BeginLogin<P, U> {
    async fn run(self) -> Result<Session<Pending<U>>, (LoginError, Session<P>)> {
        let Self {
            session,
            core,
            verified,
            remember,
            remember_for,
            unawaited,
        } = self;
        unawaited.awaited();
        let remember = core.settings.remembered_for(remember, remember_for);
        let remember = remember.map(|lasts| lasts.as_secs());
        match begin(&core, session.ticket.visit, verified, remember).await {
            Ok(known) => Ok(session.next(Pending::of(known))),
            Err(error) => Err((error, session)),
        }
    }
}

async fn begin<U: AuthUser>(
    core: &Arc<Core>,
    number: visit::Number,
    verified: Verified<U>,
    remember: Option<u64>,
) -> Result<Arc<Known<U>>, LoginError> {
    verified.check(core, false, false)?;
    visit::check(number)?;
    let Verified { realm, user, .. } = verified;
    let (index, id) = realm.index(&user.id())?;
    let visitor = visit::visitor(number, core);
    let device_name = visitor.name();
    let now = core.now();
    let pending = PendingFacts { tries: 0, remember };
    let auth_hash = user.session_auth_hash().for_record(index);
    for _ in 0..MAX_TAKEN {
        let token = Token::random(Some(index.home())).map_err(|error| core.failed(error))?;
        let facts = LoginFacts {
            user: &id,
            login_id: LoginId::of(token.id),
            user_tag: realm.user_tag,
            auth_hash,
            ends: now.plus(PENDING_FOR),
            verified: Some(verified.at),
            second_factor: false,
            forced: false,
            source: Source::ByHand,
            device: visitor.device(core, index),
            device_name: &device_name,
            pending: Some(pending),
            actor: None,
        };
        let body = Content {
            login: Some(facts),
            data: Vec::new(),
        };
        let body = body.encode().map_err(|error| core.failed(error))?;
        let (kind, hash) = (RecordKind::Session, token.hash());
        let mut record = Record::new(kind, token.id, hash, facts.ends, body);
        (record.user, record.created) = (Some(index), now); // never seen: the first to go
        match core.insert(Insert::new(record.clone(), now)).await? {
            Inserted::Taken => continue,
            Inserted::Done => {}
        }
        let info = SessionInfo::new(&record, &facts);
        let mut known = realm.known(user, Some(record), info, false);
        known.pending = Some(pending);
        let known = Arc::new(known);
        let noted = visit::note(number, |notes| {
            notes.send_token(core, CookieOf::Login, &token);
            notes.change(core, Found::Pending(known.clone()));
        });
        if noted.is_none() {
            core.delete(token.id).await?; // carried away while the store worked
            return Err(Kind::Answered.into());
        }
        known.emit(EventKind::SecondFactorAsked);
        return Ok(known);
    }
    Err(core.failed("every new id was taken"))
}

/// More than any number of ids of 128 bits that are taken.
const MAX_TAKEN: usize = 8;

awaited!(begin_login, [P, U] BeginLogin<P, U>, P => Pending<U>);
