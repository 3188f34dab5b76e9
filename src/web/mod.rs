//! Between HTTP and the login states: cookies in and out, asking for the
//! login, and the answers to those who may not.
//!
//! A request to a handler on [`Routes`](crate::Routes) takes this way:
//! [`mount`] refuses foreign origins and opens a visit; [`ask`] asks for
//! what the handler's guard proves, and [`find`] reads the cookie and finds the
//! session; the handler runs; [`answer`] turns the marker of a refusal into what
//! this client understands and sends the cookies.

pub(crate) mod answer;
pub(crate) mod ask;
mod by;
pub(crate) mod cookies;
pub(crate) mod cross_origin;
mod current_user;
mod data;
pub(crate) mod find;
pub(crate) mod flash;
pub(crate) mod instead;
pub(crate) mod mount;
mod next;
mod on_refusal;
mod peer;
mod policy;
mod refusal;
mod refused;
mod state;
mod words;

pub use answer::Answers;
pub use by::{By, HoldsProof, NoState};
pub use current_user::CurrentUser;
pub use data::{Data, SessionData};
pub use flash::{Flash, Flashes};
#[cfg(feature = "testing")]
pub(crate) use policy::hand_over;
pub use policy::{And, Both, Granted, HasRole, Not, Or, Role};
pub use refusal::{Reason, Refusal};
pub use state::{LoginState, NeedsNoState, StateWith};
