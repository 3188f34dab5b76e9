//! Checking a password, and making the hash of a new one.

use std::{fmt, future::Future, pin::Pin};

use crate::{
    error::{Kind, LoginError},
    manager::{KeptFor, Login, Proved, Queued},
    password::{Fits, HasPassword, Password},
    session::{LoginAttempt, known_browser::Caller, visit},
    user::AuthUser,
};

impl<U: AuthUser> Login<U> {
    /// Checks a password: `name` is what was typed, `found` the user of that
    /// name, if there is one. Tries are [counted](crate::Throttle) before.
    ///
    /// Whether nobody has the name, the user has no password, is not
    /// [active](AuthUser::is_active) or the password is wrong, one hash is
    /// computed and the answer is the same. The user is loaded once more after it: a
    /// password that was changed meanwhile is checked again, against the new one.
    ///
    /// # Example
    ///
    /// ```
    /// use axum::{Form, response::Redirect};
    /// use portcullis::{Anonymous, HasPassword, Login, LoginError, Password, Session};
    /// # use portcullis::{AuthHash, AuthUser, OneFactor};
    /// # struct Account { id: u64, hash: String }
    /// # impl AuthUser for Account {
    /// #     type Id = u64;
    /// #     type Factors = OneFactor;
    /// #     fn id(&self) -> u64 { self.id }
    /// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::of(&self.hash) }
    /// # }
    /// # async fn find(_email: &str) -> Option<Account> { None }
    ///
    /// impl HasPassword for Account {
    ///     fn password_hash(&self) -> Option<&str> {
    ///         Some(&self.hash)
    ///     }
    /// }
    ///
    /// #[derive(serde::Deserialize)]
    /// struct LoginForm { email: String, password: Password }
    ///
    /// async fn log_in(
    ///     session: Session<Anonymous>,
    ///     login: Login<Account>,
    ///     Form(form): Form<LoginForm>,
    /// ) -> Result<Redirect, LoginError> {
    ///     let found = find(&form.email).await;
    ///     let verified = login.check_password(&form.email, found, &form.password).await?;
    ///     Ok(session.login_user(verified).await?.next_or("/"))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Awaited, it fails with a [`LoginError`] that is
    /// [`is_refused`](LoginError::is_refused) or
    /// [`is_inactive`](LoginError::is_inactive), which answer alike;
    /// [`is_throttled`](LoginError::is_throttled) after too many failures,
    /// [`is_busy`](LoginError::is_busy) when too many others wait, and
    /// [`is_store`](LoginError::is_store). Only the first two have cost a hash.
    ///
    /// # Security
    ///
    /// The request's network counts, and the browser's being known, in a handler
    /// that takes `Anonymous` or a `Session`, and in one that asks who is logged in
    /// at all, if it does not answer GET. In others only the account is counted.
    ///
    /// A hash that [was imported](crate::Builder::password_upgrade) takes another
    /// time than ours until its user has logged in once.
    pub fn check_password<'a>(
        &'a self,
        name: &'a str,
        found: Option<U>,
        password: &'a Password,
    ) -> CheckPassword<'a, U>
    where
        U: HasPassword,
    {
        CheckPassword {
            login: self,
            name,
            hash_of: U::password_hash,
            found,
            password,
        }
    }

    /// The hash of a new password, to be kept in the database: a PHC string of
    /// Argon2id, some 100 bytes.
    ///
    /// # Example
    ///
    /// ```
    /// use portcullis::{HasPassword, Login, LoginError, Password};
    ///
    /// async fn sign_up<U: HasPassword>(login: &Login<U>, password: &Password) -> Result<(), LoginError> {
    ///     let hash = login.hash_password(password).await?;
    ///     println!("INSERT INTO accounts … {hash}");
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`is_unfit_password`](LoginError::is_unfit_password) when it is shorter than
    /// [`min_password_chars`](crate::Builder::min_password_chars) or longer than
    /// [`Password::MAX_BYTES`], or on the
    /// [blocklist](crate::Builder::password_blocklist), and [`is_busy`](LoginError::is_busy).
    pub async fn hash_password(&self, password: &Password) -> Result<String, LoginError> {
        let core = &self.0.core;
        self.password_fits(password)?;
        let Caller { network, known, .. } = visit::caller(core);
        let kept_for = known.map(|_| KeptFor::NewPassword);
        let place = core.hashing.place(network, kept_for)?;
        place.compute(password).await
    }

    /// Is this one that may be a user's password? Without work: for a form that
    /// has something else to check before it calls [`hash_password`](Self::hash_password).
    ///
    /// # Errors
    ///
    /// [`is_unfit_password`](LoginError::is_unfit_password).
    pub fn password_fits(&self, password: &Password) -> Result<(), LoginError> {
        let settings = &self.0.core.settings;
        let is_long_enough = password.chars() >= settings.min_password_chars;
        if !is_long_enough || !password.fits() {
            return Err(Kind::UnfitPassword.into());
        }
        match &settings.password_blocklist {
            Some(list) if list.has(password) => Err(Kind::ListedPassword.into()),
            _ => Ok(()),
        }
    }
}

