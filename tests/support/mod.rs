//! A small app with every state and transition, the world around it, and a browser.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses a part of it"
)]

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{FromRef, Path, Query, State},
    http::{HeaderMap, HeaderName, Method, Request, StatusCode, header},
    response::Redirect,
};
use data_encoding::BASE64URL_NOPAD;
use http_body_util::BodyExt;
use portcullis::{
    Anonymous, AnySession, AuthHash, AuthUser, Authenticated, BoxError, Builder, Clock,
    CurrentUser, Data, Fresh, HasKey, HasLoader, Login, LoginError, LoginManager, OneFactor,
    Routes, SecretKey, Session, SessionData, Timestamp, public,
    store::{
        Delete, DeleteByUser, End, Insert, Inserted, ListByUser, Load, MemoryStore, Record,
        RecordId, RecordKind, Restore, Rotate, SessionStore, StoreError, Swap, Sweep, TokenHash,
        Touch, Update, UserIndex,
    },
};
use ring::{hkdf, hmac};
use serde::{Deserialize, Serialize};
use tower::ServiceExt;

// --- users ---------------------------------------------------------------

#[derive(Clone, Debug)]
pub struct User {
    pub id: u64,
    pub password: String,
    pub active: bool,
}

impl AuthUser for User {
    type Id = u64;
    type Factors = OneFactor;

    fn id(&self) -> u64 {
        self.id
    }

    fn is_active(&self) -> bool {
        self.active
    }

    fn session_auth_hash(&self) -> AuthHash {
        AuthHash::of(&self.password)
    }
}

/// The database: what a test changes behind the app's back.
#[derive(Default, Debug)]
pub struct Database {
    pub users: Mutex<HashMap<u64, User>>,
    pub loads: AtomicU64,
    pub broken: AtomicBool,
    pub panics: AtomicBool,
}

impl Database {
    pub fn find(&self, id: u64) -> Option<User> {
        self.users.lock().unwrap().get(&id).cloned()
    }

    pub fn change(&self, id: u64, change: impl FnOnce(&mut User)) {
        change(self.users.lock().unwrap().get_mut(&id).unwrap());
    }

    async fn load(&self, id: u64) -> Result<Option<User>, BoxError> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        assert!(!self.panics.load(Ordering::SeqCst), "the database panics");
        if self.broken.load(Ordering::SeqCst) {
            return Err("the database is gone".into());
        }
        Ok(self.find(id))
    }
}

// --- time ----------------------------------------------------------------

pub struct ByHand(AtomicU64);

impl ByHand {
    pub fn at(seconds: u64) -> Self {
        Self(AtomicU64::new(seconds))
    }

    pub fn pass(&self, duration: Duration) {
        self.0.fetch_add(duration.as_secs(), Ordering::SeqCst);
    }

    pub fn set(&self, seconds: u64) {
        self.0.store(seconds, Ordering::SeqCst);
    }
}

impl Clock for ByHand {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(self.0.load(Ordering::SeqCst))
    }
}

pub const START: u64 = 1_800_000_000;
pub const MINUTE: Duration = Duration::from_secs(60);
pub const HOUR: Duration = Duration::from_secs(3_600);
pub const DAY: Duration = Duration::from_secs(86_400);

// --- the store -----------------------------------------------------------

/// The memory store, counted, failing on demand, and giving way around each step.
#[derive(Clone, Default)]
pub struct Spy {
    pub inner: MemoryStore,
    pub steps: Arc<Mutex<Vec<&'static str>>>,
    pub broken: Arc<Mutex<Option<&'static str>>>,
    /// Steps that begin now never end.
    pub hangs: Arc<AtomicBool>,
    /// What it does to the records that it gives back.
    pub tamper: Arc<Mutex<Option<Tamper>>>,
    /// What was put into it by itself.
    pub inserted: Arc<Mutex<Vec<(RecordKind, RecordId)>>>,
}

