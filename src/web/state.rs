//! The app's state, as far as logins go.

use std::convert::Infallible;

use axum::{
    extract::{FromRef, FromRequestParts},
    http::request::Parts,
};

use crate::{manager::Login, user::AuthUser};

/// A state that holds the [`Login<U>`] of a manager.
///
/// Comes by itself with `FromRef`: derive it for the state, or use the
/// `Login<U>` as the state.
#[diagnostic::on_unimplemented(
    message = "the state `{Self}` holds no `Login<{U}>`",
    label = "this needs the `Login<{U}>` of its manager in the state",
    note = "add a field `login: Login<{U}>` to the state and `#[derive(Clone, FromRef)]` (axum's feature `macros`)",
    note = "the handle comes from `into_router(|login| …)` of the manager for `{U}`"
)]
pub trait LoginState<U>: Send + Sync {
    /// The handle.
    fn login(&self) -> Login<U>;
}

#[diagnostic::do_not_recommend]
impl<U, S> LoginState<U> for S
where
    S: Send + Sync,
    Login<U>: FromRef<S>,
{
    fn login(&self) -> Login<U> {
        Login::from_ref(self)
    }
}

/// The handle, for a handler that logs in: `login: Login<User>`.
impl<S, U: AuthUser> FromRequestParts<S> for Login<U>
where
    S: LoginState<U>,
{
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, state: &S) -> Result<Self, Infallible> {
        Ok(state.login())
    }
}
