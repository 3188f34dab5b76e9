#![doc = include_str!("../README.md")]

mod actor;
mod clock;
#[cfg(all(any(doc, doctest), feature = "password", feature = "totp"))]
#[doc = include_str!("../docs/compile-errors.md")]
pub mod compile_errors {}
mod error;
mod event;
#[cfg(any(doc, doctest))]
#[doc = include_str!("../docs/from-flask-login.md")]
pub mod from_flask_login {}
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzz_bridge;
mod key;
mod loader;
mod local_path;
mod manager;
#[cfg(feature = "password")]
mod password;
#[cfg(any(doc, doctest))]
#[doc = include_str!("../docs/performance.md")]
pub mod performance {}
pub mod routing;
mod secret;
#[cfg(all(
    any(doc, doctest),
    feature = "password",
    feature = "postgres",
    feature = "redis",
    feature = "sqlite",
    feature = "testing",
    feature = "totp"
))]
#[doc = include_str!("../docs/security.md")]
pub mod security {}
mod session;
mod signed;
pub mod store;
#[cfg(all(any(doc, doctest), feature = "password", feature = "totp"))]
#[doc = include_str!("../docs/staged-logins.md")]
pub mod staged_logins {}
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
#[cfg(feature = "totp")]
mod totp;
mod user;
mod web;

pub use actor::Actor;
pub use clock::{Clock, SystemClock, Timestamp};
pub use error::{BoxError, BuildError, LoginError};
pub use event::{EventKind, LoginEvent, SessionHash};
pub use key::SecretKey;
pub use loader::{RequestLoader, UserLoader};
pub use local_path::{IntoLocalPath, LocalPath};
pub use manager::{
    Builder, Dangerous, EventCounts, FirstFactor, FreshFor, HalfVerified, HasKey, HasLoader,
    KeyGiven, KeyMissing, Limits, ListedSession, LoaderGiven, LoaderMissing, Login, LoginId,
    LoginManager, NextIn, NoKey, NoLoader, PeerAddress, Proved, SameSite, SessionInfo,
    SessionProtection, Sessions, SiteData, Source, Throttle, Unbuilt, UserAgent, UserKnown,
    Verified,
};
#[cfg(feature = "password")]
pub use password::{HasPassword, Password, PasswordCost};
pub use routing::{AccessRow, AccessTable, Anyone, Public, Realms, Routes, public};
#[cfg(feature = "password")]
pub use session::CheckPassword;
#[cfg(feature = "totp")]
pub use session::TotpCode;
pub use session::{
    Allowed, Anonymous, AnySession, Authenticated, BeginLogin, ConfirmLogin, CredentialsChanged,
    FifteenMinutes, FinishLogin, FiveMinutes, Fresh, FreshWindow, IsFresh, IsHalfVerified,
    IsPending, IsVerified, KnowsUser, LoggedIn, LoginAttempt, LoginUser, LogoutUser,
    ManagersWindow, MayLogIn, OneMinute, OneTimeToken, OnlyRealm, OrSession, OwnSessions, Pending,
    Policy, Purpose, RecoveryCode, SecondFactor, Session, SpentBy, SwitchUser, Widened, Window,
};
#[cfg(feature = "totp")]
pub use totp::{HasTotp, TotpSecret};
pub use user::{AuthHash, AuthUser, Factors, NeverPending, OneFactor, TwoFactors};
pub use web::{
    And, Answers, Both, By, CurrentUser, Data, Flash, Flashes, Granted, HasRole, HoldsProof,
    LoginState, NeedsNoState, NoState, Not, Or, Reason, Refusal, Role, SessionData, StateWith,
};
