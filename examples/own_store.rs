//! A store of your own: all sessions in one map behind one lock.
//!
//! The lock makes every step atomic. A database does the same with one
//! transaction to a step, or with one statement that names the version.
//!
//! Run it with `cargo run --example own_store`, and log in at
//! <http://127.0.0.1:3000/login> with any name.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    iter,
    sync::{Mutex, MutexGuard, PoisonError},
};

use axum::{
    Form,
    response::{Html, Redirect},
};
use portcullis::{
    Anonymous, AuthHash, AuthUser, Authenticated, BoxError, Login, LoginError, LoginManager,
    OneFactor, Routes, SecretKey, Session, Timestamp, public,
    store::{
        Delete, DeleteByUser, End, Insert, Inserted, ListByUser, Load, Record, RecordId,
        RecordKind, Restore, Rotate, SessionStore, StoreError, Swap, Sweep, Touch, Update,
        UserIndex, Version,
    },
};
use serde::Deserialize;

/// Beyond so many records a stranger gets none; a user always does.
const ROOM_FOR_STRANGERS: usize = 100_000;

/// Ids of different kinds are different keys.
type Key = (RecordKind, RecordId);

#[derive(Debug, Default)]
struct Records(BTreeMap<Key, Record>);

impl Records {
    fn live(&mut self, key: Key, now: Timestamp) -> Option<&mut Record> {
        self.0.get_mut(&key).filter(|record| record.is_alive(now))
    }

    /// The record, for somebody who has read this version of it.
    fn read(&mut self, key: Key, version: Version, now: Timestamp) -> Result<&mut Record, Swap> {
        match self.live(key, now) {
            Some(record) if record.version == version => Ok(record),
            Some(_) => Err(Swap::Conflict),
            None => Err(Swap::Gone),
        }
    }

    /// Nothing is ever put over another record, not even over an expired one.
    fn is_taken(&self, session: &Record, series: Option<&Record>) -> bool {
        let mut new = iter::once(session).chain(series);
        new.any(|record| self.0.contains_key(&(record.kind, record.id)))
    }

    fn put(&mut self, record: Record) {
        self.0.insert((record.kind, record.id), record);
    }

    fn delete(&mut self, kind: RecordKind, id: RecordId) -> bool {
        self.0.remove(&(kind, id)).is_some()
    }

    fn delete_where(&mut self, over: impl Fn(&Record) -> bool) -> u64 {
        let before = self.0.len();
        self.0.retain(|_, record| !over(record));
        (before - self.0.len()) as u64
    }

    /// Deletes a series with every session that it restored.
    fn end_series(&mut self, id: RecordId) -> u64 {
        self.delete_where(|record| match record.kind {
            RecordKind::Session => record.series == Some(id),
            kind => kind == RecordKind::Series && record.id == id,
        })
    }

    /// Adds a session and its series, then ends what the user has used least
    /// beyond `most`: sessions with their series, and series.
    fn add(&mut self, session: Record, series: Option<Record>, most: Option<u32>, now: Timestamp) {
        series.into_iter().for_each(|new| self.put(new));
        self.put(session.clone());
        let (Some(most), Some(user)) = (most, session.user) else {
            return;
        };
        for kind in [RecordKind::Session, RecordKind::Series] {
            let mut all = self.of_user(kind, user, now);
            let too_many = all.len().saturating_sub(most.max(1) as usize);
            all.retain(|other| other.id != session.id && Some(other.id) != session.series);
            all.sort_by_key(|other| (other.seen, other.created));
            for other in all.iter().take(too_many) {
                self.delete(kind, other.id);
                let series = match kind {
                    RecordKind::Series => Some(other.id),
                    _ => other.series.filter(|id| Some(*id) != session.series),
                };
                series.map(|id| self.end_series(id));
            }
        }
    }

    fn of_user(&self, kind: RecordKind, user: UserIndex, now: Timestamp) -> Vec<Record> {
        let all = self.0.values().filter(|record| record.user == Some(user));
        let alive = all.filter(|record| record.kind == kind && record.is_alive(now));
        alive.cloned().collect()
    }
}

/// The store: its records behind the one lock.
#[derive(Debug, Default)]
pub struct OwnStore(Mutex<Records>);

