//! A small clinic that takes its store, its guard and its clock from another
//! crate: who may read the files needs a permission, and logins grow old by a
//! clock that the tests move.

use std::{convert::Infallible, time::Duration};

use addon::{Allowed, CountingStore, Counts, Grants, ManualClock, Permission};
use apps::Browser;
use axum::{Form, Router, extract::FromRef, http::StatusCode, response::Redirect};
use portcullis::{
    Anonymous, AuthHash, AuthUser, Authenticated, BuildError, By, CurrentUser, Fresh, Login,
    LoginError, LoginManager, OneFactor, Routes, SecretKey, Session, public, store::MemoryStore,
};
use serde::Deserialize;

struct Doctor {
    name: String,
}

impl AuthUser for Doctor {
    type Id = String;
    type Factors = OneFactor;

    fn id(&self) -> String {
        self.name.clone()
    }

    fn session_auth_hash(&self) -> AuthHash {
        AuthHash::none() // doctors have cards, and a card is never changed
    }
}

async fn load_doctor(name: String) -> Result<Option<Doctor>, Infallible> {
    Ok(Some(Doctor { name }))
}

/// May read the files of patients.
struct ReadFiles;

impl Permission for ReadFiles {
    type User = Doctor;
    const NAME: &'static str = "read files";
}

#[derive(Clone, FromRef)]
struct App {
    login: Login<Doctor>,
    grants: Grants<Doctor>,
}

#[derive(Deserialize)]
struct Card {
    name: String,
}

async fn log_in(
    session: Session<Anonymous>,
    login: Login<Doctor>,
    Form(card): Form<Card>,
) -> Result<Redirect, LoginError> {
    let doctor = login.vouch_for(Doctor { name: card.name });
    Ok(session.login_user(doctor).await?.next_or("/"))
}

async fn opening_hours() -> &'static str {
    "9 to 5"
}

async fn lobby(who: CurrentUser<Doctor>) -> String {
    let name = who.user().map(|doctor| doctor.name.as_str());
    format!("Hello, {}", name.unwrap_or("visitor"))
}

async fn rounds(doctor: Authenticated<Doctor>) -> String {
    format!("Rounds of {}", doctor.name)
}

async fn prescribe(doctor: Fresh<Doctor>) -> String {
    format!("Signed, {}", doctor.name)
}

async fn files(by: By<Allowed<ReadFiles>>) -> String {
    format!("Files, read by {}", by.name)
}

/// The app, and what the tests hold of it.
struct Clinic {
    router: Router,
    store: CountingStore<MemoryStore>,
    grants: Grants<Doctor>,
    clock: ManualClock,
}

fn app() -> Result<Clinic, BuildError> {
    let store = CountingStore::around(MemoryStore::new());
    let (grants, clock) = (Grants::default(), ManualClock::default());
    let manager = LoginManager::builder()
        .user_loader(load_doctor)
        .secret_key(SecretKey::generate()?)
        .store(store.clone())
        .clock(clock.clone())
        .login_path("/login")
        .build()?;
    let app_grants = grants.clone();
    let router = manager.into_router(|login| {
        let state = App {
            login,
            grants: app_grants,
        };
        Routes::new()
            .get("/", lobby)
            .get("/hours", public(opening_hours))
            .post("/login", log_in)
            .get("/rounds", rounds)
            .post("/prescriptions", prescribe)
            .area::<By<Allowed<ReadFiles>>>("/files", |area| area.get("/", files))
            .with_state(state)
    });
    Ok(Clinic {
        router,
        store,
        grants,
        clock,
    })
}

async fn logged_in(clinic: &Clinic, name: &str) -> Browser {
    let mut browser = Browser::on(&clinic.router);
    let answer = browser.post("/login", &format!("name={name}")).await;
    assert_eq!(answer.location(), "/");
    browser
}

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test]
async fn the_guard_asks_for_the_login_first_and_then_for_the_permission() {
    let clinic = app().unwrap();
    let mut stranger = Browser::on(&clinic.router);
    assert_eq!(
        stranger.get("/files").await.location(),
        "/login?next=%2Ffiles"
    );

    let mut house = logged_in(&clinic, "house").await;
    let refused = house.get("/files").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(refused.text(), "You may not read files");

    clinic.grants.grant::<ReadFiles>("house".to_owned()).await;
    assert_eq!(house.get("/files").await.page(), "Files, read by house");
    let mut wilson = logged_in(&clinic, "wilson").await;
    assert_eq!(wilson.get("/files").await.status, StatusCode::FORBIDDEN);

    assert!(clinic.grants.revoke::<ReadFiles>("house".to_owned()).await);
    assert_eq!(house.get("/files").await.status, StatusCode::FORBIDDEN);
    assert_eq!(house.get("/rounds").await.page(), "Rounds of house");
}

