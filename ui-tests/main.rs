//! What does not compile, and in which words: each program under `fail/` is
//! one mistake, named as the rule that it breaks; each under `pass/` is legal.
//!
//! The words are rustc's to choose, so they are compared under the toolchain of
//! `rust-toolchain.toml` only. `TRYBUILD=overwrite cargo test --test ui` writes
//! them anew: read each of them aloud before you commit it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

#[test]
fn ui() {
    if let Err(found) = pinned_toolchain() {
        assert!(
            std::env::var_os("PORTCULLIS_REQUIRE_UI_TESTS").is_none(),
            "UI tests must not be skipped: {found}"
        );
        println!("UI tests skipped: {found}");
        return;
    }
    // Alone, so that they are checked in one go.
    let fail = trybuild::TestCases::new();
    fail.compile_fail("ui-tests/fail/*.rs");
    drop(fail);
    // With a program that passes beside them they are built: what a `const`
    // assertion says, it says at `cargo build`.
    let build = trybuild::TestCases::new();
    build.pass("ui-tests/pass/*.rs");
    build.compile_fail("ui-tests/fail/built/*.rs");
}

fn pinned_toolchain() -> Result<(), String> {
    let pinned = include_str!("../rust-toolchain.toml");
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = Command::new(rustc)
        .arg("--version")
        .output()
        .map_err(|error| error.to_string())?;
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let number = version.split(' ').nth(1).unwrap_or_default();
    let is_pinned = pinned.contains(&format!("channel = \"{number}\""));
    is_pinned.then_some(()).ok_or(format!(
        "their messages are those of another rustc than {}",
        version.trim()
    ))
}
