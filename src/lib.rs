#![doc = include_str!("../README.md")]

mod clock;
mod error;
mod event;
#[cfg(any(doc, doctest))]
#[doc = include_str!("../docs/from-flask-login.md")]
pub mod from_flask_login {}
mod key;
mod loader;
mod local_path;
mod manager;
pub mod routing;
mod secret;
mod session;
mod signed;
pub mod store;
#[cfg(all(
    any(doc, doctest),
    feature = "postgres",
    feature = "redis",
    feature = "sqlite",
    feature = "testing"
))]
#[doc = include_str!("../docs/stores.md")]
pub mod stores {}
#[cfg(feature = "testing")]
pub mod testing;
mod token;
mod user;
mod web;

pub use clock::{Clock, SystemClock, Timestamp};
pub use error::{BoxError, BuildError, LoginError};
pub use event::{EventKind, LoginEvent};
pub use key::SecretKey;
pub use loader::{RequestLoader, UserLoader};
pub use local_path::{IntoLocalPath, LocalPath};
pub use manager::{
    Builder, Dangerous, FreshFor, HasKey, HasLoader, KeyGiven, KeyMissing, ListedSession,
    LoaderGiven, LoaderMissing, Login, LoginId, LoginManager, NextIn, NoKey, NoLoader, PeerAddress,
    SameSite, SessionInfo, SessionProtection, Sessions, Source, Unbuilt, UserAgent, UserKnown,
    Verified,
};
pub use routing::{AccessRow, AccessTable, Anyone, Public, Realms, Routes, public};
pub use session::{
    Allowed, Anonymous, AnySession, Authenticated, ConfirmLogin, CredentialsChanged,
    FifteenMinutes, FiveMinutes, Fresh, FreshWindow, IsFresh, IsVerified, LoggedIn, LoginUser,
    LogoutUser, ManagersWindow, MayLogIn, OneMinute, OnlyRealm, OrSession, OwnSessions, Policy,
    Session, SwitchUser, Widened, Window,
};
pub use user::{AuthHash, AuthUser, Factors, NeverPending, OneFactor};
pub use web::{
    And, Answers, Both, By, CurrentUser, Data, Flash, Flashes, Granted, HasRole, HoldsProof,
    LoginState, NeedsNoState, NoState, Not, Or, Reason, Refusal, Role, SessionData, StateWith,
};
