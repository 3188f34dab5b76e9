//! The locks and counters that threads of one process share: those of `std`, and
//! under `--cfg shuttle`, in the tests of this crate, ones whose threads are
//! scheduled in every order.

#[cfg(not(all(test, shuttle)))]
pub(super) use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

#[cfg(all(test, shuttle))]
pub(super) use shuttle::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicUsize, Ordering},
};
