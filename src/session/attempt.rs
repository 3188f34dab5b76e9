//! Tries to log in, counted before they are made.

use std::{fmt, net::IpAddr, sync::Arc};

#[cfg(feature = "password")]
use crate::manager::{KeptFor, Queued};
use crate::{
    error::{Kind, LoginError},
    event::{About, EventKind},
    manager::{Core, Counted, Limit, Login, Realm, Tally},
    session::{
        known_browser::{Caller, Credentials, KnownBrowser, credentials},
        visit::{self, Number},
    },
    token::RecordId,
    user::{AuthUser, digest},
};

/// A try to log in that was counted as a failure: from [`Login::attempt`].
///
/// Dropped, it stays one.
#[must_use = "without `succeeded` it counts as a failure"]
pub struct LoginAttempt {
    core: Arc<Core>,
    /// The name that was typed.
    name: [u8; 16],
    /// Whose name it is; of a name that nobody has, the name once more.
    account: [u8; 16],
    credentials: Credentials,
    network: Option<IpAddr>,
    /// The browser, if it has logged in to this account with these credentials.
    known: Option<KnownBrowser>,
    counted: Vec<RecordId>,
    /// The account has had its share of tries under other names.
    is_in_vain: bool,
    visit: Option<Number>,
    factor: &'static str,
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
    ///     attempt.succeeded().await?;
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
        let mut attempt = self.first_factor(name, found)?;
        attempt.count_first_factor().await?;
        Ok(attempt)
    }

    /// A try of the first factor that is not counted yet.
    pub(super) fn first_factor(
        &self,
        name: &str,
        found: Option<&U>,
    ) -> Result<LoginAttempt, LoginError> {
        let (core, name) = (&self.0.core, name.trim().to_lowercase());
        let parts: [&[u8]; 4] = [
            b"name",
            core.realm().as_bytes(),
            &self.0.user_tag,
            name.as_bytes(),
        ];
        LoginAttempt::of(&self.0, digest(&parts), found)
    }

    /// A try of the second factor of a user whose first one is checked.
    pub(super) async fn attempt_second_factor(&self, user: &U) -> Result<LoginAttempt, LoginError> {
        let mut attempt = LoginAttempt::of(&self.0, [0; 16], Some(user))?;
        attempt.factor = "second";
        attempt.count_second_factor().await?;
        Ok(attempt)
    }
}

impl LoginAttempt {
    fn of<U: AuthUser>(
        realm: &Arc<Realm<U>>,
        name: [u8; 16],
        found: Option<&U>,
    ) -> Result<Self, LoginError> {
        let core = &realm.core;
        let Caller { network, known, .. } = visit::caller(core);
        let (account, credentials) = match found {
            None => (name, [0; 16]),
            Some(user) => {
                let (index, _) = realm.index(&user.id())?;
                let auth_hash = user.session_auth_hash().for_record(index);
                let account = index.account();
                (account, credentials(index, &auth_hash))
            }
        };
        Ok(Self {
            core: core.clone(),
            name,
            account,
            credentials,
            network,
            known: known.filter(|known| known.is_with(core, credentials)),
            counted: Vec::new(),
            is_in_vain: false,
            visit: visit::running(core),
            factor: "first",
        })
    }

    /// The login succeeded: it was no failure. Its browser is known from now on,
    /// by a cookie that opens nothing, once the login is complete.
    ///
    /// # Errors
    ///
    /// [`is_refused`](LoginError::is_refused) when this account was tried too often
    /// under several spellings of its name. It looks like a wrong password, for
    /// anything else would tell that there is such an account.
    pub async fn succeeded(mut self) -> Result<(), LoginError> {
        if self.is_in_vain {
            return Err(Kind::Refused.into());
        }
        self.take_back().await;
        if let Some(visit) = self.visit {
            visit::note(visit, |notes| notes.see_check(&self.core));
        }
        Ok(())
    }

    /// A store or a loader failed, and nobody knows whether the password was right: it
    /// does not count. Where a check of the app's fails it does, for who knows what
    /// that takes for a failure.
    #[cfg(feature = "password")]
    pub(super) async fn undecided(mut self, error: &LoginError) {
        if !(error.is_refused() || error.is_inactive() || error.is_ended()) {
            self.take_back().await;
        }
    }

    /// Whatever comes of it, it is refused.
    #[cfg(feature = "password")]
    pub(super) fn is_in_vain(&self) -> bool {
        self.is_in_vain
    }

    /// A place in the queue for hashes.
    ///
    /// # Errors
    ///
    /// [`Kind::Busy`].
    #[cfg(feature = "password")]
    pub(super) fn place(&self) -> Result<Queued, LoginError> {
        let kept_for = self.known.map(|known| KeptFor::Login(known.share()));
        self.core.hashing.place(self.network, kept_for)
    }

    pub(super) async fn count_first_factor(&mut self) -> Result<(), LoginError> {
        let counted = self.first_factor_counts().await;
        self.unless_turned_away(counted).await
    }

    async fn count_second_factor(&mut self) -> Result<(), LoginError> {
        let counted = self.second_factor_counts().await;
        self.unless_turned_away(counted).await
    }

