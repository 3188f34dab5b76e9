//! Proofs for unit tests, without a request.

use std::{convert::Infallible, sync::Arc};

use crate::{
    key::SecretKey,
    manager::{Login, LoginManager, SessionInfo},
    session::{Allowed, Authenticated, Fresh, FreshWindow, Policy, known::Known, let_in},
    user::AuthUser,
    web::{Granted, hand_over},
};

/// The proof that this user is logged in, for a unit test of a function that
/// asks for one. It has no session.
///
/// # Example
///
/// ```
/// use portcullis::{Authenticated, testing};
/// # use portcullis::{AuthHash, AuthUser, OneFactor};
/// # struct Account { name: &'static str }
/// # impl AuthUser for Account {
/// #     type Id = String;
/// #     type Factors = OneFactor;
/// #     fn id(&self) -> String { self.name.to_owned() }
/// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
/// # }
///
/// fn greeting(by: &Authenticated<Account>) -> String {
///     format!("Dear {}", by.name)
/// }
///
/// let by = testing::authenticated(Account { name: "leafstorm" });
/// assert_eq!(greeting(&by), "Dear leafstorm");
/// assert!(by.into_fresh().is_err());
/// ```
///
/// # Panics
///
/// When the operating system has no random bytes for a key.
pub fn authenticated<U: AuthUser>(user: U) -> Authenticated<U> {
    Authenticated(known(user, SessionInfo::stale))
}

/// The proof that this user gave the password just now, for a unit test. It has
/// no session.
///
/// # Panics
///
/// As [`authenticated`].
pub fn fresh<U: AuthUser>(user: U) -> Fresh<U> {
    Fresh::of(known(user, |info| info))
}

/// As [`fresh`], within a [window with a name](FreshWindow).
///
/// # Panics
///
/// As [`authenticated`].
pub fn fresh_within<U: AuthUser, W: FreshWindow>(user: U) -> Fresh<U, W> {
    Fresh::of(known(user, |info| info))
}

/// The proof that this user is logged in and that the policy `P` lets it in, for
/// a unit test. The policy is not asked, and there is no session.
///
/// # Panics
///
/// As [`authenticated`].
pub fn allowed<U: AuthUser, P: Policy<U>>(user: U) -> Allowed<U, P> {
    let_in(authenticated(user))
}

/// An object with the proof that the policy `P` lets this user have it, for a
/// unit test of a function that asks for one. The policy is not asked.
///
/// # Panics
///
/// As [`authenticated`].
pub fn granted<U: AuthUser, P: Policy<U, On>, On>(user: U, object: On) -> Granted<U, P, On> {
    hand_over(authenticated(user), object)
}

fn known<U: AuthUser>(user: U, change: fn(SessionInfo) -> SessionInfo) -> Arc<Known<U>> {
    let manager = SecretKey::generate().and_then(|key| {
        LoginManager::builder()
            .user_loader(async |_: U::Id| Ok::<Option<U>, Infallible>(None))
            .secret_key(key)
            .second_factor_path("/")
            .build()
    });
    let manager = match manager {
        Ok(manager) => manager,
        Err(error) => panic!("no manager for a test: {error}"),
    };
    let login = Login(manager.realm);
    let verified = login.verified(user, false);
    let info = SessionInfo::for_test(verified.at);
    Arc::new(Known {
        realm: verified.realm,
        user: verified.user,
        record: None,
        info: change(info),
        forced: false,
        pending: None,
        request: None,
    })
}