impl Spy {
    pub fn taken(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.steps.lock().unwrap())
    }

    pub fn break_at(&self, step: Option<&'static str>) {
        *self.broken.lock().unwrap() = step;
    }

    async fn before(&self, step: &'static str) -> Result<(), StoreError> {
        self.steps.lock().unwrap().push(step);
        if self.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        tokio::task::yield_now().await;
        let broken = *self.broken.lock().unwrap();
        match broken {
            Some(broken) if broken == step || broken == "all" => {
                Err(StoreError::new("the store is gone"))
            }
            _ => Ok(()),
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub enum Tamper {
    /// The record has the hash of another secret.
    OtherHash,
    /// The record has expired, and the store should have noticed.
    Expired,
    /// The record is said to be another user's.
    OtherUser,
}

/// What a store answers, open to what a test does to it.
trait Answer {
    fn tamper(&mut self, _: Option<Tamper>) {}
}

impl Answer for Swap {}
impl Answer for bool {}
impl Answer for u64 {}
impl Answer for Vec<Record> {}
impl Answer for Option<Record> {
    fn tamper(&mut self, tamper: Option<Tamper>) {
        let Some(record) = self else { return };
        match tamper {
            None => {}
            Some(Tamper::OtherHash) => record.hash = TokenHash::from_bytes([0; 32]),
            Some(Tamper::OtherUser) => record.user = Some(UserIndex::from_bytes([9; 16])),
            Some(Tamper::Expired) => record.expires = Timestamp::from_unix_seconds(START),
        }
    }
}

macro_rules! spied {
    ($($name:ident($step:ident) -> $answer:ty;)*) => {
        impl SessionStore for Spy {
            async fn insert(&self, step: Insert) -> Result<Inserted, StoreError> {
                self.before("insert").await?;
                let all = [Some(&step.record), step.series.as_ref()].into_iter().flatten();
                let all = all.map(|record| (record.kind, record.id));
                self.inserted.lock().unwrap().extend(all);
                let answer = self.inner.insert(step).await?;
                tokio::task::yield_now().await;
                Ok(answer)
            }

            $(async fn $name(&self, step: $step) -> Result<$answer, StoreError> {
                self.before(stringify!($name)).await?;
                let mut answer = self.inner.$name(step).await?;
                tokio::task::yield_now().await;
                answer.tamper(*self.tamper.lock().unwrap());
                Ok(answer)
            })*
        }
    };
}

spied! {
    load(Load) -> Option<Record>;
    update(Update) -> Swap;
    rotate(Rotate) -> Swap;
    restore(Restore) -> Swap;
    touch(Touch) -> bool;
    delete(Delete) -> bool;
    end(End) -> u64;
    list(ListByUser) -> Vec<Record>;
    delete_by_user(DeleteByUser) -> u64;
    sweep(Sweep) -> u64;
}

// --- the app -------------------------------------------------------------

#[derive(Default, Debug, Serialize, Deserialize)]
pub struct Note(pub Vec<u64>);

impl SessionData for Note {
    type User = User;
    const NAME: &'static str = "note";
}

#[derive(Default, Debug, Serialize, Deserialize)]
pub struct Cart(pub Vec<u64>);

impl SessionData for Cart {
    type User = User;
    const NAME: &'static str = "cart";
    const KEEP_AT_LOGIN: bool = true;
}

#[derive(Clone, Debug, FromRef)]
pub struct App {
    pub login: Login<User>,
    pub database: Arc<Database>,
}

async fn log_in(
    session: Session<Anonymous>,
    login: Login<User>,
    State(database): State<Arc<Database>>,
    Path(id): Path<u64>,
) -> Result<Redirect, LoginError> {
    let user = database.find(id).ok_or_else(LoginError::refused)?;
    let session = session.login_user(login.vouch_for(user)).await?;
    Ok(session.next_or("/me"))
}

async fn log_in_stale(
    session: Session<Anonymous>,
    login: Login<User>,
    State(database): State<Arc<Database>>,
    Path(id): Path<u64>,
) -> Result<&'static str, LoginError> {
    let user = database.find(id).ok_or_else(LoginError::refused)?;
    session
        .login_user(login.vouch_for(user))
        .stale()
        .force_inactive()
        .await?;
    Ok("stale")
}

/// Remembers for so many days; without them for the manager's time.
async fn log_in_remembered(
    session: Session<Anonymous>,
    login: Login<User>,
    State(database): State<Arc<Database>>,
    Path(id): Path<u64>,
    Query(asked): Query<Asked>,
) -> Result<Redirect, LoginError> {
    let user = database.find(id).ok_or_else(LoginError::refused)?;
    let login = session.login_user(login.vouch_for(user)).remember(true);
    let session = match asked.days {
        Some(days) => login.remember_for(DAY * days).await?,
        None => login.await?,
    };
    Ok(session.next_or("/me"))
}

#[derive(Deserialize)]
struct Asked {
    days: Option<u32>,
}

async fn confirm(
    session: Session<Authenticated<User>>,
    login: Login<User>,
    State(database): State<Arc<Database>>,
    Path(id): Path<u64>,
) -> Result<Redirect, LoginError> {
    let user = database.find(id).ok_or_else(LoginError::refused)?;
    let session = session.confirm_login(login.vouch_for(user)).await?;
    Ok(session.next_or("/me"))
}

async fn switch(
    session: Session<Authenticated<User>>,
    login: Login<User>,
    State(database): State<Arc<Database>>,
    Path(id): Path<u64>,
) -> Result<&'static str, LoginError> {
    let user = database.find(id).ok_or_else(LoginError::refused)?;
    session.switch_user(login.vouch_for(user)).await?;
    Ok("switched")
}

