//! What released versions have written still reads: cookies, links and records.
//!
//! Each `tests/golden/*.json` is the world as a version left it. Nothing in it is
//! ever changed. A format that changes adds a file:
//! `PORTCULLIS_WRITE_GOLDEN=0.2 cargo test --all-features --test golden`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/mod.rs"]
mod support;

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use axum::{
    extract::{Path, State},
    http::header,
};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use portcullis::{
    Anonymous, Flashes, Login, LoginError, NextIn, Purpose, Routes, Session, Timestamp, public,
    store::{
        Insert, Inserted, Load, Record, RecordId, RecordKind, SessionStore, TokenHash, UserIndex,
        Version,
    },
};
use serde::{Deserialize, Serialize};
use support::*;

/// A world as a version left it.
#[derive(Serialize, Deserialize)]
struct Golden {
    /// Seconds since 1970.
    at: u64,
    browsers: Vec<Kept>,
    link: String,
    records: Vec<Written>,
}

/// The cookies of a browser, by name, and which of them outlive its window.
#[derive(Serialize, Deserialize)]
struct Kept {
    jar: std::collections::BTreeMap<String, String>,
    persistent: BTreeSet<String>,
}

/// A record, as any store keeps it. Bytes are in hexadecimal digits.
#[derive(Serialize, Deserialize)]
struct Written {
    kind: u8,
    id: String,
    hash: String,
    user: Option<String>,
    series: Option<String>,
    created: u64,
    seen: u64,
    expires: u64,
    version: u64,
    body: String,
}

impl Written {
    fn of(record: &Record) -> Self {
        Self {
            kind: record.kind.number(),
            id: record.id.to_string(),
            hash: HEXLOWER.encode(record.hash.as_bytes()),
            user: record.user.map(|user| HEXLOWER.encode(user.as_bytes())),
            series: record.series.map(|series| series.to_string()),
            created: record.created.unix_seconds(),
            seen: record.seen.unix_seconds(),
            expires: record.expires.unix_seconds(),
            version: record.version.number(),
            body: HEXLOWER.encode(&record.body),
        }
    }

    fn read(&self) -> Record {
        let mut record = Record::new(
            RecordKind::from_number(self.kind).unwrap(),
            self.id.parse().unwrap(),
            TokenHash::from_bytes(bytes(&self.hash)),
            Timestamp::from_unix_seconds(self.expires),
            HEXLOWER.decode(self.body.as_bytes()).unwrap(),
        );
        record.user = self
            .user
            .as_deref()
            .map(|user| UserIndex::from_bytes(bytes(user)));
        record.series = self.series.as_ref().map(|series| series.parse().unwrap());
        record.created = Timestamp::from_unix_seconds(self.created);
        record.seen = Timestamp::from_unix_seconds(self.seen);
        record.version = Version::from_number(self.version);
        record
    }
}

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    HEXLOWER.decode(hex.as_bytes()).unwrap().try_into().unwrap()
}

enum Link {}

impl Purpose for Link {
    const NAME: &'static str = "link";
}

async fn told(flashes: Flashes<User>) -> String {
    format!("{}", flashes.into_iter().count())
}

/// Logs in after a check that counts, which makes the browser a known one.
async fn checked(
    session: Session<Anonymous>,
    login: Login<User>,
    State(app): State<App>,
    Path(id): Path<u64>,
) -> Result<(), LoginError> {
    let user = app.database.find(id).unwrap();
    login.attempt("one", Some(&user)).await?.succeeded().await?;
    session.login_user(login.vouch_for(user)).await.map(drop)
}

/// Says a name with a wrong password.
async fn guess(login: Login<User>) -> Result<String, LoginError> {
    login.attempt("ann", None).await.map(|_| "wrong".to_owned())
}

fn world() -> (World, Login<User>) {
    let given = Arc::new(Mutex::new(None));
    let world = World::with(
        |builder| builder.next_in(NextIn::Cookie),
        |routes: Routes<App>, login| {
            *given.lock().unwrap() = Some(login);
            routes
                .get("/told", public(told))
                .post("/guess", public(guess))
                .post("/checked/{id}", checked)
        },
    );
    let login = given.lock().unwrap().take().unwrap();
    (world, login)
}

