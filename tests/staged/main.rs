//! Logins in steps: passwords, limits for guessing, second factors, links.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(
    dead_code,
    missing_debug_implementations,
    unreachable_pub,
    reason = "each module uses a part of the world"
)]

mod example;
mod known_browsers;
mod links;
mod passwords;
mod second_factor;
#[path = "../support/mod.rs"]
mod support;
mod table;
mod throttle;
mod world;
