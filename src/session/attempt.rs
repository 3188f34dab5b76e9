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
    user::{AuthUser, digest},
};

/// A try to log in that was counted as a failure: from [`Login::attempt`].
///
/// Dropped, it stays one.
#[must_use = "without `succeeded` it counts as a failure"]
pub struct LoginAttempt {
    core: Arc<Core>,
    account: Account,
    counted: Vec<RecordId>,
    known: Option<KnownBrowser>,
    visit: Option<Number>,
}

/// Whom somebody tries to be.
type Account = [u8; 16];

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
    account: Account,
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
        let core = &self.0.core;
        let account = match found {
            Some(user) => account_of(core, user)?,
            None => {
                let name = name.trim().to_lowercase();
                let parts: [&[u8]; 4] = [
                    b"name",
                    core.realm().as_bytes(),
                    &self.0.user_tag,
                    name.as_bytes(),
                ];
                digest(&parts)
            }
        };
        let caller = visit::caller(core);
        let mut attempt = LoginAttempt::new(core, account, caller);
        match attempt.count_first_factor(caller.network).await {
            Ok(()) => Ok(attempt),
            Err(error) => Err(attempt.turn_away(error).await),
        }
    }

    /// The same for the second factor of a user whose first one is checked.
    pub(super) async fn attempt_second_factor(&self, user: &U) -> Result<LoginAttempt, LoginError> {
        let core = &self.0.core;
        let account = account_of(core, user)?;
        let mut attempt = LoginAttempt::new(core, account, visit::caller(core));
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
            known: caller.known.filter(|known| known.account == account),
            visit: visit::running(core),
        }
    }

    /// The login succeeded: it was no failure. The browser is known from now on,
    /// by a cookie that opens nothing.
    pub async fn succeeded(self) {
        for counted in &self.counted {
            // What fails here was logged, and one failure too many is counted.
            let _ = self.core.take_back(*counted).await;
        }
        self.know_the_browser();
    }

    /// Tells the browser that it has logged in to this account.
    fn know_the_browser(&self) {
        let (Some(visit), None, Ok(browser)) = (self.visit, self.known, random::<16>()) else {
            return;
        };
        let known = KnownBrowser {
            account: self.account,
            browser,
        };
        let core = &self.core;
        visit::note(visit, |notes| {
            if let Some(sent) = known.carried(core) {
                notes.set_cookie(core, CookieOf::Known, sent);
            }
        });
    }

    /// One more of a browser that is known, or else of an account and a network.
    async fn count_first_factor(&mut self, network: Option<IpAddr>) -> Result<(), LoginError> {
        let (throttle, account) = (self.core.settings.throttle.clone(), self.account);
        if let Some(KnownBrowser { browser, .. }) = self.known {
            let limit = throttle.per_account_here;
            match self.count("browser", &[&account, &browser], limit).await {
                // Its limit is used up: it may be a stolen one, so it is a stranger.
                Err(error) if error.is_throttled() => {}
                counted => return counted,
            }
        }
        if let Some(network) = network.map(|network| network.to_string()) {
            let network = network.as_bytes();
            let here = throttle.per_account_here;
            self.count("network", &[network], throttle.per_network)
                .await?;
            self.count("account here", &[&account, network], here)
                .await?;
        }
        self.count("account", &[&account], throttle.per_account)
            .await
    }

    /// One more of a browser that is known, or else of an account.
    async fn count_second_factor(&mut self) -> Result<(), LoginError> {
        let (limit, account) = (self.core.settings.throttle.second_factor, self.account);
        match self.known {
            Some(KnownBrowser { browser, .. }) => {
                let parts: [&[u8]; 2] = [&account, &browser];
                self.count("second factor of a browser", &parts, limit)
                    .await
            }
            None => self.count("second factor", &[&account], limit).await,
        }
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

    /// It is not made, so it does not count.
    async fn turn_away(self, error: LoginError) -> LoginError {
        for counted in &self.counted {
            let _ = self.core.take_back(*counted).await;
        }
        if error.is_throttled() {
            self.core.emit(EventKind::LoginThrottled);
        }
        error
    }
}

impl KnownBrowser {
    /// The account and the browser, as a cookie carries them.
    pub(crate) fn carried(self, core: &Core) -> Option<Sent> {
        let text = format!(
            "{}{}",
            HEXLOWER.encode(&self.account),
            HEXLOWER.encode(&self.browser)
        );
        core.carry_for(CookieOf::Known, &text, KNOWN_FOR)
    }

    pub(crate) fn read(text: &str) -> Option<Self> {
        let bytes: [u8; 32] = HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()?;
        let mut known = Self {
            account: [0; 16],
            browser: [0; 16],
        };
        known.account.copy_from_slice(&bytes[..16]);
        known.browser.copy_from_slice(&bytes[16..]);
        Some(known)
    }
}

fn account_of<U: AuthUser>(core: &Core, user: &U) -> Result<Account, LoginError> {
    let (index, _) = core.index::<U>(&user.id())?;
    Ok(digest(&[b"account", index.as_bytes()]))
}

impl std::fmt::Debug for LoginAttempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LoginAttempt")
    }
}

/// How long a browser is known that does not log in.
const KNOWN_FOR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