async fn change_password(
    session: Session<Fresh<User>>,
    State(database): State<Arc<Database>>,
    Path(password): Path<String>,
) -> Result<&'static str, LoginError> {
    let id = session.user().id;
    database.change(id, |user| user.password = password);
    let user = database.find(id).ok_or_else(LoginError::refused)?;
    session.credentials_changed(user).await?;
    Ok("changed")
}

async fn log_out(session: Session<Authenticated<User>>) -> Result<Redirect, LoginError> {
    session.logout_user().await?;
    Ok(Redirect::to("/"))
}

async fn me(user: Authenticated<User>) -> String {
    format!("user {}", user.id)
}

async fn fresh(user: Fresh<User>) -> String {
    format!("fresh {}", user.id)
}

async fn who(who: CurrentUser<User>) -> String {
    who.user()
        .map_or("nobody".to_owned(), |user| format!("user {}", user.id))
}

async fn note(_: CurrentUser<User>, note: Data<Note>, cart: Data<Cart>) -> String {
    format!("note {:?} cart {:?}", note.0, cart.0)
}

async fn add_note(
    _: CurrentUser<User>,
    mut note: Data<Note>,
    Path(value): Path<u64>,
) -> Result<(), LoginError> {
    note.update(|note| note.0.push(value)).await
}

async fn add_my_note(
    _: Authenticated<User>,
    mut note: Data<Note>,
    Path(value): Path<u64>,
) -> Result<(), LoginError> {
    note.update(|note| note.0.push(value)).await
}

async fn add_cart(
    _: CurrentUser<User>,
    mut cart: Data<Cart>,
    Path(value): Path<u64>,
) -> Result<(), LoginError> {
    cart.update(|cart| cart.0.push(value)).await
}

async fn any(session: AnySession<User>) -> &'static str {
    match session {
        AnySession::Anonymous(_) => "anonymous",
        AnySession::Authenticated(_) => "authenticated",
        AnySession::Fresh(_) => "fresh",
    }
}

pub fn routes() -> Routes<App> {
    Routes::new()
        .get("/", public("home"))
        .get("/me", me)
        .get("/fresh", fresh)
        .get("/who", who)
        .get("/look", public(who))
        .get("/data", note)
        .post("/note/{value}", add_note)
        .post("/my-note/{value}", add_my_note)
        .post("/cart/{value}", add_cart)
        .post("/any", any)
        .post("/login/{id}", log_in)
        .post("/remember/{id}", log_in_remembered)
        .post("/stale/{id}", log_in_stale)
        .post("/confirm/{id}", confirm)
        .post("/switch/{id}", switch)
        .post("/password/{password}", change_password)
        .post("/logout", log_out)
}

// --- the world -----------------------------------------------------------

/// An app with what is around it.
pub struct World {
    pub app: Router,
    pub clock: Arc<ByHand>,
    pub database: Arc<Database>,
    pub store: Spy,
    pub sessions: portcullis::Sessions<User>,
}

