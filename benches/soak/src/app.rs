//! The app under load. What it answers names the user and what the session holds.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{FromRef, Path, State},
    middleware,
};
use portcullis::{
    Anonymous, AuthHash, AuthUser, Authenticated, BuildError, CurrentUser, Data, EventKind, Fresh,
    Login, LoginError, LoginManager, OneFactor, Routes, SecretKey, Session, SessionData, Sessions,
    store::SessionStore,
};
use serde::{Deserialize, Serialize};

use crate::{
    clock::{FastClock, IDLE, REMEMBERED, TOUCH, WINDOW},
    faults::{Faulty, around},
};

/// How many sessions a user may have, and how many remembered browsers.
pub const MOST: u32 = 30;

pub struct User {
    id: u64,
    password: u64,
}

impl AuthUser for User {
    type Id = u64;
    type Factors = OneFactor;

    fn id(&self) -> u64 {
        self.id
    }

    fn session_auth_hash(&self) -> AuthHash {
        AuthHash::of(self.password.to_be_bytes())
    }
}

/// The database: how often each user has changed the password.
#[derive(Clone)]
pub struct Accounts(Arc<[AtomicU64]>);

impl Accounts {
    pub fn new(count: u64) -> Self {
        Self((0..count).map(AtomicU64::new).collect())
    }

    pub fn password(&self, id: u64) -> u64 {
        self.0[id as usize].load(Ordering::SeqCst)
    }

    fn find(&self, id: u64) -> User {
        let password = self.password(id);
        User { id, password }
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Notes {
    owner: u64,
    note: u64,
}

impl SessionData for Notes {
    type User = User;
    const NAME: &'static str = "notes";
}

#[derive(Default, Serialize, Deserialize)]
struct Cart(u64);

impl SessionData for Cart {
    type User = User;
    const NAME: &'static str = "cart";
    const KEEP_AT_LOGIN: bool = true;
}

type Answer = Result<String, LoginError>;

fn page(user: &User, notes: &Notes) -> String {
    format!("user {} {} {}", user.id, notes.note, notes.owner)
}

async fn me(user: Authenticated<User>, notes: Data<Notes>) -> String {
    page(&user, &notes)
}

async fn fresh(user: Fresh<User>, notes: Data<Notes>) -> String {
    page(&user, &notes)
}

async fn who(who: CurrentUser<User>, notes: Data<Notes>) -> String {
    match who.user() {
        Some(user) => page(user, &notes),
        None => "nobody".to_owned(),
    }
}

async fn note(user: Authenticated<User>, mut notes: Data<Notes>, Path(note): Path<u64>) -> Answer {
    let owner = user.id;
    notes.update(|notes| *notes = Notes { owner, note }).await?;
    Ok(page(&user, &notes))
}

/// Thinks between reading and writing, as a handler does that asks another service.
async fn slow_note(user: Authenticated<User>, notes: Data<Notes>, note_is: Path<u64>) -> Answer {
    tokio::time::sleep(Duration::from_millis(note_is.0 % 4)).await;
    note(user, notes, note_is).await
}

async fn cart(_: CurrentUser<User>, cart: Data<Cart>) -> String {
    format!("cart {}", cart.0)
}

async fn fill_cart(_: CurrentUser<User>, mut cart: Data<Cart>, Path(thing): Path<u64>) -> Answer {
    cart.update(|cart| cart.0 = thing).await?;
    Ok(format!("cart {}", cart.0))
}

async fn log_in(
    session: Session<Anonymous>,
    login: Login<User>,
    State(accounts): State<Accounts>,
    Path((id, remember)): Path<(u64, bool)>,
) -> Answer {
    let verified = login.vouch_for(accounts.find(id));
    let session = session.login_user(verified).remember(remember).await?;
    Ok(page(session.user(), &Notes::default()))
}

async fn confirm(
    session: Session<Authenticated<User>>,
    login: Login<User>,
    State(accounts): State<Accounts>,
) -> Answer {
    let verified = login.vouch_for(accounts.find(session.user().id));
    let session = session.confirm_login(verified).await?;
    Ok(format!("user {}", session.user().id))
}

async fn change_password(
    session: Session<Fresh<User>>,
    State(accounts): State<Accounts>,
) -> Answer {
    session.recheck().await?;
    let id = session.user().id;
    accounts.0[id as usize].fetch_add(1, Ordering::SeqCst);
    let session = session.credentials_changed(accounts.find(id)).await?;
    Ok(format!("user {}", session.user().id))
}

async fn switch(
    session: Session<Authenticated<User>>,
    login: Login<User>,
    State(accounts): State<Accounts>,
    Path(id): Path<u64>,
) -> Answer {
    let verified = login.vouch_for(accounts.find(id));
    let session = session.switch_user(verified).await?;
    Ok(format!("user {}", session.user().id))
}

async fn log_out(session: Session<Authenticated<User>>) -> Answer {
    session.logout_user().await?;
    Ok("out".to_owned())
}

async fn devices(by: Fresh<User>, login: Login<User>) -> Answer {
    let all = login.sessions(&by).list().await?;
    let current = all.iter().filter(|one| one.is_current()).count();
    Ok(format!("user {} {} {current}", by.id, all.len()))
}

async fn end_others(by: Fresh<User>, login: Login<User>) -> Answer {
    login.sessions(&by).end_others().await?;
    Ok(format!("user {}", by.id))
}

#[derive(Clone, FromRef)]
struct Parts {
    login: Login<User>,
    accounts: Accounts,
}

/// The app, and what its admin sees of it.
pub fn app<S: SessionStore>(
    store: Faulty<S>,
    store_timeout: Duration,
    clock: FastClock,
    accounts: Accounts,
    told: Arc<AtomicU64>,
) -> Result<(Router, Sessions<User>), BuildError> {
    let faults = store.faults.clone();
    let (database, broken) = (accounts.clone(), faults.clone());
    let manager = LoginManager::builder()
        .user_loader(move |id: u64| {
            let found = match broken.fail_loader() {
                true => Err("a fault was injected"),
                false => Ok(Some(database.find(id))),
            };
            async move { found }
        })
        .secret_key(SecretKey::generate()?)
        .store(store)
        .store_timeout(store_timeout)
        .clock(clock)
        .idle_limit(Duration::from_secs(IDLE))
        .touch_interval(Duration::from_secs(TOUCH))
        .fresh_for(Duration::from_secs(WINDOW))
        .remember_for(Duration::from_secs(REMEMBERED))
        .stranger_idle_limit(Duration::from_secs(IDLE))
        .max_sessions_per_user(MOST)
        .login_path("/login")
        .on_event_async(move |event| {
            // Those of each request are not counted by the library either.
            let counts = event.kind() != EventKind::UserAccessed;
            told.fetch_add(u64::from(counts), Ordering::Relaxed);
            async {}
        })
        .build()?;
    let sessions = manager.sessions();
    let router = manager.into_router(|login| {
        Routes::new()
            .get("/me", me)
            .get("/fresh", fresh)
            .get("/who", who)
            .post("/note/{note}", note)
            .post("/slow-note/{note}", slow_note)
            .get("/cart", cart)
            .post("/cart/{thing}", fill_cart)
            .post("/login/{id}/{remember}", log_in)
            .post("/confirm", confirm)
            .post("/password", change_password)
            .post("/switch/{id}", switch)
            .post("/logout", log_out)
            .get("/sessions", devices)
            .post("/end-others", end_others)
            .with_state(Parts { login, accounts })
    });
    let around = middleware::from_fn_with_state(faults, around);
    Ok((router.layer(around), sessions))
}
