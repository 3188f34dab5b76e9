//! What a [`Builder`](crate::Builder) has and has not yet: its states, and every
//! compile error about them.

use crate::{key::SecretKey, manager::finders::Finders, user::AuthUser};

/// The user type of a [`LoginManager`](crate::LoginManager) of which nothing is known yet.
#[derive(Debug)]
pub enum Unbuilt {}

/// The builder has no loader yet.
#[derive(Debug)]
pub struct NoLoader;

/// The builder has a loader of users of type `U`.
pub struct HasLoader<U>(pub(super) Finders<U>);

/// The builder has no key yet.
#[derive(Debug)]
pub struct NoKey;

/// The builder has a key.
#[derive(Debug)]
pub struct HasKey(pub(super) SecretKey);

impl<U> std::fmt::Debug for HasLoader<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HasLoader")
    }
}

/// The builder has no loader yet: bound of [`Builder::user_loader`](crate::Builder::user_loader).
#[diagnostic::on_unimplemented(
    message = "the user loader of this manager is set already",
    label = "a manager has one way to load users",
    note = "remove one of the two `.user_loader(…)`; for a second kind of user build a second manager",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait LoaderMissing: sealed::Sealed {}
#[diagnostic::do_not_recommend]
impl LoaderMissing for NoLoader {}

/// The builder has a loader: bound of [`Builder::build`](crate::Builder::build).
#[diagnostic::on_unimplemented(
    message = "this manager does not know how to load a user",
    label = "it can't be built without a user loader",
    note = "say how: `.user_loader(load_user)` with `async fn load_user(id: Id) -> Result<Option<User>, Error>`",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait LoaderGiven: sealed::Sealed {
    /// The user type of the loader.
    type User: AuthUser;
    #[doc(hidden)]
    fn into_loader(self) -> HasLoader<Self::User>;
}
#[diagnostic::do_not_recommend]
impl<U: AuthUser> LoaderGiven for HasLoader<U> {
    type User = U;
    fn into_loader(self) -> Self {
        self
    }
}

/// The builder knows its user type: bound of
/// [`Builder::on_event`](crate::Builder::on_event) and what else is about users.
#[diagnostic::on_unimplemented(
    message = "the user type of this manager is not known yet",
    label = "this comes after the user loader",
    note = "call `.user_loader(load_user)` before it: it says what the user type is",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait UserKnown: sealed::Sealed {
    /// The user type of the loader.
    type User: AuthUser;
    #[doc(hidden)]
    fn has_loader(&mut self) -> &mut HasLoader<Self::User>;
}
#[diagnostic::do_not_recommend]
impl<U: AuthUser> UserKnown for HasLoader<U> {
    type User = U;
    fn has_loader(&mut self) -> &mut Self {
        self
    }
}

/// The builder has no key yet: bound of [`Builder::secret_key`](crate::Builder::secret_key).
#[diagnostic::on_unimplemented(
    message = "the secret key of this manager is set already",
    label = "one key signs",
    note = "to change the key, give the earlier one with `.older_key(…)`",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait KeyMissing: sealed::Sealed {}
#[diagnostic::do_not_recommend]
impl KeyMissing for NoKey {}

/// The builder has a key: bound of [`Builder::build`](crate::Builder::build).
#[diagnostic::on_unimplemented(
    message = "this manager has no key to sign cookies with",
    label = "it can't be built without a secret key",
    note = "give it one: `.secret_key(SecretKey::from_env(\"SECRET_KEY\")?)`",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait KeyGiven: sealed::Sealed {
    #[doc(hidden)]
    fn into_key(self) -> SecretKey;
}
#[diagnostic::do_not_recommend]
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
