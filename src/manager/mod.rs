//! One realm of users: its settings, keys, store and loader.
//!
//! [`LoginManager::builder`] starts it, [`into_router`](LoginManager::into_router)
//! ends it: the manager lends its [`Login`] handle to the routes and is gone.
//! What an app needs besides, in jobs and admin tools, is
//! [`sessions`](LoginManager::sessions).

pub(crate) mod actor;
pub(crate) mod body;
mod builder;
mod check;
pub(crate) mod content;
mod cookie;
mod core;
pub(crate) mod counter;
mod dangerous;
mod finders;
mod first_factor;
mod fresh_for;
#[cfg(feature = "password")]
mod hashing;
mod info;
mod limits;
mod listeners;
mod login;
mod login_id;
mod messages;
mod missing;
mod observe;
#[cfg(feature = "password")]
mod passwords;
mod place;
mod places;
mod protection;
mod remember;
mod second_factor;
pub(crate) mod series;
mod sessions;
pub(crate) mod settings;
mod site_data;
mod tell;
mod throttle;

pub use builder::Builder;
pub use dangerous::Dangerous;
pub use first_factor::{FirstFactor, HalfVerified, Proved};
pub use fresh_for::FreshFor;
pub use info::{SessionInfo, Source};
pub use limits::Limits;
pub use login::{Login, Verified};
pub use login_id::LoginId;
pub use missing::{
    HasKey, HasLoader, KeyGiven, KeyMissing, LoaderGiven, LoaderMissing, NoKey, NoLoader, Unbuilt,
    UserKnown,
};
pub use observe::EventCounts;
pub use places::NextIn;
pub use protection::{PeerAddress, SessionProtection, UserAgent};
pub use remember::SameSite;
pub use sessions::{ListedSession, Sessions};
pub use site_data::SiteData;
pub use throttle::Throttle;

#[cfg(feature = "password")]
pub(crate) use hashing::{KeptFor, Queued};
pub(crate) use throttle::Limit;

pub(crate) use self::{
    cookie::{CookieOf, Sent},
    core::{Core, Realm},
    counter::{Counted, Tally},
    finders::caught,
    place::{Place, with_next},
};
pub(crate) use settings::Settings;

use std::{fmt, sync::Arc};

/// Who may log in, how users are found, and how their sessions are kept.
///
/// # Example
///
/// ```
/// use std::convert::Infallible;
/// use portcullis::{AuthHash, AuthUser, CurrentUser, LoginManager, OneFactor, Routes, SecretKey};
///
/// struct Account { id: u64 }
///
/// impl AuthUser for Account {
///     type Id = u64;
///     type Factors = OneFactor;
///     fn id(&self) -> u64 { self.id }
///     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
/// }
///
/// async fn load_account(id: u64) -> Result<Option<Account>, Infallible> {
///     Ok(Some(Account { id }))
/// }
///
/// async fn home(who: CurrentUser<Account>) -> &'static str {
///     if who.is_authenticated() { "welcome back" } else { "hello, stranger" }
/// }
///
/// let app: axum::Router = LoginManager::builder()
///     .user_loader(load_account)
///     .secret_key(SecretKey::generate()?)
///     .login_path("/login")
///     .build()?
///     .into_router(|login| Routes::new().get("/", home).with_state(login));
/// # Ok::<(), portcullis::BuildError>(())
/// ```
pub struct LoginManager<U> {
    pub(crate) realm: Arc<Realm<U>>,
}

impl LoginManager<Unbuilt> {
    /// Starts with the defaults: a loader and a key are all that is missing.
    pub fn builder() -> Builder<NoLoader, NoKey> {
        Builder::new()
    }
}

impl<U> fmt::Debug for LoginManager<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginManager")
            .field("realm", &self.realm.core.settings.realm)
            .finish_non_exhaustive()
    }
}
