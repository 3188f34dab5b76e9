//! From nothing to a manager: what is missing is in the type.

use std::{sync::Arc, time::Duration};

use crate::{
    clock::{Clock, SystemClock},
    error::BuildError,
    key::SecretKey,
    local_path::{IntoLocalPath, LocalPath},
    manager::{
        Core, Dangerous, LoginManager, Realm, Settings,
        core::{DynLoader, Loads},
    },
    store::{AnyStore, MemoryStore, SessionStore},
    user::{AuthUser, UserLoader},
};

/// Builds a [`LoginManager`].
///
/// Two things must be said, each once, in any order:
///
/// 1. how a user is found: [`user_loader`](Self::user_loader),
/// 2. what signs the cookies: [`secret_key`](Self::secret_key).
///
/// Everything else has a default. You won't need to write out the type
/// parameters; they say which of the two is still missing, and
/// [`build`](Self::build) does not compile before both are there.
#[must_use]
pub struct Builder<L, K> {
    loader: L,
    key: K,
    older_keys: Vec<SecretKey>,
    store: AnyStore,
    clock: Arc<dyn Clock>,
    pub(super) settings: Settings,
}

impl Builder<NoLoader, NoKey> {
    pub(super) fn new() -> Self {
        Self {
            loader: NoLoader,
            key: NoKey,
            older_keys: Vec::new(),
            store: AnyStore::new(MemoryStore::new()),
            clock: Arc::new(SystemClock),
            settings: Settings::default(),
        }
    }
}

impl<L, K> Builder<L, K> {
    /// How a user is found by the id in a session: an `async fn`, a closure, or
    /// a type of yours that is a [`UserLoader`]. It says what the user type is.
    pub fn user_loader<U: AuthUser, F: UserLoader<U>>(self, loader: F) -> Builder<HasLoader<U>, K>
    where
        L: LoaderMissing,
    {
        self.with(|_, key| (HasLoader(Box::new(Loads(loader))), key))
    }

    /// What signs the cookies: see [`SecretKey`].
    pub fn secret_key(self, key: SecretKey) -> Builder<L, HasKey>
    where
        K: KeyMissing,
    {
        self.with(|loader, _| (loader, HasKey(key)))
    }

    /// A key that signed cookies before the present one. Its cookies are still
    /// good, and are signed anew when they are used. Take it out after
    /// [`absolute_limit`](Self::absolute_limit).
    pub fn older_key(mut self, key: SecretKey) -> Self {
        self.older_keys.push(key);
        self
    }

    /// Where sessions live. Default: a [`MemoryStore`] of its own.
    pub fn store(mut self, store: impl SessionStore) -> Self {
        self.store = AnyStore::new(store);
        self
    }

    /// Where the time comes from. Default: [`SystemClock`].
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The name of this realm, of lower-case letters, digits, `-` and `_`.
    /// Default: `login`.
    ///
    /// Keys, the cookie's name and all that is kept of a user are derived from
    /// it, so two realms can share a store and a key and know nothing of each
    /// other. Changing it logs everybody out.
    pub fn realm(mut self, name: impl Into<String>) -> Self {
        self.settings.realm = name.into();
        self
    }

    /// The whole name of the session cookie. Default: `__Host-` and the realm.
    /// The cookie of a stranger, whose data the app keeps, has `-guest` after it.
    ///
    /// # Security
    ///
    /// It must begin with `__Host-`, which keeps sibling subdomains from setting it.
    pub fn cookie_name(mut self, name: impl Into<String>) -> Self {
        self.settings.cookie_name = Some(name.into());
        self
    }

    /// Where somebody who has to log in is sent. Default: nowhere, they get 401.
    ///
    /// # Panics
    ///
    /// When a literal is not a [`LocalPath`].
    pub fn login_path(mut self, path: impl IntoLocalPath) -> Self {
        self.settings.login_path = Some(path.into_local_path());
        self
    }

    /// Where somebody is sent who is logged in and has to give the password
    /// again. Default: the login path.
    ///
    /// # Panics
    ///
    /// When a literal is not a [`LocalPath`].
    pub fn refresh_path(mut self, path: impl IntoLocalPath) -> Self {
        self.settings.refresh_path = Some(path.into_local_path());
        self
    }

