//! The library beside a model of it: whatever happens, both say the same.
//!
//! A case is a random sequence of [`steps`]. Each is taken by the app, through
//! HTTP, and by the [`reference`], which is written as plainly as the design;
//! the answers and the lists of live sessions are compared after each. A
//! sequence that tells them apart is cut down to the steps that matter.
//!
//! `PROPTEST_CASES=100000 PROPTEST_RNG_SEED=7 cargo test --test model` looks further.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(unreachable_pub, reason = "modules of a test are read by nobody else")]

mod reference;
mod steps;
#[path = "../support/mod.rs"]
mod support;
mod together;

use std::cell::Cell;

use proptest::test_runner::{Config, RngSeed, TestRunner};
use reference::Protection;
use together::Together;

/// In each mode of session protection.
const SEQUENCES: u32 = 1_200;

fn agree(protection: Protection) {
    let mut config = Config::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = SEQUENCES;
    }
    // The same sequences each time, and others in each mode.
    let seed = match config.rng_seed {
        RngSeed::Random => 0,
        RngSeed::Fixed(seed) => seed,
    };
    config.rng_seed = RngSeed::Fixed(seed.wrapping_mul(3).wrapping_add(protection as u64));
    config.failure_persistence = None;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let cases = (steps::rules(protection), steps::sequence());
    let (agreed, failed) = (Cell::new(0_u32), Cell::new(false));
    let outcome = TestRunner::new(config).run(&cases, |(rules, steps)| {
        runtime
            .block_on(async {
                let mut together = Together::new(rules);
                for step in steps {
                    together.take(step).await?;
                }
                Ok(())
            })
            .inspect(|()| agreed.set(agreed.get() + u32::from(!failed.get())))
            .inspect_err(|_| failed.set(true))
    });
    if let Err(error) = outcome {
        panic!("after {} sequences: {error}", agreed.get());
    }
}

#[test]
fn without_session_protection() {
    agree(Protection::Off);
}

#[test]
fn with_basic_session_protection() {
    agree(Protection::Basic);
}

#[test]
fn with_strong_session_protection() {
    agree(Protection::Strong);
}