/// A check of a password about to happen: from [`Login::check_password`].
#[must_use = "a password is checked when it is awaited"]
pub struct CheckPassword<'a, U> {
    login: &'a Login<U>,
    name: &'a str,
    found: Option<U>,
    hash_of: fn(&U) -> Option<&str>,
    password: &'a Password,
}

impl<U: AuthUser> CheckPassword<'_, U> {
    async fn run(self) -> Result<Proved<U>, LoginError> {
        if !self.password.fits() {
            return Err(Kind::Refused.into());
        }
        let (login, found) = (self.login, self.found.as_ref());
        let mut attempt = login.first_factor(self.name, found)?;
        let place = attempt.place()?;
        attempt.count_first_factor().await?;
        match self.check(&attempt, place).await {
            Ok(user) => {
                attempt.succeeded().await?;
                Ok(login.vouch_for(user))
            }
            Err(error) => {
                attempt.undecided(&error).await;
                Err(error)
            }
        }
    }

    /// The user as it is once its password was right.
    async fn check(self, attempt: &LoginAttempt, place: Queued) -> Result<U, LoginError> {
        let Self {
            login,
            name: _,
            found,
            hash_of,
            password,
        } = self;
        let core = &login.0.core;
        let mut place = Some(place);
        let mut user = found.filter(|_| !attempt.is_in_vain());
        for _ in 0..MAX_ROUNDS {
            let hash = user.as_ref().and_then(hash_of).map(str::to_owned);
            let first = place.take();
            let place = first.map_or_else(|| attempt.place(), Ok)?;
            let fits = place.verify(password, hash.as_deref()).await?;
            drop(place); // who waits for the database is in nobody's way
            let checked = user.filter(|_| fits != Fits::No).ok_or(Kind::Refused)?;
            // That took its time: is it still the password, of somebody who may log in?
            let now = load_again(login, &checked).await?;
            if hash_of(&now) != hash.as_deref() {
                user = Some(now);
                continue;
            }
            if !now.is_active() {
                return Err(Kind::Inactive.into());
            }
            let saved = match (fits, &login.0.finders.upgrade) {
                (Fits::YesOutdated, Some(save)) => match attempt.place() {
                    Ok(place) => {
                        let hash = place.compute(password).await?;
                        drop(place);
                        let saved = save.save(now, hash).await;
                        saved.map_err(|error| core.loader_failed(error))?
                    }
                    Err(_) => Some(now), // too busy: the next login is as good
                },
                _ => Some(now),
            };
            match saved {
                Some(saved) => return Ok(saved),
                // Another request was faster, with this password or with a new one.
                None => user = Some(load_again(login, &checked).await?),
            }
        }
        Err(Kind::Refused.into())
    }
}

async fn load_again<U: AuthUser>(login: &Login<U>, user: &U) -> Result<U, LoginError> {
    let (_, id) = login.0.index(&user.id())?;
    let user = login.0.load_user(&id).await?;
    let user = user.filter(|user| login.0.is_of(user, &id));
    user.ok_or_else(|| Kind::Refused.into())
}

impl<'a, U: AuthUser> IntoFuture for CheckPassword<'a, U> {
    type Output = Result<Proved<U>, LoginError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<U> fmt::Debug for CheckPassword<'_, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CheckPassword")
    }
}

/// How often a password is checked that changes while it is.
const MAX_ROUNDS: usize = 3;
