//! From nothing to a manager: what is missing is in the type.

use std::{future::Future, sync::Arc, time::Duration};

use crate::{
    clock::{Clock, SystemClock},
    error::BuildError,
    event::LoginEvent,
    key::SecretKey,
    loader::{RequestLoader, UserLoader},
    local_path::IntoLocalPath,
    manager::{
        Core, Dangerous, FreshFor, HasKey, HasLoader, KeyGiven, KeyMissing, LoaderGiven,
        LoaderMissing, LoginManager, NoKey, NoLoader, Place, Realm, Settings, UserKnown,
        check::check,
        finders::{Finders, Loads},
    },
    store::{AnyStore, MemoryStore, SessionStore},
    user::{AuthUser, sealed::Factors as _},
};

/// Builds a [`LoginManager`].
///
/// Two things must be said, each once:
///
/// 1. how a user is found: [`user_loader`](Self::user_loader),
/// 2. what signs the cookies: [`secret_key`](Self::secret_key).
///
/// The order is yours, but what is about users (listeners, the request loader)
/// comes after the user loader, which says what their type is.
///
/// Everything else has a default. You won't need to write out the type
/// parameters; they say which of the two is still missing, and
/// [`build`](Self::build) does not compile before both are there.
///
/// # Example
///
/// ```
/// # use portcullis::{AuthHash, AuthUser, OneFactor};
/// # struct User;
/// # impl AuthUser for User {
/// #     type Id = u64;
/// #     type Factors = OneFactor;
/// #     fn id(&self) -> u64 { 1 }
/// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
/// # }
/// # async fn load_user(_: u64) -> Result<Option<User>, std::io::Error> { Ok(None) }
/// use std::time::Duration;
/// use portcullis::{LoginManager, SecretKey};
///
/// let manager = LoginManager::builder()
///     .user_loader(load_user)
///     .secret_key(SecretKey::generate()?)
///     .login_path("/login")
///     .refresh_path("/confirm")
///     .fresh_for(Duration::from_secs(5 * 60))
///     .build()?;
/// # let _ = manager;
/// # Ok::<(), portcullis::BuildError>(())
/// ```
#[must_use]
pub struct Builder<L, K> {
    pub(super) loader: L,
    key: K,
    older_keys: Vec<SecretKey>,
    store: AnyStore,
    clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
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
        self.with(|_, key| (HasLoader(Finders::new(Loads(loader))), key))
    }

    /// How a user is found by the request itself, when no cookie brings one: by
    /// an API key, a bearer token. An `async fn`, a closure, or a type of yours
    /// that is a [`RequestLoader`]. Asked after the session cookie and the
    /// remember cookie, whether those were bad or absent.
    ///
    /// Who is found so is [`Authenticated`](crate::Authenticated), never
    /// [`Fresh`](crate::Fresh), and has no [`Session`](crate::Session): an API
    /// key logs nobody out. No cookie is set for it.
    pub fn request_loader<U, F>(mut self, loader: F) -> Self
    where
        L: UserKnown<User = U>,
        U: AuthUser,
        F: RequestLoader<U>,
    {
        self.loader.has_loader().0.request = Some(Box::new(Loads(loader)));
        self
    }

    /// Calls a function for each [`LoginEvent`], on a thread where it may block.
    /// Events wait for it in a queue, up to 1024 of them, and no request waits;
    /// what has no room is left out, and the log says so. A quarter of the queue is
    /// kept for what not everybody can bring about, such as a theft.
    ///
    /// # Example
    ///
    /// ```
    /// # use portcullis::{AuthHash, AuthUser, OneFactor};
    /// # struct User;
    /// # impl AuthUser for User {
    /// #     type Id = u64;
    /// #     type Factors = OneFactor;
    /// #     fn id(&self) -> u64 { 1 }
    /// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
    /// # }
    /// # async fn load_user(_: u64) -> Result<Option<User>, std::io::Error> { Ok(None) }
    /// use portcullis::LoginManager;
    ///
    /// let builder = LoginManager::builder()
    ///     .user_loader(load_user)
    ///     .on_event(|event| println!("{}: user {:?}", event.kind().name(), event.user().map(AuthUser::id)));
    /// # let _ = builder;
    /// ```
    pub fn on_event<U, F>(mut self, listener: F) -> Self
    where
        L: UserKnown<User = U>,
        U: AuthUser,
        F: Fn(&LoginEvent<U>) + Send + Sync + 'static,
    {
        self.loader.has_loader().0.listeners.add(listener);
        self
    }

    /// As [`on_event`](Self::on_event), for an async function.
    pub fn on_event_async<U, F, Fut>(mut self, listener: F) -> Self
    where
        L: UserKnown<User = U>,
        U: AuthUser,
        F: Fn(Arc<LoginEvent<U>>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.loader.has_loader().0.listeners.add_async(listener);
        self
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
    /// [`absolute_limit`](Self::absolute_limit), or after
    /// [`remember_for`](Self::remember_for) if browsers are remembered.
    pub fn older_key(mut self, key: SecretKey) -> Self {
        self.older_keys.push(key);
        self
    }

    /// Where sessions live. Default: a [`MemoryStore`] of its own.
    pub fn store(mut self, store: impl SessionStore) -> Self {
        self.store = AnyStore::new(store);
        self
    }

    /// How long a step of the store may take; then it has failed, and the
    /// answer is 503. Default: 5 seconds. The memory store needs no limit.
    ///
    /// A pool of connections has limits of its own, often longer: this one
    /// counts the waiting for a connection too.
    pub fn store_timeout(mut self, limit: Duration) -> Self {
        self.settings.store_timeout = limit;
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
    /// other. Two apps that share both _must_ have two names: their user types may
    /// have one path, such as `server::User`. Changing it logs everybody out.
    pub fn realm(mut self, name: impl Into<String>) -> Self {
        self.settings.realm = name.into();
        self
    }

    /// The whole name of the session cookie. Default: `__Host-` and the realm.
    /// The cookie of a stranger, whose data the app keeps, has `-stranger` after it.
    ///
    /// # Security
    ///
    /// It must begin with `__Host-`, which keeps sibling subdomains from setting
    /// it; with [`cookies_over_http`](Dangerous::cookies_over_http) it must not,
    /// because browsers refuse that prefix then.
    pub fn cookie_name(mut self, name: impl Into<String>) -> Self {
        self.settings.cookie_name = Some(name.into());
        self
    }

    /// Where somebody who has to log in is sent, with the page they wanted as
    /// `next`: `/login?next=%2Forders`. Default: nowhere, they get 401.
    ///
    /// # Panics
    ///
    /// When a literal is not a [`LocalPath`](crate::LocalPath).
    pub fn login_path(mut self, path: impl IntoLocalPath) -> Self {
        self.settings.login_at = Some(Place::Here(path.into_local_path()));
        self
    }

    /// Where a logged-in user is sent to give the password again, also after a
    /// wrong one. Default: nowhere, they get 401.
    ///
    /// It is not the login page, which is for strangers: its handler asks for
    /// `Session<Authenticated<User>>` and calls
    /// [`confirm_login`](crate::Session::confirm_login).
    ///
    /// # Panics
    ///
    /// When a literal is not a [`LocalPath`](crate::LocalPath).
    pub fn refresh_path(mut self, path: impl IntoLocalPath) -> Self {
        self.settings.refresh_at = Some(Place::Here(path.into_local_path()));
        self
    }

    /// Where somebody is sent who is logged in already and opens the login
    /// page, when no `next` says better. Default: `/`.
    ///
    /// # Panics
    ///
    /// When a literal is not a [`LocalPath`](crate::LocalPath).
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
    /// is what NIST SP 800-63B-4 recommends at AAL1. The idle limit must be within it.
    pub fn absolute_limit(mut self, limit: Duration) -> Self {
        self.settings.absolute = limit;
        self
    }

    /// How often at most the use of a session is written to the store. Default: 1 minute.
    pub fn touch_interval(mut self, interval: Duration) -> Self {
        self.settings.touch_every = interval;
        self
    }

    /// How long after giving the password a login is [`Fresh`](crate::Fresh): a
    /// [`Duration`], or [`FreshFor::WholeSession`]. Default: 15 minutes.
    pub fn fresh_for(mut self, window: impl Into<FreshFor>) -> Self {
        self.settings.fresh_for = window.into();
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

    /// How many sessions one user may have, and how many remembered browsers:
    /// beyond it a login ends what was not used for longest, a session together
    /// with what remembers its browser. Uses are known to within the
    /// [touch interval](Self::touch_interval). Default: 100.
    ///
    /// # Security
    ///
    /// OWASP ASVS 5.0, 7.1.2 asks for this to be decided and documented.
    pub fn max_sessions_per_user(mut self, most: u32) -> Self {
        self.settings.max_sessions_per_user = most;
        self
    }

    /// An origin whose pages may send unsafe requests, such as
    /// `https://app.example`: this app's own, behind a proxy that rewrites
    /// `Host`, or another one that is trusted. May be said more than once.
    ///
    /// Without it a request must come from the origin that its `Host` names. Of several
    /// realms in one router each trusts what one of them does.
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
            mut store,
            clock,
            mut settings,
        } = self;
        settings.cap()?;
        check(&settings)?;
        if U::Factors::ARE_TWO && settings.second_factor_at.is_none() {
            return Err(BuildError::new(
                "users of two factors are asked for the second somewhere: say `.second_factor_path(\"/login/code\")`",
            ));
        }
        store.set_timeout(settings.store_timeout);
        #[cfg(all(feature = "testing", not(debug_assertions)))]
        tracing::warn!(
            target: "portcullis", realm = settings.realm,
            "the feature `testing` is on in a release build: it belongs into dev-dependencies"
        );
        let finders = loader.into_loader().0;
        settings.reads_requests = finders.request.is_some();
        let mut keys = vec![key.into_key()];
        keys.extend(older_keys);
        keys.iter().try_for_each(SecretKey::check)?;
        let core = Arc::new(Core::new(settings, &keys, store, clock));
        let realm = Arc::new(Realm::new(core, finders));
        realm.connect();
        Ok(LoginManager { realm })
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

impl<L, K> std::fmt::Debug for Builder<L, K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
