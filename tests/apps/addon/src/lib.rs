//! What another crate adds to portcullis: a store, a guard and a clock.
//!
//! - [`CountingStore`] is around any store and counts what is asked of it.
//! - [`Allowed`] is a guard: who is logged in must also have a [`Permission`].
//! - [`ManualClock`] stands still until somebody moves it.

mod clock;
mod permission;
mod store;

pub use clock::ManualClock;
pub use permission::{Allowed, Forbidden, Grants, Permission};
pub use store::{CountingStore, Counts};
