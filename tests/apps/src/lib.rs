//! The apps are in `tests/`, one file each.
