//! Tries to log in, counted before they are made.

use std::{net::IpAddr, sync::Arc, time::Duration};

use data_encoding::HEXLOWER;

use crate::{
    error::{Kind, LoginError},
    event::EventKind,
    manager::{CookieOf, Core, Counted, Limit, Login, Sent, Tally},
    secret::random,
    session::visit::{self, Number},
    token::RecordId,
    user::{AuthUser, digest, sealed::Factors as _},
};

/// A try to log in that was counted as a failure: from [`Login::attempt`].
///
/// Dropped, it stays one.
#[must_use = "without `succeeded` it counts as a failure"]
pub struct LoginAttempt {
    core: Arc<Core>,
    account: Account,
    counted: Vec<RecordId>,
    /// What a browser of this user is known by; none of a name that nobody has.
    credentials: Option<Credentials>,
    known: Option<KnownBrowser>,
    visit: Option<Number>,
    /// One of two factors is tried: a success is none yet.
    is_half: bool,
}

/// Whom somebody tries to be.
type Account = [u8; 16];

/// A digest of a user and what it logs in with.
type Credentials = [u8; 16];

/// What a request shows of who tries.
#[derive(Clone, Copy, Default)]
pub(crate) struct Caller {
    /// IPv6 by its first 64 bits.
    pub(crate) network: Option<IpAddr>,
    pub(crate) known: Option<KnownBrowser>,
}

/// A browser that has logged in to an account before. It opens nothing: its
/// failures are counted apart from those of strangers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct KnownBrowser {
    /// With new credentials it is a stranger again.
    credentials: Credentials,
    browser: [u8; 16],
}

impl<U: AuthUser> Login<U> {
    /// Counts a try to log in, before it is made: for a check of your own, as of
    /// a directory server. [`check_password`](Self::check_password) does it itself.
    ///
    /// `name` is what was typed, `found` the user of that name, if there is one.
    /// Big and small letters count alike, and so do spaces around it.
    ///
    /// # Example
    ///
    /// ```
    /// use portcullis::{AuthUser, Login, LoginError};
    ///
    /// async fn check<U: AuthUser>(login: &Login<U>, name: &str, found: Option<U>) -> Result<U, LoginError> {
    ///     let attempt = login.attempt(name, found.as_ref()).await?;
    ///     // … ask the directory server …
    ///     let user = found.ok_or_else(LoginError::refused)?;
    ///     attempt.succeeded().await;
    ///     Ok(user) // to be vouched for
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`is_throttled`](LoginError::is_throttled) when there were too many
    /// failures: see [`Throttle`](crate::Throttle). It does not tell whether the
    /// account exists. [`is_store`](LoginError::is_store) when they can't be counted.
    pub async fn attempt(&self, name: &str, found: Option<&U>) -> Result<LoginAttempt, LoginError> {
        match self.try_first_factor(name, found).await? {
            Tried::Counted(attempt) => Ok(attempt),
            Tried::InVain => Err(Kind::Refused.into()),
        }
    }

    pub(super) async fn try_first_factor(
        &self,
        name: &str,
        found: Option<&U>,
    ) -> Result<Tried, LoginError> {
        let core = &self.0.core;
        let name = name.trim().to_lowercase();
        let parts: [&[u8]; 4] = [
            b"name",
            core.realm().as_bytes(),
            &self.0.user_tag,
            name.as_bytes(),
        ];
        let name = digest(&parts);
        let caller = visit::caller(core);
        let mut attempt = LoginAttempt::new(core, name, caller);
        if let Some(user) = found {
            attempt.be(user)?;
            attempt.is_half = U::Factors::is_another_asked(user);
        }
        match attempt.count_first_factor(&name, caller.network).await {
            Ok(true) => Ok(Tried::Counted(attempt)),
            Ok(false) => Ok(Tried::InVain),
            Err(error) => Err(attempt.turn_away(error).await),
        }
    }

    /// The same for the second factor of a user whose first one is checked.
    pub(super) async fn attempt_second_factor(&self, user: &U) -> Result<LoginAttempt, LoginError> {
        let core = &self.0.core;
        let mut attempt = LoginAttempt::new(core, [0; 16], visit::caller(core));
        attempt.be(user)?;
        match attempt.count_second_factor().await {
            Ok(()) => Ok(attempt),
            Err(error) => Err(attempt.turn_away(error).await),
        }
    }
}

impl LoginAttempt {
    fn new(core: &Arc<Core>, account: Account, caller: Caller) -> Self {
        Self {
            core: core.clone(),
            account,
            counted: Vec::new(),
            credentials: None,
            known: caller.known,
            visit: visit::running(core),
            is_half: false,
        }
    }

    /// Somebody tries to be this user, whose browsers are known by its credentials.
    pub(super) fn be<U: AuthUser>(&mut self, user: &U) -> Result<(), LoginError> {
        let core = &self.core;
        let (index, id) = core.index::<U>(&user.id())?;
        self.account = digest(&[b"account", index.as_bytes()]);
        let auth_hash = user.session_auth_hash().for_record(core.realm(), &id);
        self.credentials = Some(digest(&[b"known", index.as_bytes(), &auth_hash]));
        Ok(())
    }