    /// One more of a browser that is known, or else of a name and a network.
    ///
    /// Over the limit of the name everybody is told. What one account gets under
    /// several names is counted too, and nobody is told: it is tried in vain. For a
    /// name that nobody has there are as many steps.
    async fn first_factor_counts(&mut self) -> Result<(), LoginError> {
        let throttle = self.core.settings.throttle.clone();
        let (here, all) = (throttle.per_account_here, throttle.per_account);
        let (name, account) = (self.name, self.account);
        if let Some(KnownBrowser { browser, .. }) = self.known {
            let known = Tally::of(&self.core, "known browsers", &[&account]);
            let own = Tally::of(&self.core, "browser", &[&account, &browser]);
            if self.count_known([(known, all), (own, here)]).await? {
                return Ok(());
            }
        }
        if let Some(network) = self.network.map(|network| network.to_string()) {
            let network = network.as_bytes();
            let of_network = Tally::among(&self.core, SHARED, "network", &[network]);
            let of_both = Tally::among(&self.core, SHARED_HERE, "name here", &[&name, network]);
            self.count(of_network, throttle.per_network).await?;
            self.count(of_both, here).await?;
        }
        let of_name = Tally::among(&self.core, SHARED, "name", &[&name]);
        self.count(of_name, all).await?;
        let of_account = match account == name {
            true => Tally::among(&self.core, SHARED, "nobody", &[&name]),
            false => Tally::of(&self.core, "account", &[&account]),
        };
        match self.count(of_account, all).await {
            Err(error) if error.is_throttled() => {
                self.is_in_vain = true;
                Ok(())
            }
            counted => counted,
        }
    }

    /// One more of a browser that is known, or else of an account: within the
    /// hour, and in the long run.
    async fn second_factor_counts(&mut self) -> Result<(), LoginError> {
        let (account, credentials) = (self.account, self.credentials);
        let hour = self.core.settings.throttle.second_factor;
        let of = |core: &Core, what, parts: &[&[u8]]| Tally::of(core, what, parts);
        if let Some(KnownBrowser { browser, .. }) = self.known {
            let one = Limit {
                most: hour.most.div_ceil(2),
                ..hour
            };
            let known = of(&self.core, "code of known browsers", &[&account]);
            let long = of(&self.core, "codes of known browsers", &[&credentials]);
            let own = of(&self.core, "code of a browser", &[&account, &browser]);
            let counts = [(known, hour), (long, Limit::OF_CODES), (own, one)];
            if self.count_known(counts).await? {
                return Ok(());
            }
        }
        let now = of(&self.core, "code", &[&account]);
        let long = of(&self.core, "codes", &[&credentials]);
        self.count(now, hour).await?;
        self.count(long, Limit::OF_CODES).await
    }

    /// Counts for a known browser, what is its own last: each login has a new one
    /// of that. Where a limit is used up it may be a stolen one: it is counted as a
    /// stranger then.
    async fn count_known<const N: usize>(
        &mut self,
        counts: [(Tally, Limit); N],
    ) -> Result<bool, LoginError> {
        for (tally, limit) in counts {
            match self.count(tally, limit).await {
                Ok(()) => {}
                Err(error) if error.is_throttled() => {
                    self.take_back().await;
                    return Ok(false);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    async fn count(&mut self, tally: Tally, limit: Limit) -> Result<(), LoginError> {
        match self.core.count(tally, limit).await? {
            Counted::In(counted) => {
                self.counted.push(counted);
                Ok(())
            }
            Counted::Over(retry_after) => Err(Kind::Throttled { retry_after }.into()),
        }
    }

    /// What fails here was logged, and one failure too many is counted.
    async fn take_back(&mut self) {
        for counted in std::mem::take(&mut self.counted) {
            let _ = self.core.take_back(counted).await;
        }
    }

    /// A try that is not made does not count.
    async fn unless_turned_away(
        &mut self,
        counted: Result<(), LoginError>,
    ) -> Result<(), LoginError> {
        let turned_away = counted.as_ref().is_err_and(LoginError::is_throttled);
        if counted.is_err() {
            self.take_back().await;
        }
        if turned_away || self.is_in_vain {
            self.tell(EventKind::LoginThrottled);
        }
        counted
    }

    fn tell(&self, kind: EventKind) {
        let account = self.core.observed.in_log(self.account);
        let about = About {
            account: Some(&account),
            network: self.network,
            factor: Some(self.factor),
            ..About::default()
        };
        self.core.emit_about(kind, &about);
    }
}

/// What did not succeed was a failure, and is told as one, whatever the handler answers.
impl Drop for LoginAttempt {
    fn drop(&mut self) {
        if self.counted.is_empty() {
            return;
        }
        visit::refusal_is_told();
        if !self.is_in_vain {
            self.tell(EventKind::LoginRefused); // else it was told that it is throttled
        }
    }
}

impl fmt::Debug for LoginAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginAttempt")
    }
}

/// How many counters there are for all names, and for all networks.
const SHARED: u32 = 1 << 16;

/// How many for a name and a network together: their limit is low, and at hundreds
/// of failures a second nearly nobody is to be taken for another.
const SHARED_HERE: u32 = 1 << 18;