    /// Where somebody is sent who is logged in already and opens the login
    /// page, when no `next` says better. Default: `/`.
    ///
    /// # Panics
    ///
    /// When a literal is not a [`LocalPath`].
    pub fn after_login_path(mut self, path: impl IntoLocalPath) -> Self {
        self.settings.after_login_path = path.into_local_path();
        self
    }

    /// How long a login that is not used stays alive. Default: 7 days.
    pub fn idle_limit(mut self, limit: Duration) -> Self {
        self.settings.idle = limit;
        self
    }

    /// How long a login lives however much it is used. Default: 30 days, which
    /// is what NIST SP 800-63B-4 recommends at AAL1.
    pub fn absolute_limit(mut self, limit: Duration) -> Self {
        self.settings.absolute = limit;
        self
    }

    /// How often at most the use of a session is written to the store. Default: 1 minute.
    pub fn touch_interval(mut self, interval: Duration) -> Self {
        self.settings.touch_every = interval;
        self
    }

    /// How long after giving the password a login is [`Fresh`](crate::Fresh).
    /// Default: 15 minutes. Zero: only in the request that verified.
    pub fn fresh_for(mut self, window: Duration) -> Self {
        self.settings.fresh_for = window;
        self
    }

    /// How long the data of a stranger lives without being written. Default: 1 hour.
    pub fn stranger_idle_limit(mut self, limit: Duration) -> Self {
        self.settings.stranger_idle = limit;
        self
    }

    /// How many bytes of [`Data`](crate::Data) one session may hold. Default: 16 KiB.
    pub fn max_data_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_data = bytes;
        self
    }

    /// How many sessions one user may have; beyond it a login ends the one that
    /// was not used for longest. Default: any number.
    ///
    /// # Security
    ///
    /// OWASP ASVS 5.0, 7.1.2 asks for this to be decided and documented.
    pub fn max_sessions_per_user(mut self, most: u32) -> Self {
        self.settings.max_sessions_per_user = Some(most);
        self
    }

    /// An origin whose pages may send unsafe requests, such as
    /// `https://app.example`: this app's own, behind a proxy that rewrites
    /// `Host`, or another one that is trusted. May be said more than once.
    ///
    /// Without it a request must come from the origin that its `Host` names.
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.settings.origins.push(origin.into());
        self
    }

    /// The settings that make logins less safe.
    pub fn dangerous(self) -> Dangerous<L, K> {
        Dangerous(self)
    }

    /// The manager. Compiles only when a loader and a key were given.
    ///
    /// # Errors
    ///
    /// When settings contradict each other or can't be; the text says which.
    pub fn build<U>(self) -> Result<LoginManager<U>, BuildError>
    where
        U: AuthUser,
        L: LoaderGiven<User = U>,
        K: KeyGiven,
    {
        let Self {
            loader,
            key,
            older_keys,
            store,
            clock,
            settings,
        } = self;
        check(&settings)?;
        let mut keys = vec![key.into_key()];
        keys.extend(older_keys);
        let core = Arc::new(Core::new(settings, &keys, store, clock));
        Ok(LoginManager {
            realm: Arc::new(Realm {
                core,
                loader: loader.into_loader().0,
            }),
        })
    }

    fn with<L2, K2>(self, change: impl FnOnce(L, K) -> (L2, K2)) -> Builder<L2, K2> {
        let Self {
            loader,
            key,
            older_keys,
            store,
            clock,
            settings,
        } = self;
        let (loader, key) = change(loader, key);
        Builder {
            loader,
            key,
            older_keys,
            store,
            clock,
            settings,
        }
    }
}

