//! Policies: of policies, of roles, and for objects.
//!
//! A [`Policy`](crate::Policy) says what a user may do. Of a route the guard
//! [`Allowed`](crate::Allowed) asks it; here is what else there is to it:
//!
//! | I have | I write |
//! |---|---|
//! | two rules, and both must say yes | [`And<A, B>`](And) |
//! | two rules, and one is enough | [`Or<A, B>`](Or) |
//! | a rule that must say no | [`Not<A>`](Not) |
//! | a role that the user type knows | [`HasRole<R>`](HasRole), with `impl Role<User> for R` |
//! | an object that not everyone may touch | [`Login::allow`](crate::Login::allow), and [`Granted`] where it is touched |

mod combined;
mod granted;
mod role;

pub use combined::{And, Both, Not, Or};
pub use granted::Granted;
#[cfg(feature = "testing")]
pub(crate) use granted::hand_over;
pub use role::{HasRole, Role};

/// A policy is a name, and has no values.
#[derive(Debug)]
enum Never {}
