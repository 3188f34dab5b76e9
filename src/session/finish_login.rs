//! Logging in with two factors, the last step.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use crate::{
    error::{Kind, LoginError},
    event::EventKind,
    manager::{Login, Source, content::Content},
    session::{
        Fresh, IsPending, SecondFactor, Session,
        known::Known,
        remember::SeriesOf,
        second_factor::{checked, count_try, note_if_used_up},
        stranger,
        transition::{GoesOn, Kept, NewLogin, Unawaited, awaited, replace},
        visit,
    },
    store::Record,
    user::AuthUser,
};

impl<P> Session<P> {
    /// Checks the second factor and logs in. The try is counted before; after 5
    /// wrong ones the first factor is to be given again.
    ///
    /// # Example
    ///
    /// ```
    /// use axum::{Form, response::Redirect};
    /// use portcullis::{AuthUser, LoginError, Pending, SecondFactor, Session};
    /// # use portcullis::{AuthHash, Login, TwoFactors};
    /// # struct Account;
    /// # impl AuthUser for Account {
    /// #     type Id = u64;
    /// #     type Factors = TwoFactors;
    /// #     fn id(&self) -> u64 { 1 }
    /// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
    /// # }
    /// # #[derive(serde::Deserialize)] struct Code(String);
    /// # impl SecondFactor<Account> for Code {
    /// #     type Error = std::convert::Infallible;
    /// #     async fn check(self, _: &Login<Account>, _: &Account) -> Result<bool, Self::Error> { Ok(false) }
    /// # }
    ///
    /// async fn second_factor(
    ///     session: Session<Pending<Account>>,
    ///     Form(code): Form<Code>,
    /// ) -> Result<Redirect, LoginError> {
    ///     let session = session.finish_login(code).await?;
    ///     // Now `session` is a `Session<Fresh<Account>>`.
    ///     Ok(session.next_or("/"))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Awaited, it fails with a [`LoginError`] that is
    /// [`is_refused`](LoginError::is_refused) when the factor is wrong,
    /// [`is_ended`](LoginError::is_ended) after 10 minutes or 5 tries, or when it
    /// was finished in another tab, [`is_throttled`](LoginError::is_throttled)
    /// after too many failures in many logins, [`is_store`](LoginError::is_store),
    /// or the check's own.
    ///
    /// # Security
    ///
    /// Whose first factor was the remember cookie is `Fresh` for this request
    /// only: nobody gave the password.
    pub fn finish_login<U, F>(self, factor: F) -> FinishLogin<P, U>
    where
        U: AuthUser,
        P: IsPending<User = U>,
        F: SecondFactor<U> + 'static,
    {
        FinishLogin {
            known: self.proof.half_known().clone(),
            session: self,
            check: Box::new(|login, user| Box::pin(checked(login, factor, user))),
            unawaited: Unawaited::new("finish_login"),
        }
    }
}

/// The last step of a login about to happen: from [`Session::finish_login`].
#[must_use = "a login is finished when it is awaited"]
pub struct FinishLogin<P, U> {
    session: Session<P>,
    known: Arc<Known<U>>,
    check: Check<U>,
    unawaited: Unawaited,
}

/// A second factor to be checked, of whatever kind.
type Check<U> = Box<dyn for<'a> FnOnce(&'a Login<U>, &'a U) -> Checking<'a> + Send>;
type Checking<'a> = Pin<Box<dyn Future<Output = Result<bool, LoginError>> + Send + 'a>>;

impl<P, U: AuthUser> FinishLogin<P, U> {
    async fn run(self) -> Result<Session<Fresh<U>>, (LoginError, Session<P>)> {
        let Self {
            session,
            known,
            check,
            unawaited,
        } = self;
        unawaited.awaited();
        match finish(&known, session.ticket.visit, check).await {
            Ok(fresh) => Ok(session.next(fresh)),
            Err(error) => Err((error, session)),
        }
    }
}

async fn finish<U: AuthUser>(
    known: &Arc<Known<U>>,
    number: visit::Number,
    check: Check<U>,
) -> Result<Fresh<U>, LoginError> {
    let (realm, core) = (&known.realm, &known.realm.core);
    visit::check(number)?;
    let login = Login(realm.clone());
    let attempt = login.attempt_second_factor(&known.user).await?;
    let record = count_try(realm, known.session()?).await?;
    let user = still_who_it_was(known, &record).await?;
    if !check(&login, &user).await? {
        note_if_used_up(known, &record, number)?;
        return Err(Kind::Refused.into());
    }
    // The check may have taken its time.
    let user = still_who_it_was(known, &record).await?;
    attempt.succeeded().await?;
    let remember = known.pending.and_then(|pending| pending.remember);
    let restored = record.series.is_some();
    let series = match restored {
        // Whoever is under way with the cookies of before is nobody, or a thief.
        true => known.renewed_series(false).await?,
        false => SeriesOf::Another {
            ends: visit::presented_series(number, core),
            begins: core
                .settings
                .remembered_for(None, remember.map(Duration::from_secs)),
        },
    };
    let ends = core.now().plus(core.settings.absolute);
    let new = NewLogin {
        verified: (!restored).then(|| core.now()),
        second_factor: true,
        forced: false,
        source: known.info.source(),
        goes_on: restored.then(|| GoesOn {
            created: known.info.created_at(),
            ends: ends.min(series.over(core)), // nobody gave the password
        }),
        series,
        stranger: stranger(core, number).await?,
        actor: None,
        end_others: false,
    };
    let left = new.stranger.as_ref().map(|record| record.id);
    let known = replace(realm, number, Some(record), user, new, Kept::OfStranger).await?;
    if let Some(left) = left {
        core.delete(left).await.ok(); // what is left of it runs out by itself
    }
    known.emit(match known.info.source() {
        Source::RememberCookie => EventKind::UserLoadedFromCookie,
        _ => EventKind::UserLoggedIn,
    });
    Ok(Fresh::of(known))
}

/// The user as it is now: active, and with the credentials that the first
/// factor was checked against.
async fn still_who_it_was<U: AuthUser>(known: &Known<U>, record: &Record) -> Result<U, LoginError> {
    let (realm, core) = (&known.realm, &known.realm.core);
    let content = Content::decode(&record.body).map_err(|error| core.failed(error))?;
    let login = content.login.ok_or(Kind::Ended)?;
    let user = realm.load_user(login.user).await?.ok_or(Kind::Ended)?;
    if !user.is_active() {
        return Err(Kind::Inactive.into());
    }
    let who = (login.user, realm.index_of(login.user));
    match realm.has_credentials(&user, who, &login.auth_hash) {
        true => Ok(user),
        false => Err(Kind::Ended.into()),
    }
}

awaited!(finish_login, [P, U] FinishLogin<P, U>, P => Fresh<U>);
