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
    note = "the handle comes from `into_router(|login| …)` of the manager for `{U}`",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
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

/// A state of which `T` is a part: what a [`Policy`](crate::Policy) or a guard of
/// your own needs besides the login.
///
/// Comes by itself with `FromRef`: derive it for the state.
#[diagnostic::on_unimplemented(
    message = "the state `{Self}` holds no `{T}`",
    label = "the check of this route needs a `{T}`",
    note = "add a field of type `{T}` to the state and `#[derive(Clone, FromRef)]` (axum's feature `macros`)",
    note = "a `Both<A, B>` is there when `A` and `B` are: two policies in one",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait StateWith<T>: Send + Sync {
    /// The part.
    fn part(&self) -> T;
}

#[diagnostic::do_not_recommend]
impl<T, S> StateWith<T> for S
where
    S: Send + Sync,
    T: FromRef<S>,
{
    fn part(&self) -> T {
        T::from_ref(self)
    }
}

/// The state of a policy that needs none.
#[diagnostic::on_unimplemented(
    message = "this policy can't say without a `{Self}`",
    label = "`allow` gives it none",
    note = "give it one: `login.allow_with(&by, object, &state)`",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait NeedsNoState: Sized {
    #[doc(hidden)]
    fn none() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: FromRef<()>> NeedsNoState for T {
    fn none() -> Self {
        Self::from_ref(&())
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
