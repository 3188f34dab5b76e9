//! Roles that the user type knows.

use std::{
    convert::Infallible,
    future::{Future, ready},
    marker::PhantomData,
};

use crate::{
    session::{Authenticated, Policy},
    web::{NoState, policy::Never},
};

/// A role of a user type: what the user is, as loaded with this request.
///
/// # Example
///
/// ```
/// use portcullis::{Allowed, HasRole, Role};
/// # use portcullis::{AuthHash, AuthUser, OneFactor};
///
/// struct Account { id: u64, roles: Vec<String> }
/// # impl AuthUser for Account {
/// #     type Id = u64;
/// #     type Factors = OneFactor;
/// #     fn id(&self) -> u64 { self.id }
/// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
/// # }
///
/// enum EditorRole {}
///
/// impl Role<Account> for EditorRole {
///     fn is_held_by(account: &Account) -> bool {
///         account.roles.iter().any(|role| role == "editor")
///     }
/// }
///
/// type Editor = Allowed<Account, HasRole<EditorRole>>;
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no role of a `{U}`",
    label = "whether a `{U}` holds it is nowhere said",
    note = "say it: `impl Role<{U}> for {Self} {{ fn is_held_by(user: &{U}) -> bool {{ … }} }}`",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait Role<U>: 'static {
    /// Does this user hold it?
    fn is_held_by(user: &U) -> bool;
}

/// Whoever holds the [role](Role) `R` may: a policy for routes and for objects.
#[derive(Debug)]
pub struct HasRole<R>(Never, PhantomData<fn() -> R>);

impl<U, On, R: Role<U>> Policy<U, On> for HasRole<R> {
    type State = NoState;
    type Error = Infallible;

    fn allows(
        by: &Authenticated<U>,
        _: &On,
        _: &NoState,
    ) -> impl Future<Output = Result<bool, Infallible>> + Send {
        ready(Ok(R::is_held_by(by)))
    }
}