#[tokio::test]
async fn a_login_that_is_not_used_ends_after_seven_days() {
    let clinic = app().unwrap();
    let mut house = logged_in(&clinic, "house").await;
    clinic.clock.advance(7 * DAY - MINUTE);
    assert_eq!(house.get("/rounds").await.page(), "Rounds of house");
    clinic.clock.advance(7 * DAY);
    assert_eq!(
        house.get("/rounds").await.location(),
        "/login?next=%2Frounds"
    );
    assert_eq!(house.get("/").await.page(), "Hello, visitor");
}

#[tokio::test]
async fn a_login_that_is_used_ends_after_thirty_days() {
    let clinic = app().unwrap();
    let mut house = logged_in(&clinic, "house").await;
    for _ in 0..5 {
        clinic.clock.advance(6 * DAY - MINUTE);
        assert_eq!(house.get("/rounds").await.page(), "Rounds of house");
    }
    clinic.clock.advance(5 * MINUTE - MINUTE);
    assert_eq!(house.get("/rounds").await.page(), "Rounds of house");
    clinic.clock.advance(MINUTE);
    assert_eq!(
        house.get("/rounds").await.location(),
        "/login?next=%2Frounds"
    );
}

#[tokio::test]
async fn a_login_is_fresh_for_fifteen_minutes() {
    let clinic = app().unwrap();
    let mut house = logged_in(&clinic, "house").await;
    clinic.clock.advance(14 * MINUTE);
    let answer = house.post("/prescriptions", "").await;
    assert_eq!(answer.page(), "Signed, house");
    clinic.clock.advance(MINUTE);
    let answer = house.post("/prescriptions", "").await;
    assert_eq!(
        answer.status, 401,
        "this app has no page that asks for the password again"
    );
    assert_eq!(house.get("/rounds").await.page(), "Rounds of house");
}

#[tokio::test]
async fn a_public_page_reads_no_store_and_a_guarded_one_reads_once() {
    let clinic = app().unwrap();
    let mut house = logged_in(&clinic, "house").await;
    house.get("/rounds").await.page(); // the first use is noted
    let before = clinic.store.counts();

    assert_eq!(house.get("/hours").await.page(), "9 to 5");
    assert_eq!(clinic.store.counts(), before);
    house.get("/rounds").await.page();
    let one_read = Counts {
        reads: before.reads + 1,
        ..before
    };
    assert_eq!(clinic.store.counts(), one_read);
}

#[tokio::test]
async fn the_use_of_a_session_is_noted_once_a_minute() {
    let clinic = app().unwrap();
    let mut house = logged_in(&clinic, "house").await;
    let before = clinic.store.counts().writes;
    for _ in 0..3 {
        house.get("/rounds").await.page();
    }
    assert_eq!(clinic.store.counts().writes, before + 1, "the first use");
    clinic.clock.advance(2 * MINUTE);
    for _ in 0..3 {
        house.get("/rounds").await.page();
    }
    assert_eq!(clinic.store.counts().writes, before + 2);
}

#[tokio::test]
async fn a_forged_cookie_never_reaches_the_store() {
    let clinic = app().unwrap();
    let mut house = logged_in(&clinic, "house").await;
    let before = clinic.store.counts();
    let token = house.cookie("__Host-login").unwrap();
    let mut forged = token.to_owned().into_bytes();
    let middle = forged.len() / 2;
    forged[middle] = if forged[middle] == b'A' { b'B' } else { b'A' };
    house.set_cookie("__Host-login", String::from_utf8(forged).unwrap());
    assert_eq!(
        house.get("/rounds").await.location(),
        "/login?next=%2Frounds"
    );
    assert_eq!(clinic.store.counts(), before);
}
