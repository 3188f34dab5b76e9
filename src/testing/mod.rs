//! Testing an app that is guarded (feature `testing`).
//!
//! For `[dev-dependencies]` alone:
//!
//! ```toml
//! [dev-dependencies]
//! portcullis = { version = "0.1", features = ["testing"] }
//! ```
//!
//! | I test | with |
//! |---|---|
//! | a story of several requests | [`TestClient`], which keeps cookies |
//! | one request, with `oneshot` as before | [`login_as`], one line among its extensions |
//! | a function that asks for a proof | [`authenticated`], [`fresh`], [`fresh_within`], [`allowed`], [`granted`] |
//! | a second factor | `totp_code`, the code that the user's app shows at that time (feature `totp`) |
//! | what happens when time passes | [`TestClock`], given to the builder |
//! | a [store](crate::store) of my own | [`conformance()`], all rules of its contract |
//!
//! Listeners of [events](crate::LoginEvent) are told a moment after the answer: let
//! the listener of a test send what it hears to a channel, and wait for that.
//!
//! # Security
//!
//! Nothing of it can be reached from the network: a login is asked for by an
//! extension of the request, and no client can send one. All the same it has
//! no business in a server: a release build with the feature says so in the
//! log when a manager is built.

mod client;
mod clock;
mod conformance;
mod proofs;
mod request;

pub use client::TestClient;
pub use clock::TestClock;
pub use conformance::{Violations, conformance};
pub use proofs::{allowed, authenticated, fresh, fresh_within, granted};
pub use request::{TestRequest, TestResponse};

pub use crate::session::login_as::LoginAs;

#[cfg(feature = "password")]
use crate::manager::Login;
use crate::user::AuthUser;
#[cfg(feature = "totp")]
use crate::{clock::Timestamp, totp::TotpSecret};

/// Logs a user in for one request of a test, by all factors that the user has: an
/// extension of the request.
///
/// # Example
///
/// ```
/// # use std::convert::Infallible;
/// use axum::{body::Body, http::{Request, StatusCode}};
/// use portcullis::testing;
/// use tower::ServiceExt;
/// # use portcullis::{AuthHash, AuthUser, Authenticated, LoginManager, OneFactor, Routes, SecretKey};
/// # #[derive(Clone)] struct Account { name: &'static str }
/// # impl AuthUser for Account {
/// #     type Id = String;
/// #     type Factors = OneFactor;
/// #     fn id(&self) -> String { self.name.to_owned() }
/// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
/// # }
/// # fn app() -> axum::Router {
/// #     LoginManager::builder()
/// #         .user_loader(async |_: String| Ok::<_, Infallible>(Some(Account { name: "leafstorm" })))
/// #         .secret_key(SecretKey::generate().unwrap())
/// #         .build().unwrap()
/// #         .into_router(|login| Routes::new().get("/me", async |account: Authenticated<Account>| account.name).with_state(login))
/// # }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let request = Request::get("/me")
///     .extension(testing::login_as(Account { name: "leafstorm" })) // this line is new
///     .body(Body::empty())
///     .unwrap();
/// let response = app().oneshot(request).await.unwrap();
/// assert_eq!(response.status(), StatusCode::OK);
/// # });
/// ```
pub fn login_as<U: AuthUser>(user: U) -> LoginAs<U> {
    LoginAs::new(user)
}

/// How many passwords this server has hashed, to check and to keep them: each
/// costs the same, so a test counts them instead of the time.
///
/// # Example
///
/// ```
/// use portcullis::{Login, HasPassword, LoginError, Password, testing};
///
/// async fn a_wrong_password_costs_one<U: HasPassword>(login: Login<U>) {
///     let before = testing::password_hashes(&login);
///     let wrong = Password::from("wrong".to_owned());
///     assert!(login.check_password("nobody", None, &wrong).await.is_err());
///     assert_eq!(testing::password_hashes(&login), before + 1);
/// }
/// ```
#[cfg(feature = "password")]
pub fn password_hashes<U: AuthUser>(login: &Login<U>) -> u64 {
    login.0.core.hashing.computed()
}

/// The code that an authenticator app with this secret shows at a time.
///
/// # Example
///
/// ```
/// use portcullis::{TotpSecret, testing::{self, TestClock}, Clock};
///
/// let (secret, clock) = (TotpSecret::generate()?, TestClock::new());
/// assert_eq!(testing::totp_code(&secret, clock.now()).len(), 6);
/// # Ok::<(), portcullis::BoxError>(())
/// ```
#[cfg(feature = "totp")]
pub fn totp_code(secret: &TotpSecret, at: Timestamp) -> String {
    secret.code_at(at.unix_seconds())
}
