//! Counts what is asked of the users' table and of the stores, on one thread.

mod portcullis;

#[cfg(feature = "peers")]
mod axum_session;
#[cfg(feature = "peers")]
mod tower_sessions;

use std::cell::Cell;

/// A store whose steps are counted.
#[derive(Clone, Debug)]
pub struct Counting<T>(pub T);

thread_local! {
    static LOOK_UPS: Cell<usize> = const { Cell::new(0) };
    static STEPS: Cell<usize> = const { Cell::new(0) };
}

/// A user is looked up.
pub fn look_up() {
    LOOK_UPS.set(LOOK_UPS.get() + 1);
}

/// A store is asked.
fn step() {
    STEPS.set(STEPS.get() + 1);
}

pub fn reset() {
    LOOK_UPS.set(0);
    STEPS.set(0);
}

/// The users looked up, and the steps of the store.
pub fn read() -> (usize, usize) {
    (LOOK_UPS.get(), STEPS.get())
}
