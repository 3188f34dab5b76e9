//! What each state can do. Every compile error about a transition is written here.
//!
//! The bounds stand on the methods, so that rustc says in these words what is
//! missing instead of "method not found". What implements them is not
//! recommended: rustc would quote it beside each message.

use std::sync::Arc;

use crate::{
    manager::{Core, HalfVerified, Verified},
    session::{
        Allowed, Anonymous, Authenticated, Fresh, FreshWindow, OnlyRealm, Pending, Window, Within,
        known::Known,
    },
    user::AuthUser,
};

/// A state in which a user is logged in.
#[diagnostic::on_unimplemented(
    message = "nobody is logged in: the state of this session is `{Self}`",
    label = "this needs a session in which a user is logged in",
    note = "ask for `Session<Authenticated<User>>` as the handler's first argument, or call `login_user` before",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait LoggedIn: sealed::LoggedIn<Self::User> {
    /// The user type.
    type User: AuthUser;
}

#[diagnostic::do_not_recommend]
impl<U: AuthUser> LoggedIn for Authenticated<U> {
    type User = U;
}

#[diagnostic::do_not_recommend]
impl<U: AuthUser> LoggedIn for Fresh<U> {
    type User = U;
}

#[diagnostic::do_not_recommend]
impl<U: AuthUser, W: FreshWindow> LoggedIn for Fresh<U, W> {
    type User = U;
}

#[diagnostic::do_not_recommend]
impl<U: AuthUser, P> LoggedIn for Allowed<U, P> {
    type User = U;
}

/// A state in which it is known who the user is, logged in or about to be.
#[diagnostic::on_unimplemented(
    message = "nobody is logged in: the state of this session is `{Self}`",
    label = "this needs a session in which a user is logged in",
    note = "ask for `Session<Authenticated<User>>` as the handler's first argument, or call `login_user` before",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait KnowsUser: sealed::KnowsUser<Self::User> {
    /// The user type.
    type User: AuthUser;
}

#[diagnostic::do_not_recommend]
impl<U: AuthUser> KnowsUser for Authenticated<U> {
    type User = U;
}

#[diagnostic::do_not_recommend]
impl<U: AuthUser, W: Window> KnowsUser for Fresh<U, W> {
    type User = U;
}

#[diagnostic::do_not_recommend]
impl<U: AuthUser, P> KnowsUser for Allowed<U, P> {
    type User = U;
}

#[diagnostic::do_not_recommend]
impl<U: AuthUser> KnowsUser for Pending<U> {
    type User = U;
}

/// A state in which the first of two factors is checked.
#[diagnostic::on_unimplemented(
    message = "no login waits for a second factor: the state of this session is `{Self}`",
    label = "this needs a session whose first factor is checked",
    note = "ask for `Session<Pending<User>>` as the handler's first argument, or call `begin_login` before",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait IsPending: sealed::IsPending<Self::User> {
    /// The user type.
    type User: AuthUser;
}

#[diagnostic::do_not_recommend]
impl<U: AuthUser> IsPending for Pending<U> {
    type User = U;
}

/// A state in which a user of type `U` may log in: nobody is logged in.
#[diagnostic::on_unimplemented(
    message = "a `{U}` can't log in here: the state of this session is `{Self}`",
    label = "only an anonymous session logs in",
    note = "ask for `Session<Anonymous>` as the handler's first argument, or call `logout_user` before",
    note = "to log in as somebody else use `switch_user`; for the password once more, `confirm_login`",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait MayLogIn<U>: sealed::MayLogIn<U> {}

#[diagnostic::do_not_recommend]
impl<U: AuthUser> MayLogIn<U> for Anonymous<U> {}

#[diagnostic::do_not_recommend]
impl<U> MayLogIn<U> for Anonymous<OnlyRealm> {}

/// A state in which the user gave the password just now.
#[diagnostic::on_unimplemented(
    message = "the login is not known to be fresh: the state of this session is `{Self}`",
    label = "this needs a session of somebody who gave the password just now",
    note = "ask for `Session<Fresh<User>>` as the handler's first argument, or call `confirm_login` before",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait IsFresh: LoggedIn {}

#[diagnostic::do_not_recommend]
impl<U: AuthUser> IsFresh for Fresh<U> {}

#[diagnostic::do_not_recommend]
impl<U: AuthUser, W: FreshWindow> IsFresh for Fresh<U, W> {}

