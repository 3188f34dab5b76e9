//! What a login costs when sessions are outside of the process: on SQLite,
//! PostgreSQL and Redis, with portcullis and with axum-login on the stores of
//! tower-sessions.
//!
//! `cargo run --release --manifest-path benches/compare-stores/Cargo.toml` starts the
//! servers from the binaries of this machine, or takes those of `DATABASE_URL` and
//! `REDIS_URL`, and prints a table.

#![allow(dead_code, reason = "the other table uses more of what is shared")]

#[path = "../../compare/src/apps/mod.rs"]
mod apps;
#[path = "../../compare/src/browser.rs"]
mod browser;
mod measure;
#[path = "../../compare/src/operation.rs"]
mod operation;
mod ours;
mod peers;
#[path = "../../../tests/servers/mod.rs"]
mod servers;

use apps::Users;
use browser::Running;
use tokio::runtime::Runtime;

/// Enough that not all are in one page of a database.
const SESSIONS: usize = 2_000;

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name| folder.path().join(name);
    let runtime = Runtime::new().expect("a runtime");
    let users = Users::new(SESSIONS);
    let measure = |name, make: &dyn Fn(&Users, &Runtime) -> apps::App| {
        measure::print(name, &mut Running::start(make, &users, SESSIONS));
    };
    measure::head();
    measure("SQLite, portcullis", &|users, runtime| {
        runtime.block_on(ours::sqlite(users, &file("ours")))
    });
    measure("SQLite, axum-login", &|users, runtime| {
        runtime.block_on(peers::sqlite(users, &file("peers")))
    });
    if let Some(database) = runtime.block_on(servers::postgres()) {
        measure("PostgreSQL, portcullis", &|users, runtime| {
            runtime.block_on(ours::postgres(users, database.url()))
        });
        measure("PostgreSQL, axum-login", &|users, runtime| {
            runtime.block_on(peers::postgres(users, database.url()))
        });
    }
    if let Some(server) = runtime.block_on(servers::redis()) {
        measure("Redis, portcullis", &|users, runtime| {
            runtime.block_on(ours::redis(users, server.url()))
        });
        measure("Redis, axum-login", &|users, runtime| {
            runtime.block_on(peers::redis(users, server.url()))
        });
    }
}
