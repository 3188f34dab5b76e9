//! What the targets share: the world of the integration tests, cookies and
//! signatures written once more by other hands, and a reader of inputs.

#![allow(clippy::unwrap_used, reason = "a target fails by panicking")]

pub mod cookies;
pub mod forge;
pub mod input;
#[allow(clippy::new_without_default, reason = "in a test nobody else reads it")]
#[path = "../../tests/support/mod.rs"]
pub mod support;

use std::future::Future;

use portcullis::{LoginManager, fuzz_bridge::Cookies};
use support::{ByHand, START, User, key};

/// The key that signs, one that signed before, and one that nobody gave us.
pub const NEWEST: u8 = 1;
pub const OLDER: u8 = 2;
pub const FOREIGN: u8 = 3;

/// The cookies of the realm `login`.
pub fn cookies_of_a_realm() -> Cookies {
    cookies_of("login")
}

/// The cookies of a realm with the first two keys, at [`START`].
pub fn cookies_of(realm: &str) -> Cookies {
    let manager: LoginManager<User> = LoginManager::builder()
        .user_loader(async |_| Ok::<Option<User>, std::convert::Infallible>(None))
        .secret_key(key(NEWEST))
        .older_key(key(OLDER))
        .clock(ByHand::at(START))
        .realm(realm)
        .build()
        .unwrap();
    Cookies::of(&manager)
}

/// Runs one input by itself: what it has spawned ends with it.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(future)
}