/// Somebody who proved to be a `U`: a [`Verified<U>`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` has not proved to be a `{U}`",
    label = "expected a `Verified<{U}>`",
    note = "a `FirstFactor` is matched: one that asks for a second factor goes into `session.begin_login(half)`",
    note = "after your own check of a user say so: `login.vouch_for(user)`, with `login: Login<{U}>`",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait IsVerified<U>: sealed::IsVerified<U> {}

#[diagnostic::do_not_recommend]
impl<U: AuthUser> IsVerified<U> for Verified<U> {}

/// Somebody who proved to be a `U` by the first of two factors: a [`HalfVerified<U>`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no checked first factor of a `{U}`",
    label = "expected a `HalfVerified<{U}>`",
    note = "`login.check_password(…)` and `login.vouch_for(user)` give a `FirstFactor` to match, which has one",
    note = "a user of one factor is logged in at once: `session.login_user(verified)`",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait IsHalfVerified<U>: sealed::IsHalfVerified<U> {}

#[diagnostic::do_not_recommend]
impl<U: AuthUser> IsHalfVerified<U> for HalfVerified<U> {}

#[expect(
    private_interfaces,
    reason = "nobody outside can name these traits or call their methods"
)]
pub(super) mod sealed {
    use super::*;

    pub trait LoggedIn<U: AuthUser> {
        /// How fresh the login is, if that is what the state says.
        #[doc(hidden)]
        const FRESH: Option<Within>;

        #[doc(hidden)]
        fn known(&self) -> &Arc<Known<U>>;
    }

    impl<U: AuthUser> LoggedIn<U> for Authenticated<U> {
        const FRESH: Option<Within> = None;

        fn known(&self) -> &Arc<Known<U>> {
            &self.0
        }
    }

    impl<U: AuthUser, W: Window> LoggedIn<U> for Fresh<U, W> {
        const FRESH: Option<Within> = Some(W::WITHIN);

        fn known(&self) -> &Arc<Known<U>> {
            Fresh::known(self)
        }
    }

    impl<U: AuthUser, P> LoggedIn<U> for Allowed<U, P> {
        const FRESH: Option<Within> = None;

        fn known(&self) -> &Arc<Known<U>> {
            &self.0
        }
    }

    pub trait MayLogIn<U> {
        #[doc(hidden)]
        fn core(&self) -> &Arc<Core>;
    }

    impl<U: AuthUser> MayLogIn<U> for Anonymous<U> {
        fn core(&self) -> &Arc<Core> {
            &self.core
        }
    }

    impl<U> MayLogIn<U> for Anonymous<OnlyRealm> {
        fn core(&self) -> &Arc<Core> {
            &self.core
        }
    }

    pub trait IsVerified<U> {
        #[doc(hidden)]
        fn into_verified(self) -> Verified<U>;
    }

    impl<U: AuthUser> IsVerified<U> for Verified<U> {
        fn into_verified(self) -> Verified<U> {
            self
        }
    }

    pub trait KnowsUser<U: AuthUser> {
        #[doc(hidden)]
        fn somebody(&self) -> &Arc<Known<U>>;
    }

    impl<U: AuthUser> KnowsUser<U> for Authenticated<U> {
        fn somebody(&self) -> &Arc<Known<U>> {
            &self.0
        }
    }

    impl<U: AuthUser, W: Window> KnowsUser<U> for Fresh<U, W> {
        fn somebody(&self) -> &Arc<Known<U>> {
            Fresh::known(self)
        }
    }

    impl<U: AuthUser, P> KnowsUser<U> for Allowed<U, P> {
        fn somebody(&self) -> &Arc<Known<U>> {
            &self.0
        }
    }

    impl<U: AuthUser> KnowsUser<U> for Pending<U> {
        fn somebody(&self) -> &Arc<Known<U>> {
            self.half_known()
        }
    }

    pub trait IsPending<U: AuthUser> {
        #[doc(hidden)]
        fn half_known(&self) -> &Arc<Known<U>>;
    }

    impl<U: AuthUser> IsPending<U> for Pending<U> {
        fn half_known(&self) -> &Arc<Known<U>> {
            Pending::half_known(self)
        }
    }

    pub trait IsHalfVerified<U> {
        #[doc(hidden)]
        fn into_half_verified(self) -> HalfVerified<U>;
    }

    impl<U: AuthUser> IsHalfVerified<U> for HalfVerified<U> {
        fn into_half_verified(self) -> HalfVerified<U> {
            self
        }
    }
}
