//! Throw-away servers for tests, of the binaries on this machine.
//!
//! A test file asks for what it needs and returns where it gets none:
//!
//! ```ignore
//! let Some(server) = servers::redis().await else { return };
//! ```
//!
//! With `PORTCULLIS_REQUIRE_SERVERS=1` a test that gets none fails.

#![allow(dead_code)] // each test file uses some of it

mod process;
mod redis;

pub use self::redis::{
    Cluster, OwnRedis, RedisServer, own_cluster, own_redis, redis, redis_cluster,
};

/// Says that a test is skipped, or fails it where servers must be there.
fn skipped(what: &str, why: &str) {
    assert!(
        std::env::var_os("PORTCULLIS_REQUIRE_SERVERS").is_none_or(|value| value != "1"),
        "no {what} for this test: {why}"
    );
    eprintln!("SKIPPED: no {what} for this test: {why}");
}
