//! What the steps of a store cost with a thousand sessions and with a million.
//!
//! `cargo bench --bench stores --all-features` fills each store, which takes some
//! minutes, and prints a table. PostgreSQL and Redis are started from the
//! binaries of this machine, or those of `DATABASE_URL` and `REDIS_URL` are used.
//! `STORES=memory,sqlite` picks some, `SESSIONS=100000` another large number.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a measurement fails by panicking"
)]

#[path = "../tests/servers/mod.rs"]
mod servers;

use std::{
    env, fs,
    sync::Arc,
    time::{Duration, Instant},
};

use portcullis::{
    Clock, SystemClock, Timestamp,
    store::{
        DeleteByUser, Insert, Load, MemoryStore, PostgresStore, Record, RecordId, RecordKind,
        RedisStore, SessionStore, SqliteStore, TokenHash, UserIndex,
    },
};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous};

/// How many of each step are measured.
const TIMES: u64 = 2_000;
const FEW: u64 = 1_000;

/// The session with this number; each user has three.
fn session(number: u64) -> Record {
    let (user, home) = (user(number), user(number).home());
    let mut id = [0; 16];
    id[..2].copy_from_slice(&home.to_be_bytes());
    id[2..10].copy_from_slice(&scrambled(number).to_be_bytes());
    id[10..].copy_from_slice(&number.to_be_bytes()[2..]);
    let expires = now().plus(Duration::from_secs(7 * 86_400 + number % 86_400));
    let hash = TokenHash::from_bytes([number as u8; 32]);
    // As long as a record of the library with a short user id.
    let mut record = Record::new(
        RecordKind::Session,
        RecordId::from_bytes(id),
        hash,
        expires,
        vec![7; 90],
    );
    (record.user, record.created, record.seen) = (Some(user), now(), now());
    record
}

fn user(number: u64) -> UserIndex {
    let mut index = [0; 16];
    index[..8].copy_from_slice(&scrambled(number / 3).to_be_bytes());
    index[8..].copy_from_slice(&(number / 3).to_be_bytes());
    UserIndex::from_bytes(index)
}

/// Spread as digests are (the finalizer of SplitMix64).
fn scrambled(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn now() -> Timestamp {
    SystemClock.now()
}

async fn fill<S: SessionStore>(store: &Arc<S>, from: u64, to: u64) {
    const TASKS: u64 = 16;
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..TASKS {
        let store = store.clone();
        tasks.spawn(async move {
            for number in (from + task..to).step_by(TASKS as usize) {
                let insert = Insert::new(session(number), now());
                let _ = store.insert(insert).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
}

/// The median of what a login, a load and "end all of a user" take.
async fn measure<S: SessionStore>(store: &S, sessions: u64) -> [Duration; 3] {
    let mut taken = [Vec::new(), Vec::new(), Vec::new()];
    for time in 0..TIMES {
        let number = scrambled(time) % sessions;
        let at = session(number);
        let load = Load::new(at.kind, at.id, now());
        let begun = Instant::now();
        store.load(load).await.unwrap();
        taken[1].push(begun.elapsed());
        let new = session(sessions * 6 + time * 3);
        let begun = Instant::now();
        let _ = store.insert(Insert::new(new.clone(), now())).await.unwrap();
        taken[0].push(begun.elapsed());
        for number in 1..3 {
            let more = session(sessions * 6 + time * 3 + number);
            let _ = store.insert(Insert::new(more, now())).await.unwrap();
        }
        let begun = Instant::now();
        let ended = store
            .delete_by_user(DeleteByUser::new(new.user.unwrap()))
            .await;
        taken[2].push(begun.elapsed());
        assert_eq!(ended.unwrap(), 3);
    }
    taken.map(|mut taken| {
        taken.sort_unstable();
        taken[taken.len() / 2]
    })
}

async fn compare<S: SessionStore>(name: &str, store: S, many: u64) {
    let store = Arc::new(store);
    fill(&store, 0, FEW).await;
    measure(&*store, FEW).await; // warm
    let few = measure(&*store, FEW).await;
    let (memory, begun) = (resident(), Instant::now());
    fill(&store, FEW, many).await;
    let (each, filled) = ((resident() - memory) / (many - FEW), begun.elapsed());
    let lots = measure(&*store, many).await;
    for (step, (few, lots)) in ["login", "load", "end all of a user"]
        .iter()
        .zip(few.into_iter().zip(lots))
    {
        let ratio = lots.as_secs_f64() / few.as_secs_f64();
        println!("| {name} | {step} | {few:.1?} | {lots:.1?} | {ratio:.2} |");
    }
    eprintln!("{name}: filled in {filled:.0?}, {each} bytes a session in this process");
}

/// What this process holds in memory, in bytes.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1_024
}

#[tokio::main]
async fn main() {
    let many = env::var("SESSIONS").map_or(1_000_000, |count| count.parse().unwrap());
    let stores = env::var("STORES").unwrap_or_else(|_| "memory,sqlite,postgres,redis".to_owned());
    let wanted = |store| stores.split(',').any(|wanted| wanted == store);
    println!("| store | step | with {FEW} | with {many} | ratio |\n|---|---|---|---|---|");
    if wanted("memory") {
        compare("memory", MemoryStore::new(), many).await;
    }
    if wanted("sqlite") {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("sessions.db"))
            .create_if_missing(true)
            .synchronous(SqliteSynchronous::Normal);
        let pool = SqlitePoolOptions::new().max_connections(4);
        let store = SqliteStore::new(pool.connect_with(options).await.unwrap());
        store.migrate().await.unwrap();
        compare("sqlite", store, many).await;
    }
    if wanted("postgres")
        && let Some(database) = servers::postgres().await
    {
        let store = PostgresStore::new(database.pool().await);
        store.migrate().await.unwrap();
        compare("postgres", store, many).await;
    }
    if wanted("redis")
        && let Some(redis) = servers::redis().await
    {
        let connection = redis.client.get_connection_manager().await.unwrap();
        let store = RedisStore::new(connection).key_prefix(&redis.prefix);
        compare("redis", store, many).await;
    }
}