pub type Ready = Builder<HasLoader<User>, HasKey>;

impl World {
    pub fn new() -> Self {
        Self::with(|builder| builder, |routes, _| routes)
    }

    pub fn with(
        settings: impl FnOnce(Ready) -> Ready,
        more: impl FnOnce(Routes<App>, Login<User>) -> Routes<App>,
    ) -> Self {
        let clock = Arc::new(ByHand::at(START));
        let store = Spy::default();
        let database = Arc::new(Database::default());
        for id in 1..=9 {
            let user = User {
                id,
                password: format!("secret {id}"),
                active: true,
            };
            database.users.lock().unwrap().insert(id, user);
        }
        Self::around(clock, store, database, key(1), settings, more)
    }

    /// The same server, started anew with other settings.
    pub fn again(&self, settings: impl FnOnce(Ready) -> Ready) -> Self {
        self.with_key(key(1), settings)
    }

    /// The same server, started anew with a new key that knows the old one.
    pub fn rekeyed(&self) -> Self {
        self.with_key(key(2), |builder| builder.older_key(key(1)))
    }

    /// The same server, started anew with this key.
    pub fn with_key(&self, key: SecretKey, settings: impl FnOnce(Ready) -> Ready) -> Self {
        let (clock, store, database) = (
            self.clock.clone(),
            self.store.clone(),
            self.database.clone(),
        );
        Self::around(clock, store, database, key, settings, |routes, _| routes)
    }

    pub fn around(
        clock: Arc<ByHand>,
        store: Spy,
        database: Arc<Database>,
        key: SecretKey,
        settings: impl FnOnce(Ready) -> Ready,
        more: impl FnOnce(Routes<App>, Login<User>) -> Routes<App>,
    ) -> Self {
        let loader = {
            let database = database.clone();
            move |id| {
                let database = database.clone();
                async move { database.load(id).await }
            }
        };
        let builder = LoginManager::builder()
            .user_loader(loader)
            .secret_key(key)
            .store(store.clone())
            .clock(clock.clone())
            .login_path("/login")
            .refresh_path("/confirm");
        let manager = settings(builder).build().unwrap();
        let sessions = manager.sessions();
        let app = manager.into_router(|login| {
            more(routes(), login.clone()).with_state(App {
                login,
                database: database.clone(),
            })
        });
        Self {
            app: app.with_state(()),
            clock,
            database,
            store,
            sessions,
        }
    }

    pub fn browser(&self) -> Browser {
        Browser::of(self.app.clone())
    }

    /// A browser that remembers a user who logged in.
    pub async fn remembered(&self, id: u64) -> Browser {
        let mut browser = self.browser();
        let reply = browser.post(&format!("/remember/{id}")).await;
        assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.body);
        browser
    }

    /// A browser in which a user has logged in.
    pub async fn logged_in(&self, id: u64) -> Browser {
        let mut browser = self.browser();
        let reply = browser.post(&format!("/login/{id}")).await;
        assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.body);
        browser
    }

    pub fn loads(&self) -> u64 {
        self.database.loads.swap(0, Ordering::SeqCst)
    }
}

pub fn key(byte: u8) -> SecretKey {
    SecretKey::from([byte; 32])
}

// --- the browser ---------------------------------------------------------

/// Keeps cookies, as browsers do.
#[derive(Clone)]
pub struct Browser {
    pub app: Router,
    pub jar: BTreeMap<String, String>,
    /// The cookies that outlive the browser's window.
    pub persistent: BTreeSet<String>,
    pub user_agent: &'static str,
}

pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Reply {
    pub fn header(&self, name: impl Into<HeaderNameOrStr>) -> Option<&str> {
        self.headers
            .get(name.into().0)
            .map(|value| value.to_str().unwrap())
    }

    pub fn set_cookies(&self) -> Vec<&str> {
        self.headers
            .get_all(header::SET_COOKIE)
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect()
    }

    /// The lines about cookies that stand for something in the store: all but
    /// those of messages and `next`.
    pub fn session_cookies(&self) -> Vec<&str> {
        let mut lines = self.set_cookies();
        lines.retain(|line| {
            let name = line.split('=').next().unwrap();
            !name.ends_with("-flash") && !name.ends_with("-next")
        });
        lines
    }
}

