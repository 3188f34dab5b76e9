//! The slowest requests while a million expired records are swept.
//!
//! Of the peers' memory stores none is: that of tower-sessions keeps what has expired.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Instant,
};

use ::portcullis::{
    Clock, SystemClock, Timestamp,
    store::{
        Insert, Inserted, MemoryStore, Record, RecordId, RecordKind, SessionStore, Sweep,
        TokenHash, UserIndex,
    },
};
use tokio::runtime::Builder;

use crate::{
    apps::{Users, portcullis},
    browser::Running,
    operation::Operation,
};

const EXPIRED: u64 = 1_000_000;

/// As many at once as the library takes out.
const BATCH: u64 = 10_000;

/// More than there are during a sweep.
const REQUESTS: usize = 1_000_000;

/// Prints the times of requests without a sweep and while there is one, on
/// another thread or on theirs.
pub fn compare() {
    println!("| protected | requests | median | 99 % | 99.9 % | longest | all in |");
    println!("|---|---|---|---|---|---|---|");
    for sessions in [10_000, 1_000_000] {
        let store = MemoryStore::with_bounds(3_000_000, 0);
        let users = Users::new(sessions);
        let app = |users: &_, _: &_| portcullis::with_store(users, store.clone());
        let mut running = Running::start(app, &users, sessions);
        println!("| *{sessions} sessions* | | | | | | |");
        let no_sweep = AtomicBool::new(false);
        print("no sweep", &mut running, &no_sweep, |_| ());
        for (name, start) in SWEEPS {
            fill(&store);
            let done = Arc::new(AtomicBool::new(false));
            let task = sweep(store.clone(), done.clone());
            print(name, &mut running, &done, |running| {
                start(running, Box::pin(task))
            });
        }
    }
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;
type Start = fn(&Running, Task);

const SWEEPS: [(&str, Start); 2] = [
    ("a sweep on another thread", |_, task| {
        thread::spawn(|| block_on(task));
    }),
    ("a sweep on the same thread", |running, task| {
        running.spawn(task)
    }),
];

fn print(name: &str, running: &mut Running, enough: &AtomicBool, first: impl FnOnce(&Running)) {
    let asked = running.asked(Operation::Protected, REQUESTS);
    first(running);
    let start = Instant::now();
    let mut times = running.time_each(&asked, enough);
    let (all, count) = (start.elapsed(), times.len());
    times.sort_unstable();
    let at = |share: f64| times[((count - 1) as f64 * share) as usize];
    let [median, p99, p999, longest] = [0.5, 0.99, 0.999, 1.0].map(at);
    println!(
        "| {name} | {count} | {median:.1?} | {p99:.1?} | {p999:.1?} | {longest:.1?} | {all:.1?} |"
    );
}

/// As the library does it once a minute.
async fn sweep(store: MemoryStore, done: Arc<AtomicBool>) {
    while let Ok(BATCH..) = store.sweep(Sweep::new(SystemClock.now(), BATCH)).await {
        tokio::task::yield_now().await;
    }
    done.store(true, Ordering::Relaxed);
}

/// Adds what expired an hour ago.
fn fill(store: &MemoryStore) {
    let ago = |hours: u64| {
        let now = SystemClock.now().unix_seconds();
        Timestamp::from_unix_seconds(now - hours * 3_600)
    };
    block_on(async {
        for number in 0..EXPIRED {
            let id = number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes();
            let id: [u8; 16] = std::array::from_fn(|at| id[at % 8]);
            let (hash, body) = (TokenHash::from_bytes([7; 32]), vec![7; 90]);
            let id = RecordId::from_bytes(id);
            let mut record = Record::new(RecordKind::Session, id, hash, ago(1), body);
            record.user = Some(UserIndex::from_bytes(*id.as_bytes()));
            let inserted = store.insert(Insert::new(record, ago(2))).await;
            assert!(matches!(inserted, Ok(Inserted::Done)));
        }
    });
}

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(future)
}
