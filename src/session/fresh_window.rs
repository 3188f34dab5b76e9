//! Fresh windows with a name: how short ago is short enough.

use crate::manager::FreshFor;

/// How short ago the user must have given the password, as a type: the `W` of
/// [`Fresh<U, W>`](crate::Fresh).
///
/// Name one for what the manager's [`fresh_for`](crate::Builder::fresh_for) is too
/// long for: a transfer, where plain [`Fresh`](crate::Fresh) does for a new
/// address. [`OneMinute`], [`FiveMinutes`] and [`FifteenMinutes`] are given.
///
/// A name never widens the manager's window: of the two the narrower counts.
///
/// # Example
///
/// ```
/// use portcullis::{Fresh, FreshWindow};
/// # use portcullis::{AuthHash, AuthUser, OneFactor};
/// # struct Account { id: u64 }
/// # impl AuthUser for Account {
/// #     type Id = u64;
/// #     type Factors = OneFactor;
/// #     fn id(&self) -> u64 { self.id }
/// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
/// # }
///
/// enum JustNow {}
///
/// impl FreshWindow for JustNow {
///     const SECONDS: u64 = 30;
/// }
///
/// async fn transfer(by: Fresh<Account, JustNow>) -> String {
///     format!("{} gave the password within 30 seconds", by.id)
/// }
/// ```
///
/// Zero seconds let nobody in, and do not compile where somebody asks for them.
/// A window shorter than the way back from the
/// [refresh path](crate::Builder::refresh_path) lets nobody in either.
pub trait FreshWindow: 'static {
    /// So many seconds ago at most.
    const SECONDS: u64;

    /// Must a second factor have been given with the password? A login of which
    /// it is [not known](crate::SessionInfo::by_second_factor) is not fresh then.
    ///
    /// A program is told of the age alone: what a challenge could say besides
    /// are values that an authorization server defines (RFC 9470, section 3).
    const BY_SECOND_FACTOR: bool = false;
}

/// A [`FreshWindow`] of 60 seconds.
#[derive(Debug)]
pub enum OneMinute {}

/// A [`FreshWindow`] of 300 seconds.
#[derive(Debug)]
pub enum FiveMinutes {}

/// A [`FreshWindow`] of 900 seconds.
#[derive(Debug)]
pub enum FifteenMinutes {}

impl FreshWindow for OneMinute {
    const SECONDS: u64 = 60;
}

impl FreshWindow for FiveMinutes {
    const SECONDS: u64 = 5 * 60;
}

impl FreshWindow for FifteenMinutes {
    const SECONDS: u64 = 15 * 60;
}

/// In plain [`Fresh<U>`](crate::Fresh): the window is the manager's, known when
/// the app runs.
#[derive(Debug)]
pub enum ManagersWindow {}

/// What can be the `W` of [`Fresh<U, W>`](crate::Fresh): a [`FreshWindow`], or nothing.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no fresh window",
    label = "how long it is is nowhere said",
    note = "say it: `impl FreshWindow for {Self} {{ const SECONDS: u64 = …; }}`",
    note = "or take one that is given: `OneMinute`, `FiveMinutes`, `FifteenMinutes`",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait Window: sealed::Window {}

impl Window for ManagersWindow {}

#[diagnostic::do_not_recommend]
impl<W: FreshWindow> Window for W {}

/// What is asked of a fresh login besides the manager's own window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Within {
    seconds: Option<u64>,
    pub(crate) second_factor: bool,
}

impl Within {
    /// Nothing more.
    pub(crate) const MANAGERS: Self = Self {
        seconds: None,
        second_factor: false,
    };

    /// What both ask.
    pub(crate) fn and(self, other: Self) -> Self {
        let seconds = self.seconds.into_iter().chain(other.seconds).min();
        Self {
            seconds,
            second_factor: self.second_factor || other.second_factor,
        }
    }

    /// The window that counts: the manager's, or this one if it is narrower.
    pub(crate) fn of(self, managers: FreshFor) -> FreshFor {
        managers.narrowed(self.seconds)
    }
}

/// Why who is fresh within `A` need not be so within `B`, if that is so.
pub(crate) const fn wider<A: FreshWindow, B: FreshWindow>() -> Fault {
    if A::SECONDS > B::SECONDS {
        Some(
            "this fresh window is wider than the one that is asked for: ask for one as narrow as that",
        )
    } else if B::BY_SECOND_FACTOR && !A::BY_SECOND_FACTOR {
        Some("the fresh window that is asked for wants a second factor, and this one does not")
    } else {
        None
    }
}

/// What is wrong between two types that traits can't compare.
pub(crate) type Fault = Option<&'static str>;

#[expect(
    private_interfaces,
    reason = "nobody outside can name this trait or read its constant"
)]
mod sealed {
    use super::{FreshWindow, ManagersWindow, Within};

    pub trait Window: 'static {
        #[doc(hidden)]
        const WITHIN: Within;
    }

    impl Window for ManagersWindow {
        const WITHIN: Within = Within::MANAGERS;
    }

    impl<W: FreshWindow> Window for W {
        const WITHIN: Within = {
            assert!(
                W::SECONDS > 0,
                "a fresh window of zero seconds lets nobody in"
            );
            Within {
                seconds: Some(W::SECONDS),
                second_factor: W::BY_SECOND_FACTOR,
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_name_never_widens_the_managers_window() {
        let minutes = |minutes: u64| FreshFor::Window(Duration::from_secs(60 * minutes));
        let five = <FiveMinutes as sealed::Window>::WITHIN;
        assert_eq!(five.of(minutes(15)), minutes(5));
        assert_eq!(five.of(minutes(1)), minutes(1));
        assert_eq!(five.of(minutes(0)), minutes(0));
        assert_eq!(five.of(FreshFor::WholeSession), minutes(5));
        assert_eq!(Within::MANAGERS.of(minutes(1)), minutes(1));
        let whole = Within::MANAGERS.of(FreshFor::WholeSession);
        assert_eq!(whole, FreshFor::WholeSession);
    }

    #[test]
    fn what_two_guards_ask_is_asked_together() {
        let (one, five) = (
            <OneMinute as sealed::Window>::WITHIN,
            <FiveMinutes as sealed::Window>::WITHIN,
        );
        let with_factor = Within {
            second_factor: true,
            ..Within::MANAGERS
        };
        assert_eq!(one.and(five), one);
        assert_eq!(five.and(Within::MANAGERS), five);
        for together in [five.and(with_factor), with_factor.and(five)] {
            assert_eq!(together.seconds, five.seconds);
            assert!(together.second_factor);
        }
        assert!(!one.and(five).second_factor);
    }
}
