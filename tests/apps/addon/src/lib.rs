//! What another crate adds to portcullis: a store, a guard and a clock.