impl OwnStore {
    /// No step panics half way, so a poisoned lock is still good.
    fn lock(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Each step looks at everything first, and only then changes something.
impl SessionStore for OwnStore {
    async fn insert(&self, step: Insert) -> Result<Inserted, StoreError> {
        let mut records = self.lock();
        if records.is_taken(&step.record, step.series.as_ref()) {
            return Ok(Inserted::Taken);
        }
        if step.record.user.is_none() && records.0.len() >= ROOM_FOR_STRANGERS {
            return Err(StoreError::full());
        }
        step.ends_series.map(|earlier| records.end_series(earlier));
        records.add(step.record, step.series, step.at_most, step.now);
        Ok(Inserted::Done)
    }

    async fn load(&self, step: Load) -> Result<Option<Record>, StoreError> {
        Ok(self.lock().live((step.kind, step.id), step.now).cloned())
    }

    async fn update(&self, step: Update) -> Result<Swap, StoreError> {
        let mut records = self.lock();
        let record = match records.read((step.kind, step.id), step.version, step.now) {
            Ok(record) => record,
            Err(swap) => return Ok(swap),
        };
        (record.body, record.version) = (step.body, record.version.next());
        Ok(Swap::Done)
    }

    async fn rotate(&self, step: Rotate) -> Result<Swap, StoreError> {
        let mut records = self.lock();
        let kind = step.new.kind;
        if let Err(swap) = records.read((kind, step.id), step.version, step.now) {
            return Ok(swap);
        }
        if records.is_taken(&step.new, step.series.as_ref()) {
            return Ok(Swap::Conflict);
        }
        records.delete(kind, step.id); // now that nothing can keep the new one out
        if step.end_others && step.new.user.is_some() {
            records.delete_where(|other| match other.kind {
                _ if other.user != step.new.user => false,
                RecordKind::Series => step.new.series != Some(other.id),
                _ => true,
            });
        }
        step.ends_series.map(|earlier| records.end_series(earlier));
        records.add(step.new, step.series, step.at_most, step.now);
        Ok(Swap::Done)
    }

    async fn restore(&self, step: Restore) -> Result<Swap, StoreError> {
        let mut records = self.lock();
        let series = (step.next.kind, step.next.id);
        if let Err(swap) = records.read(series, step.version, step.now) {
            return Ok(swap);
        }
        if records.is_taken(&step.session, None) {
            return Ok(Swap::Conflict);
        }
        if let Some(ended) = step.ends_session {
            records.delete(RecordKind::Session, ended);
        }
        records.put(step.next);
        records.add(step.session, None, step.at_most, step.now);
        Ok(Swap::Done)
    }

    async fn touch(&self, step: Touch) -> Result<bool, StoreError> {
        let mut records = self.lock();
        let Some(record) = records.live((step.kind, step.id), step.now) else {
            return Ok(false);
        };
        (record.seen, record.expires) = (step.seen, step.expires);
        Ok(true)
    }

    async fn delete(&self, step: Delete) -> Result<bool, StoreError> {
        Ok(self.lock().delete(step.kind, step.id))
    }

    async fn end(&self, step: End) -> Result<u64, StoreError> {
        let mut records = self.lock();
        let session = step
            .session
            .map(|id| records.delete(RecordKind::Session, id));
        let series = step.series.map_or(0, |id| records.end_series(id));
        Ok(u64::from(session == Some(true)) + series)
    }

    async fn list(&self, step: ListByUser) -> Result<Vec<Record>, StoreError> {
        Ok(self.lock().of_user(step.kind, step.user, step.now))
    }

    async fn delete_by_user(&self, step: DeleteByUser) -> Result<u64, StoreError> {
        let mut records = self.lock();
        let spared = step.except.map(|id| (RecordKind::Session, id));
        let session = spared.and_then(|key| records.0.get(&key));
        let spared_series = session.and_then(|session| session.series);
        Ok(records.delete_where(|record| match record.kind {
            _ if record.user != Some(step.user) => false,
            RecordKind::Session => step.except != Some(record.id),
            RecordKind::Series => spared_series != Some(record.id),
            _ => true,
        }))
    }

    async fn sweep(&self, step: Sweep) -> Result<u64, StoreError> {
        let mut records = self.lock();
        let expired = records
            .0
            .iter()
            .filter(|(_, record)| !record.is_alive(step.now));
        let keys: Vec<Key> = expired
            .map(|(key, _)| *key)
            .take(step.limit as usize)
            .collect();
        keys.iter().for_each(|key| drop(records.0.remove(key)));
        Ok(keys.len() as u64)
    }
}

/// Whoever gives a name is that user: this lesson is about the store.
struct Guest(String);

impl AuthUser for Guest {
    type Id = String;
    type Factors = OneFactor;

    fn id(&self) -> String {
        self.0.clone()
    }

    fn session_auth_hash(&self) -> AuthHash {
        AuthHash::none() // nobody has a password
    }
}

async fn load_guest(name: String) -> Result<Option<Guest>, Infallible> {
    Ok(Some(Guest(name)))
}

async fn login_page() -> Html<&'static str> {
    Html(r#"<form method="post">Name: <input name="name"> <button>Log In</button></form>"#)
}

#[derive(Deserialize)]
struct LoginForm {
    name: String,
}

async fn log_in(
    session: Session<Anonymous>,
    login: Login<Guest>,
    Form(form): Form<LoginForm>,
) -> Result<Redirect, LoginError> {
    let session = session
        .login_user(login.vouch_for(Guest(form.name)))
        .await?;
    Ok(session.next_or("/"))
}

async fn home(guest: Authenticated<Guest>) -> String {
    format!("Hello, {}! Your session is in a store of our own.", guest.0)
}

async fn log_out(session: Session<Authenticated<Guest>>) -> Result<Redirect, LoginError> {
    session.logout_user().await?;
    Ok(Redirect::to("/login"))
}

/// The app, for the server below and for tests.
pub fn app() -> Result<axum::Router, BoxError> {
    let manager = LoginManager::builder()
        .user_loader(load_guest)
        .secret_key(SecretKey::generate()?) // a real app: SecretKey::from_env("SECRET_KEY")?
        .store(OwnStore::default())
        .login_path("/login")
        .build()?;
    Ok(manager.into_router(|login| {
        Routes::new()
            .get("/", home)
            .get("/login", public(login_page))
            .post("/login", log_in)
            .post("/logout", log_out)
            .with_state(login)
    }))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("Listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app()?).await?;
    Ok(())
}