    /// The browser, if it has logged in to this account with these credentials.
    fn known(&self) -> Option<[u8; 16]> {
        let known = self
            .known
            .filter(|known| Some(known.credentials) == self.credentials);
        known.map(|known| known.browser)
    }

    /// The login succeeded: it was no failure. The browser is known from now on,
    /// by a cookie that opens nothing; where a second factor is asked for, once
    /// that is checked.
    pub async fn succeeded(self) {
        for counted in &self.counted {
            // What fails here was logged, and one failure too many is counted.
            let _ = self.core.take_back(*counted).await;
        }
        if !self.is_half {
            self.know_the_browser();
        }
    }

    /// Tells the browser that it has logged in with these credentials, from now
    /// on for as long again.
    fn know_the_browser(&self) {
        let (Some(visit), Some(credentials)) = (self.visit, self.credentials) else {
            return;
        };
        let Some(browser) = self.known().or_else(|| random::<16>().ok()) else {
            return;
        };
        let known = KnownBrowser {
            credentials,
            browser,
        };
        let core = &self.core;
        visit::note(visit, |notes| {
            if let Some(sent) = known.carried(core) {
                notes.set_cookie(core, CookieOf::Known, sent);
            }
        });
    }

    /// One more of a browser that is known, or else of a name and a network.
    ///
    /// Over the limit of the name everybody is told. What one account gets under
    /// several names is counted too, and nobody is told, for that would tell that
    /// there is an account: the answer is that it is tried in vain.
    async fn count_first_factor(
        &mut self,
        name: &Account,
        network: Option<IpAddr>,
    ) -> Result<bool, LoginError> {
        let (throttle, account) = (self.core.settings.throttle.clone(), self.account);
        if let Some(browser) = self.known() {
            let here = throttle.per_account_here;
            let of_browser = self.count("browser", &[&account, &browser], here).await;
            let counted = match of_browser {
                Ok(()) => {
                    let all = throttle.per_account;
                    self.count("known browsers", &[&account], all).await
                }
                error => error,
            };
            match counted {
                // Its limit is used up: it may be a stolen one, so it is a stranger.
                Err(error) if error.is_throttled() => self.take_all_back().await,
                counted => return counted.map(|()| true),
            }
        }
        if let Some(network) = network.map(|network| network.to_string()) {
            let network = network.as_bytes();
            let here = throttle.per_account_here;
            self.count("network", &[network], throttle.per_network)
                .await?;
            self.count("account here", &[name, network], here).await?;
        }
        self.count("name", &[name], throttle.per_account).await?;
        // For a name that nobody has as well, so that both take as long.
        match self
            .count("account", &[&account], throttle.per_account)
            .await
        {
            Err(error) if error.is_throttled() => Ok(false),
            counted => counted.map(|()| true),
        }
    }

    /// One more of a browser that is known, or else of an account.
    async fn count_second_factor(&mut self) -> Result<(), LoginError> {
        let (limit, account) = (self.core.settings.throttle.second_factor, self.account);
        let Some(browser) = self.known() else {
            return self.count("second factor", &[&account], limit).await;
        };
        self.count("second factor of known browsers", &[&account], limit)
            .await?;
        let parts: [&[u8]; 2] = [&account, &browser];
        self.count("second factor of a browser", &parts, limit)
            .await
    }

    async fn count(&mut self, what: &str, parts: &[&[u8]], limit: Limit) -> Result<(), LoginError> {
        let tally = Tally::of(&self.core, what, parts);
        match self.core.count(tally, limit).await? {
            Counted::In(counted) => {
                self.counted.push(counted);
                Ok(())
            }
            Counted::Over(retry_after) => Err(Kind::Throttled { retry_after }.into()),
        }
    }

    async fn take_all_back(&mut self) {
        for counted in std::mem::take(&mut self.counted) {
            let _ = self.core.take_back(counted).await;
        }
    }

    /// It is not made, so it does not count.
    async fn turn_away(mut self, error: LoginError) -> LoginError {
        self.take_all_back().await;
        if error.is_throttled() {
            self.core.emit(EventKind::LoginThrottled);
        }
        error
    }
}

impl KnownBrowser {
    /// The credentials and the browser, as a cookie carries them.
    pub(crate) fn carried(self, core: &Core) -> Option<Sent> {
        let text = format!(
            "{}{}",
            HEXLOWER.encode(&self.credentials),
            HEXLOWER.encode(&self.browser)
        );
        core.carry_for(CookieOf::Known, &text, KNOWN_FOR)
    }

    pub(crate) fn read(text: &str) -> Option<Self> {
        let bytes: [u8; 32] = HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()?;
        let mut known = Self {
            credentials: [0; 16],
            browser: [0; 16],
        };
        known.credentials.copy_from_slice(&bytes[..16]);
        known.browser.copy_from_slice(&bytes[16..]);
        Some(known)
    }
}

/// The answer of [`Login::try_first_factor`].
pub(super) enum Tried {
    Counted(LoginAttempt),
    /// It is refused whatever comes of it, as if nobody had the name.
    InVain,
}

impl std::fmt::Debug for LoginAttempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LoginAttempt")
    }
}

/// How long a browser is known that does not log in.
const KNOWN_FOR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
