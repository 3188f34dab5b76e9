//! Throw-away servers for tests, of the binaries on this machine.
//!
//! A test file asks for what it needs and returns where it gets none:
//!
//! ```ignore
//! let Some(database) = servers::postgres().await else { return };
//! ```
//!
//! With `PORTCULLIS_REQUIRE_SERVERS=1` a test that gets none fails.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "each test file uses a part of it"
)]

pub mod app;
#[cfg(feature = "postgres")]
mod postgres;
mod process;
#[cfg(feature = "redis")]
mod redis;

#[cfg(feature = "redis")]
pub use self::redis::{
    Cluster, OwnRedis, RedisServer, own_cluster, own_redis, redis, redis_cluster,
};
#[cfg(feature = "postgres")]
pub use postgres::{Database, OwnPostgres, own_postgres, postgres};

use std::io::{Write, stderr};

/// Says that a test is skipped, or fails it where servers must be there.
fn skipped(what: &str, why: &str) {
    assert!(
        std::env::var_os("PORTCULLIS_REQUIRE_SERVERS").is_none_or(|value| value != "1"),
        "no {what} for this test: {why}"
    );
    // Not by `eprintln!`, which the harness hides where a test passes.
    writeln!(stderr(), "SKIPPED: no {what} for this test: {why}").ok();
}