/// What is in a world; what it must say, [`assert_reads`] says.
async fn write() -> Golden {
    let (world, login) = world();
    let mut user = world.browser();
    user.post("/checked/1").await;
    user.post("/note/7").await;
    let mut stranger = world.browser();
    stranger.post("/cart/8").await;
    let mut remembered = world.remembered(2).await;
    remembered.close();
    remembered.get("/me").await; // with a token that was replaced
    let mut sent = world.browser();
    sent.get("/fresh").await;
    for _ in 0..100 {
        world.browser().post("/guess").await;
    }
    let owner = world.database.find(3).unwrap();
    let link = login.one_time_token::<Link>(&owner).await.unwrap();
    let link = link.reveal().to_owned();

    let restored = remembered.session_id().unwrap();
    let restored = BASE64URL_NOPAD.decode(restored.as_bytes()).unwrap();
    let restored = RecordId::from_bytes(restored.try_into().unwrap());
    let mut ids = world.store.inserted.lock().unwrap().clone();
    ids.push((RecordKind::Session, restored));
    let mut records = vec![];
    for (kind, id) in ids {
        let load = Load::new(kind, id, Timestamp::from_unix_seconds(START));
        let record = world.store.inner.load(load).await.unwrap();
        records.extend(record.as_ref().map(Written::of));
    }
    let browsers = [user, stranger, remembered, sent].map(|browser| Kept {
        jar: browser.jar,
        persistent: browser.persistent,
    });
    Golden {
        at: START,
        browsers: browsers.into(),
        link,
        records,
    }
}

async fn assert_reads(golden: &Golden) {
    let (world, login) = world();
    world.clock.set(golden.at + 60);
    for written in &golden.records {
        let insert = Insert::new(written.read(), Timestamp::from_unix_seconds(golden.at));
        let inserted = world.store.inner.insert(insert).await.unwrap();
        assert_eq!(inserted, Inserted::Done);
    }
    let browsers = golden.browsers.iter().map(|kept| Browser {
        jar: kept.jar.clone(),
        persistent: kept.persistent.clone(),
        ..world.browser()
    });
    let [mut user, mut stranger, mut remembered, mut sent] =
        browsers.collect::<Vec<_>>().try_into().ok().unwrap();

    assert_eq!(user.get("/fresh").await.body, "fresh 1");
    assert_eq!(user.get("/data").await.body, "note [7] cart []");
    assert_eq!(stranger.get("/data").await.body, "note [] cart [8]");
    assert_eq!(remembered.get("/me").await.body, "user 2", "by the session");
    remembered.close();
    assert_eq!(remembered.get("/me").await.body, "user 2", "by the cookie");
    assert_eq!(
        remembered.get("/fresh").await.header(header::LOCATION),
        Some("/confirm")
    );
    assert_eq!(sent.get("/told").await.body, "1", "the message");
    let logged_in = sent.post("/login/4").await;
    assert_eq!(logged_in.header(header::LOCATION), Some("/fresh"), "`next`");
    let guess = world.browser().post("/guess").await;
    assert_eq!(guess.status, 429, "the counter");
    let link = serde_json::from_value(golden.link.as_str().into()).unwrap();
    assert_eq!(login.redeem::<Link>(link).await.unwrap().id, 3);
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

#[tokio::test]
async fn what_every_version_has_written_still_reads() {
    if let Ok(version) = std::env::var("PORTCULLIS_WRITE_GOLDEN") {
        let file = folder().join(format!("{version}.json"));
        assert!(!file.exists(), "what a version has written never changes");
        let golden = serde_json::to_string_pretty(&write().await).unwrap();
        std::fs::write(file, golden + "\n").unwrap();
    }
    let mut versions = 0;
    for file in std::fs::read_dir(folder()).unwrap() {
        let path = file.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let golden = std::fs::read_to_string(&path).unwrap();
            assert_reads(&serde_json::from_str(&golden).unwrap()).await;
            versions += 1;
        }
    }
    assert!(versions > 0);
}

#[tokio::test]
async fn what_is_written_today_is_what_the_newest_version_wrote() {
    let shape = |golden: &Golden| {
        let records = golden.records.iter();
        let records =
            records.map(|record| (record.kind, record.body[..2].to_owned(), record.body.len()));
        let cookies = golden.browsers.iter().flat_map(|kept| &kept.jar);
        let cookies =
            cookies.map(|(name, value)| (name.clone(), value.split('.').count(), value.len()));
        let (mut records, mut cookies) = (records.collect::<Vec<_>>(), cookies.collect::<Vec<_>>());
        records.sort();
        cookies.sort();
        (records, cookies, golden.link.len())
    };
    let mut files: Vec<_> = std::fs::read_dir(folder())
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == "json")
    });
    files.sort();
    let newest = std::fs::read_to_string(files.last().unwrap()).unwrap();
    let newest = serde_json::from_str(&newest).unwrap();
    assert_eq!(
        shape(&write().await),
        shape(&newest),
        "a format has changed: add a file"
    );
}

#[tokio::test]
async fn what_is_written_today_reads_today() {
    let golden = write().await;
    let kinds: BTreeSet<_> = golden.records.iter().map(|record| record.kind).collect();
    assert_eq!(kinds.len(), RecordKind::ALL.len(), "every kind of record");
    let names: BTreeSet<_> = golden
        .browsers
        .iter()
        .flat_map(|kept| kept.jar.keys())
        .collect();
    assert_eq!(names.len(), 6, "every cookie: {names:?}");
    assert_reads(&golden).await;
}
