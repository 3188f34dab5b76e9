//! Sessions in PostgreSQL.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "../servers/mod.rs"]
mod servers;

mod bounds;
mod cancelled;
mod conforms;
mod migrate;
mod plans;
mod proxy;
mod races;
mod support;
mod watching;
