//! The ring of keys in service: a key is changed with nobody logged out, and
//! what a retired key has signed is worth nothing.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::{Arc, Mutex};

use axum::http::{StatusCode, header};
use portcullis::{Flashes, Login, NextIn, Purpose, Routes, SecretKey};
use support::*;

/// One server, before, during and after a change of its key.
struct Servers {
    old: World,
    both: World,
    new: World,
    /// The handles of their realms, in this order.
    logins: Arc<Mutex<Vec<Login<User>>>>,
}

enum Reset {}

impl Purpose for Reset {
    const NAME: &'static str = "reset";
}

async fn told(flashes: Flashes<User>) -> String {
    format!("{}", flashes.into_iter().count())
}

impl Servers {
    fn new() -> Self {
        let logins = Arc::new(Mutex::new(vec![]));
        let more = |routes: Routes<App>, login: Login<User>| {
            logins.lock().unwrap().push(login);
            routes.get("/told", portcullis::public(told))
        };
        let settings = |builder: Ready| builder.next_in(NextIn::Cookie);
        let old = World::with(settings, more);
        let restarted = |key, settings: &dyn Fn(Ready) -> Ready| {
            let (clock, store) = (old.clock.clone(), old.store.clone());
            World::around(clock, store, old.database.clone(), key, settings, more)
        };
        let both = restarted(key(2), &|builder| settings(builder).older_key(key(1)));
        let new = restarted(key(2), &settings);
        Self {
            old,
            both,
            new,
            logins,
        }
    }
}

/// The same browser at another server.
fn at(world: &World, browser: &Browser) -> Browser {
    let mut browser = browser.clone();
    browser.app = world.app.clone();
    browser
}

#[tokio::test]
async fn a_session_is_signed_anew_with_its_next_use_and_outlives_the_old_key() {
    let servers = Servers::new();
    let browser = servers.old.logged_in(1).await;
    assert_eq!(at(&servers.new, &browser).get("/who").await.body, "nobody");
    let mut browser = at(&servers.both, &browser);
    assert_eq!(browser.get("/me").await.body, "user 1");
    assert_eq!(at(&servers.new, &browser).get("/me").await.body, "user 1");
    assert_eq!(at(&servers.old, &browser).get("/who").await.body, "nobody");
}

#[tokio::test]
async fn a_strangers_data_is_signed_anew_too() {
    let servers = Servers::new();
    let mut browser = servers.old.browser();
    browser.post("/cart/7").await;
    let cart = |body: &str| body.contains("cart [7]");
    assert!(!cart(&at(&servers.new, &browser).get("/data").await.body));
    let mut browser = at(&servers.both, &browser);
    assert!(cart(&browser.get("/data").await.body));
    assert!(cart(&at(&servers.new, &browser).get("/data").await.body));
}

#[tokio::test]
async fn a_remembered_browser_gets_a_token_of_the_new_key() {
    let servers = Servers::new();
    let mut browser = servers.old.remembered(1).await;
    browser.close();
    assert_eq!(at(&servers.new, &browser).get("/who").await.body, "nobody");
    let mut browser = at(&servers.both, &browser);
    assert_eq!(browser.get("/me").await.body, "user 1");
    browser.close();
    assert_eq!(at(&servers.new, &browser).get("/me").await.body, "user 1");
}

#[tokio::test]
async fn what_a_browser_carries_to_the_next_page_is_good_until_the_key_is_retired() {
    let servers = Servers::new();
    let mut browser = servers.old.browser();
    assert_eq!(
        browser.get("/fresh").await.status,
        StatusCode::SEE_OTHER,
        "with a message, and with `next`"
    );
    for (world, messages, next) in [(&servers.both, "1", "/fresh"), (&servers.new, "0", "/me")] {
        assert_eq!(at(world, &browser).get("/told").await.body, messages);
        let reply = at(world, &browser).post("/remember/1").await;
        assert_eq!(reply.header(header::LOCATION), Some(next));
    }
}

#[tokio::test]
async fn a_link_by_mail_is_good_until_the_key_is_retired() {
    let servers = Servers::new();
    let logins = servers.logins.lock().unwrap().clone();
    let [old, both, new] = &logins[..] else {
        panic!("three servers")
    };
    let user = servers.old.database.find(1).unwrap();
    let token = old.one_time_token::<Reset>(&user).await.unwrap();
    let link = token.reveal().to_owned();
    let read = |link: &str| serde_json::from_value(link.into());
    assert!(
        new.redeem::<Reset>(read(&link).unwrap())
            .await
            .unwrap_err()
            .is_refused()
    );
    assert_eq!(
        both.redeem::<Reset>(read(&link).unwrap()).await.unwrap().id,
        1
    );
}

#[test]
fn a_key_is_read_from_a_file_as_secrets_are_mounted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signing.hex");
    let hex = "0f".repeat(32);
    for good in [hex.clone(), format!("{hex}\n"), hex.to_uppercase()] {
        std::fs::write(&path, good).unwrap();
        SecretKey::from_file(&path).unwrap();
    }
    for bad in ["", "0f0f", &"0".repeat(64), &format!("{hex}xy"), "\u{fffd}"] {
        std::fs::write(&path, bad).unwrap();
        let error = SecretKey::from_file(&path).unwrap_err().to_string();
        assert!(error.contains("signing.hex"), "which file: {error}");
        assert!(
            bad.is_empty() || !error.contains(bad),
            "never what is in it: {error}"
        );
    }
    std::fs::write(&path, [0xff; 32]).unwrap();
    let error = SecretKey::from_file(&path).unwrap_err().to_string();
    assert!(
        error.contains("hexadecimal"),
        "bytes instead of digits: {error}"
    );
    assert!(SecretKey::from_file(folder.path().join("none")).is_err());
}
