//! What a checked first factor is, for users of two.

use std::fmt;

use crate::{
    manager::Verified,
    user::{AuthUser, Factors},
};

/// What a check of one factor gives: a [`Verified`] if one is enough for users of
/// this type, a [`FirstFactor`] if they have two.
pub type Proved<U> = <<U as AuthUser>::Factors as Factors>::Either<Verified<U>, FirstFactor<U>>;

/// The first of two factors is checked: from
/// [`check_password`](crate::Login::check_password) and
/// [`vouch_for`](crate::Login::vouch_for), for a user type with
/// [`TwoFactors`](crate::TwoFactors). Match it.
///
/// # Example
///
/// ```
/// use axum::response::Redirect;
/// use portcullis::{Anonymous, AuthUser, FirstFactor, LoginError, Session, TwoFactors};
///
/// async fn go_on<U: AuthUser<Factors = TwoFactors>>(
///     session: Session<Anonymous>,
///     first: FirstFactor<U>,
/// ) -> Result<Redirect, LoginError> {
///     match first {
///         FirstFactor::IsEnough(verified) => Ok(session.login_user(verified).await?.next_or("/")),
///         FirstFactor::AsksForSecond(half) => {
///             let session = session.begin_login(half).await?;
///             Ok(session.second_factor_page())
///         }
///     }
/// }
/// ```
#[must_use = "nobody is logged in yet"]
pub enum FirstFactor<U> {
    /// This user [has no second factor](AuthUser::has_second_factor) yet.
    IsEnough(Verified<U>),
    /// Nobody is logged in before the second factor is checked.
    AsksForSecond(HalfVerified<U>),
}

/// "This person proved to be this user by the first of two factors, just now":
/// what [`begin_login`](crate::Session::begin_login) takes, and
/// [`check_second_factor`](crate::Login::check_second_factor). Good for 5 minutes.
#[must_use = "nobody is logged in before `begin_login` and the second factor"]
pub struct HalfVerified<U>(pub(crate) Verified<U>);

impl<U: AuthUser> HalfVerified<U> {
    /// The user.
    pub fn user(&self) -> &U {
        self.0.user()
    }
}

impl<U: AuthUser> FirstFactor<U> {
    pub(crate) fn of(verified: Verified<U>) -> Self {
        match verified.user().has_second_factor() {
            true => Self::AsksForSecond(HalfVerified(verified)),
            false => Self::IsEnough(verified),
        }
    }

    /// The user.
    pub fn user(&self) -> &U {
        match self {
            Self::IsEnough(verified) => verified.user(),
            Self::AsksForSecond(half) => half.user(),
        }
    }
}

impl<U> fmt::Debug for FirstFactor<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IsEnough(_) => "FirstFactor::IsEnough",
            Self::AsksForSecond(_) => "FirstFactor::AsksForSecond",
        })
    }
}

impl<U> fmt::Debug for HalfVerified<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HalfVerified")
    }
}