fn check(settings: &Settings) -> Result<(), BuildError> {
    let refuse = |what: String| Err(BuildError::new(what));
    let word = |text: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        !text.is_empty() && text.len() <= 64 && text.bytes().all(plain)
    };
    let realm = &settings.realm;
    if !word(realm) || realm.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return refuse(format!(
            "the realm `{realm}` is not a name of lower-case letters, digits, `-` and `_`"
        ));
    }
    let cookie = settings.login_cookie();
    if !word(&cookie) {
        return refuse(format!(
            "the cookie name `{cookie}` is not made of letters, digits, `-` and `_`"
        ));
    }
    if settings.secure && !cookie.starts_with("__Host-") {
        return refuse(format!(
            "the cookie name `{cookie}` must begin with `__Host-`"
        ));
    }
    if !settings.secure && cookie.starts_with("__") {
        return refuse(format!(
            "browsers refuse the cookie `{cookie}` over plain http: leave the prefix out"
        ));
    }
    if settings.idle.is_zero() || settings.absolute.is_zero() || settings.idle > settings.absolute {
        return refuse("the idle limit must be over zero and within the absolute limit".to_owned());
    }
    if settings.touch_every >= settings.idle {
        return refuse("the touch interval must be shorter than the idle limit".to_owned());
    }
    if settings.max_sessions_per_user == Some(0) {
        return refuse("with no session per user nobody can log in".to_owned());
    }
    for origin in &settings.origins {
        let host = origin
            .strip_prefix("https://")
            .or_else(|| origin.strip_prefix("http://"));
        if !host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', '@', ' '])) {
            return refuse(format!(
                "`{origin}` is no origin: write scheme and host, as in `https://app.example`"
            ));
        }
    }
    for path in [&settings.login_path, &settings.refresh_path]
        .into_iter()
        .flatten()
    {
        if path.as_str().contains('?') && LocalPath::parse(format!("{path}&next=%2F")).is_none() {
            return refuse(format!("`{path}` leaves no room for `next`"));
        }
    }
    Ok(())
}

impl<L, K> std::fmt::Debug for Builder<L, K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// The user type of a [`LoginManager`] of which nothing is known yet.
#[derive(Debug)]
pub enum Unbuilt {}

/// The builder has no loader yet.
#[derive(Debug)]
pub struct NoLoader;

/// The builder has a loader of users of type `U`.
pub struct HasLoader<U>(Box<dyn DynLoader<U>>);

/// The builder has no key yet.
#[derive(Debug)]
pub struct NoKey;

/// The builder has a key.
#[derive(Debug)]
pub struct HasKey(SecretKey);

impl<U> std::fmt::Debug for HasLoader<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HasLoader")
    }
}

/// The builder has no loader yet: bound of [`Builder::user_loader`].
#[diagnostic::on_unimplemented(
    message = "the user loader of this manager is set already",
    label = "a manager has one way to load users",
    note = "remove one of the two `.user_loader(…)`; for a second kind of user build a second manager"
)]
pub trait LoaderMissing: sealed::Sealed {}
impl LoaderMissing for NoLoader {}

/// The builder has a loader: bound of [`Builder::build`].
#[diagnostic::on_unimplemented(
    message = "this manager does not know how to load a user",
    label = "it can't be built without a user loader",
    note = "say how: `.user_loader(load_user)` with `async fn load_user(id: Id) -> Result<Option<User>, Error>`"
)]
pub trait LoaderGiven: sealed::Sealed {
    /// The user type of the loader.
    type User: AuthUser;
    #[doc(hidden)]
    fn into_loader(self) -> HasLoader<Self::User>;
}
impl<U: AuthUser> LoaderGiven for HasLoader<U> {
    type User = U;
    fn into_loader(self) -> Self {
        self
    }
}

/// The builder has no key yet: bound of [`Builder::secret_key`].
#[diagnostic::on_unimplemented(
    message = "the secret key of this manager is set already",
    label = "one key signs",
    note = "to change the key, give the earlier one with `.older_key(…)`"
)]
pub trait KeyMissing: sealed::Sealed {}
impl KeyMissing for NoKey {}

/// The builder has a key: bound of [`Builder::build`].
#[diagnostic::on_unimplemented(
    message = "this manager has no key to sign cookies with",
    label = "it can't be built without a secret key",
    note = "give it one: `.secret_key(SecretKey::from_env(\"SECRET_KEY\")?)`"
)]
pub trait KeyGiven: sealed::Sealed {
    #[doc(hidden)]
    fn into_key(self) -> SecretKey;
}
impl KeyGiven for HasKey {
    fn into_key(self) -> SecretKey {
        self.0
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::NoLoader {}
    impl<U> Sealed for super::HasLoader<U> {}
    impl Sealed for super::NoKey {}
    impl Sealed for super::HasKey {}
}