pub struct HeaderNameOrStr(HeaderName);

impl From<HeaderName> for HeaderNameOrStr {
    fn from(name: HeaderName) -> Self {
        Self(name)
    }
}

impl From<&str> for HeaderNameOrStr {
    fn from(name: &str) -> Self {
        Self(name.parse().unwrap())
    }
}

impl Browser {
    pub fn of(app: Router) -> Self {
        Self {
            app,
            jar: BTreeMap::new(),
            persistent: BTreeSet::new(),
            user_agent: "Firefox/1.0",
        }
    }

    pub async fn get(&mut self, path: &str) -> Reply {
        self.send(Method::GET, path, &[("accept", "text/html")])
            .await
    }

    pub async fn post(&mut self, path: &str) -> Reply {
        self.send(Method::POST, path, &[("accept", "text/html")])
            .await
    }

    pub async fn api(&mut self, method: Method, path: &str) -> Reply {
        self.send(method, path, &[("accept", "application/json")])
            .await
    }

    pub async fn send(&mut self, method: Method, path: &str, headers: &[(&str, &str)]) -> Reply {
        let reply = send(&self.app, self.request(method, path, headers)).await;
        self.keep(&reply);
        reply
    }

    pub fn request(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Request<Body> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::USER_AGENT, self.user_agent);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !self.jar.is_empty() {
            let pairs: Vec<_> = self
                .jar
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request = request.header(header::COOKIE, pairs.join("; "));
        }
        request.body(Body::empty()).unwrap()
    }

    pub fn keep(&mut self, reply: &Reply) {
        for line in reply.set_cookies() {
            let (pair, attributes) = line.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.persistent.remove(name);
            if attributes.contains("Max-Age=0") {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
            if attributes.contains("Max-Age") && self.jar.contains_key(name) {
                self.persistent.insert(name.to_owned());
            }
        }
    }

    /// Closes the window: what is not persistent is gone.
    pub fn close(&mut self) {
        self.jar.retain(|name, _| self.persistent.contains(name));
    }

    /// The same computer with these cookies of another one.
    pub fn with_cookies_of(&self, other: &Self) -> Self {
        let (jar, persistent) = (other.jar.clone(), other.persistent.clone());
        Self {
            jar,
            persistent,
            ..self.clone()
        }
    }

    pub fn token(&self) -> Option<&str> {
        self.jar.get(REMEMBER).map(String::as_str)
    }

    pub fn session(&self) -> Option<&str> {
        self.jar.get(COOKIE).map(String::as_str)
    }

    /// The id in the session cookie.
    pub fn session_id(&self) -> Option<String> {
        self.session()
            .map(|value| value.split('.').nth(1).unwrap().to_owned())
    }
}

pub const COOKIE: &str = "__Host-login";
pub const REMEMBER: &str = "__Host-login-remember";

pub async fn send(app: &Router, request: Request<Body>) -> Reply {
    let response = app.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Reply {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}

/// A request with exactly this `Cookie` header.
pub async fn with_cookie(app: &Router, method: Method, path: &str, cookie: &[u8]) -> Reply {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::COOKIE, cookie);
    send(app, request.body(Body::empty()).unwrap()).await
}

/// A cookie that the server could have signed: as it is after a mistake of
/// ours, or with the key in the wrong hands.
pub fn signed(usage: &str, text: &str) -> String {
    let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"portcullis/v1");
    let extracted = salt.extract(&[1; 32]);
    let mut derived = [0; 32];
    let info = [usage.as_bytes(), b"/", b"login"];
    let okm = extracted.expand(&info, hkdf::HKDF_SHA256).unwrap();
    okm.fill(&mut derived).unwrap();
    let text = BASE64URL_NOPAD.encode(text.as_bytes());
    let message = format!("v1.{}.{text}", START + 600);
    let tag = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, &derived),
        message.as_bytes(),
    );
    format!("{message}.{}", BASE64URL_NOPAD.encode(&tag.as_ref()[..16]))
}
