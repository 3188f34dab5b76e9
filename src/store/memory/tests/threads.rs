//! Threads that work on one store at once, in the orders that a scheduler picks.
//!
//! `RUSTFLAGS="--cfg shuttle" cargo test --release --lib threads`, and with
//! `SCHEDULES=100` in front so many times as many orders. What fails prints the
//! order; `shuttle::replay` repeats it.
//!
//! The claim of the store is that each step is atomic. So whatever threads do
//! at once, the answers and what is left are those of the same steps one after
//! the other, in some order. The tests of single steps say what that may be.

use std::{collections::BTreeSet, fmt::Debug, sync::Arc};

use shuttle::{
    Config, Runner, future,
    scheduler::{DfsScheduler, PctScheduler, RandomScheduler, Scheduler},
    thread,
};

use super::*;
use crate::store::StoreError;

// --- what there is, and what may be done to it -------------------------------

/// User 1 has two sessions, of which the first belongs to a series, and one
/// that has expired; user 2 a series; user 3 both; a stranger one record.
fn begun() -> Vec<Record> {
    let mut remembered = of(1, 1);
    remembered.series = Some(id(1, 5));
    remembered.seen = Timestamp::from_unix_seconds(500);
    let expired = Record {
        expires: NOW,
        ..of(1, 7)
    };
    vec![
        remembered,
        of(1, 2),
        series(1, 5),
        expired,
        series(2, 5),
        of(3, 1),
        series(3, 5),
        session(id(2, 1)),
    ]
}

fn store_for(users: usize, strangers: usize) -> MemoryStore {
    let store = MemoryStore::with_bounds(users, strangers);
    for record in begun() {
        assert_eq!(insert(&store, &record), Inserted::Done);
    }
    store
}

/// The bounds of a store with room, and of one that has room for one more.
const BOUNDS: [(usize, usize); 2] = [(100, 100), (8, 2)];

type Step = (&'static str, fn(&MemoryStore) -> String);

/// What a step answers.
fn said<T: Debug>(step: impl Future<Output = Result<T, StoreError>>) -> String {
    format!("{:?}", with_pauses(step).0)
}

fn rotate(from: RecordId, to: Record) -> Rotate {
    Rotate::new(from, Version::FIRST, to, NOW)
}

fn restored(rest: u8) -> Restore {
    let next = Record {
        version: Version::FIRST.next(),
        ..series(1, 5)
    };
    let session = Record {
        series: Some(id(1, 5)),
        ..of(1, rest)
    };
    Restore::new(Version::FIRST, next, session, NOW)
}

fn update(record: Record) -> Update {
    Update::new(record.kind, record.id, Version::FIRST, vec![7].into(), NOW)
}

/// Steps that meet: of one session, one series, one user, one place in the store.
const STEPS: &[Step] = &[
    ("a stranger logs in", |store| {
        let mut step = rotate(id(2, 1), of(1, 10));
        step.at_most = Some(2);
        said(store.rotate(step))
    }),
    ("a stranger logs in elsewhere, and is remembered", |store| {
        let mut step = rotate(id(2, 1), of(3, 20));
        (step.series, step.ends_series) = (Some(series(3, 21)), Some(id(1, 5)));
        said(store.rotate(step))
    }),
    ("a login ends an earlier series", |store| {
        let mut step = Insert::new(of(1, 12), NOW);
        (step.series, step.ends_series) = (Some(series(1, 13)), Some(id(1, 5)));
        said(store.insert(step))
    }),
    ("a login when one is the most", |store| {
        let mut step = Insert::new(of(1, 19), NOW);
        step.at_most = Some(1);
        said(store.insert(step))
    }),
    ("a confirmation", |store| {
        let mut confirmed = of(1, 14);
        confirmed.series = Some(id(1, 5));
        said(store.rotate(rotate(id(1, 1), confirmed)))
    }),
    ("another confirmation takes the same id", |store| {
        said(store.rotate(rotate(id(1, 2), of(1, 14))))
    }),
    ("a switch to another user", |store| {
        let mut step = rotate(id(1, 1), of(3, 15));
        step.ends_series = Some(id(1, 5));
        said(store.rotate(step))
    }),
    ("a new password", |store| {
        let mut step = rotate(id(1, 1), of(1, 16));
        step.end_others = true;
        said(store.rotate(step))
    }),
    ("a logout", |store| {
        let mut step = End::new();
        (step.session, step.series) = (Some(id(1, 1)), Some(id(1, 5)));
        said(store.end(step))
    }),
    ("an end", |store| {
        said(store.delete(Delete::new(RecordKind::Session, id(1, 1))))
    }),
    ("the end of all of a user", |store| {
        said(store.delete_by_user(DeleteByUser::new(user(1))))
    }),
    ("the end of all others", |store| {
        let mut step = DeleteByUser::new(user(1));
        step.except = Some(id(1, 2));
        said(store.delete_by_user(step))
    }),
    ("a write", |store| said(store.update(update(of(1, 1))))),
    ("a use", |store| {
        let later = Timestamp::from_unix_seconds(3_000);
        let step = Touch::new(RecordKind::Session, id(1, 1), later, NOW, NOW);
        said(store.touch(step))
    }),
    ("a restore in the place of the first session", |store| {
        let mut step = restored(17);
        step.ends_session = Some(id(1, 1));
        said(store.restore(step))
    }),
    ("a restore in another tab", |store| {
        said(store.restore(restored(18)))
    }),
    ("a series is seen", |store| {
        said(store.update(update(series(1, 5))))
    }),
    ("a theft is noticed", |store| {
        let mut step = End::new();
        step.series = Some(id(1, 5));
        said(store.end(step))
    }),
    ("over three shards from the third", |store| {
        let mut step = rotate(id(3, 1), of(1, 22));
        step.ends_series = Some(id(2, 5));
        said(store.rotate(step))
    }),
    ("over three shards from the first", |store| {
        let mut step = rotate(id(1, 2), of(2, 23));
        step.ends_series = Some(id(3, 5));
        said(store.rotate(step))
    }),
    ("a stranger comes", |store| {
        said(store.insert(Insert::new(session(id(6, 1)), NOW)))
    }),
    ("a sweep", |store| said(store.sweep(Sweep::new(NOW, 100)))),
    ("a look", |store| {
        said(store.load(Load::new(RecordKind::Session, id(1, 1), NOW)))
    }),
    ("a list", |store| {
        let list = ListByUser::new(RecordKind::Session, user(1), NOW);
        let mut ids: Vec<_> = now(store.list(list)).unwrap();
        ids.sort_by_key(|record| record.id);
        format!("{ids:?}")
    }),
];

// --- what comes of it --------------------------------------------------------

/// All that is in the store, expired or not, and that it has counted it right.
fn left(store: &MemoryStore) -> String {
    let ever = Timestamp::from_unix_seconds(0);
    let mut records = Vec::new();
    for kind in [RecordKind::Session, RecordKind::Series] {
        for home in 1..=3 {
            records.extend(now(store.list(ListByUser::new(kind, user(home), ever))).unwrap());
        }
    }
    let of_users = records.len();
    for stranger in [id(2, 1), id(6, 1)] {
        records.extend(now(store.load(Load::new(RecordKind::Session, stranger, ever))).unwrap());
    }
    let counted = (store.0.users.used(), store.0.strangers.used());
    assert_eq!(counted, (of_users, records.len() - of_users), "the counts");
    records.sort_by_key(|record| (record.kind, record.id));
    let parts = records.iter().map(|record| {
        let Record { seen, series, .. } = record;
        format!("{record:?} {seen:?} {series:?} {:?}\n", record.body)
    });
    parts.collect()
}

/// The steps of each thread.
type Threads = Vec<Vec<Step>>;

/// What each thread was answered, and what was left.
type Outcome = (Vec<Vec<String>>, String);

/// What comes of the steps one after the other, in each order that the threads allow.
fn in_each_order(threads: &Threads, bounds: (usize, usize)) -> BTreeSet<Outcome> {
    let mut orders = vec![vec![]];
    for _ in 0..threads.iter().map(Vec::len).sum() {
        let longer = orders.iter().flat_map(|order: &Vec<usize>| {
            let taken = |thread| order.iter().filter(|it| **it == thread).count();
            let next = (0..threads.len()).filter(move |it| taken(*it) < threads[*it].len());
            next.map(move |thread| [&order[..], &[thread]].concat())
        });
        orders = longer.collect();
    }
    let outcome = |order: &Vec<usize>| {
        let store = store_for(bounds.0, bounds.1);
        let mut answers = vec![vec![]; threads.len()];
        for thread in order {
            let (_, step) = threads[*thread][answers[*thread].len()];
            answers[*thread].push(step(&store));
        }
        (answers, left(&store))
    };
    orders.iter().map(outcome).collect()
}

/// The threads at once come to what one order of their steps comes to. Answers
/// how many schedules were tried.
fn at_once(
    threads: &Threads,
    bounds: (usize, usize),
    scheduler: impl Scheduler + 'static,
) -> usize {
    let expected = Arc::new(std::sync::OnceLock::new());
    let (one_by_one, known) = (threads.clone(), expected.clone());
    run(DfsScheduler::new(Some(1), false), move || {
        known.get_or_init(|| in_each_order(&one_by_one, bounds));
    });
    let threads = threads.clone();
    run(scheduler, move || {
        let store = store_for(bounds.0, bounds.1);
        let all: Vec<_> = threads
            .iter()
            .cloned()
            .map(|steps| {
                let store = store.clone();
                thread::spawn(move || steps.iter().map(|(_, step)| step(&store)).collect())
            })
            .collect();
        let answers: Vec<Vec<String>> = all.into_iter().map(|it| it.join().unwrap()).collect();
        let outcome = (answers, left(&store));
        let names: Vec<Vec<_>> = threads
            .iter()
            .map(|steps| steps.iter().map(|(name, _)| *name).collect())
            .collect();
        let expected = expected.get().unwrap();
        assert!(
            expected.contains(&outcome),
            "{names:?} of {bounds:?} in no order come to {outcome:#?} but to {expected:#?}"
        );
    })
}

/// The watchers' timers are tokio's; nobody lets their time pass. What fails ends
/// the process: the threads that are left hold locks, and would wait for them.
fn run(scheduler: impl Scheduler + 'static, test: impl Fn() + Send + Sync + 'static) -> usize {
    static ABORTS: std::sync::Once = std::sync::Once::new();
    ABORTS.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            let thread = std::thread::current();
            eprintln!("{}: {panic}", thread.name().unwrap_or_default());
            std::process::abort();
        }));
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let _context = runtime.enter();
    Runner::new(scheduler, Config::new()).run(test)
}

/// How many times as many schedules as a short run tries.
fn times() -> usize {
    let times = std::env::var("SCHEDULES");
    times.map_or(1, |times| times.parse().unwrap())
}

/// One thread for each step.
fn each_alone(steps: impl IntoIterator<Item = Step>) -> Threads {
    steps.into_iter().map(|step| vec![step]).collect()
}

// --- the tests ---------------------------------------------------------------

#[test]
fn any_two_steps_at_once_are_one_after_the_other() {
    let mut tried = 0;
    for bounds in BOUNDS {
        for (at, one) in STEPS.iter().enumerate() {
            for other in &STEPS[at..] {
                let threads = each_alone([*one, *other]);
                let all = DfsScheduler::new(Some(200 * times()), false);
                tried += at_once(&threads, bounds, all);
                let seed = tried as u64;
                let random = RandomScheduler::new_from_seed(seed, 50 * times());
                tried += at_once(&threads, bounds, random);
            }
        }
    }
    println!("{tried} schedules");
}

#[test]
fn three_threads_of_two_steps_are_one_after_the_other() {
    let mut tried = 0;
    // A fixed walk over the steps, so that each run draws the same.
    let mut at = 0;
    let mut next = || {
        at = (at * 1_103_515_245 + 12_345) % (1 << 31);
        STEPS[(at >> 8) % STEPS.len()]
    };
    for round in 0..200 * times() {
        let threads: Threads = (0..3).map(|_| vec![next(), next()]).collect();
        let bounds = BOUNDS[round % BOUNDS.len()];
        let seed = round as u64;
        tried += at_once(&threads, bounds, RandomScheduler::new_from_seed(seed, 100));
        tried += at_once(&threads, bounds, PctScheduler::new_from_seed(seed, 3, 100));
    }
    println!("{tried} schedules");
}

#[test]
fn steps_over_three_shards_never_wait_for_each_other_for_ever() {
    let across = |name: &str| *STEPS.iter().find(|(it, _)| *it == name).unwrap();
    let threads = each_alone([
        across("over three shards from the third"),
        across("over three shards from the first"),
        across("a stranger logs in elsewhere, and is remembered"),
    ]);
    let mut tried = at_once(
        &threads,
        BOUNDS[0],
        DfsScheduler::new(Some(20_000 * times()), false),
    );
    tried += at_once(
        &threads,
        BOUNDS[0],
        PctScheduler::new_from_seed(1, 3, 2_000 * times()),
    );
    println!("{tried} schedules");
}

/// What ends the first session of user 1, whatever else it does.
const ENDS: &[&str] = &[
    "a login ends an earlier series",
    "a login when one is the most",
    "a confirmation",
    "a switch to another user",
    "a new password",
    "a logout",
    "an end",
    "the end of all of a user",
    "the end of all others",
    "a restore in the place of the first session",
    "a theft is noticed",
    "a stranger logs in elsewhere, and is remembered",
];

/// A wake that is lost would leave the watcher waiting for good, which the
/// scheduler reports: here no timer ever ends.
#[test]
fn who_watches_hears_of_the_end_whenever_it_comes() {
    let mut tried = 0;
    for (name, step) in STEPS.iter().filter(|(name, _)| ENDS.contains(name)) {
        let watched = move || {
            let store = store_for(100, 100);
            let watching = || {
                let store = store.clone();
                let clock = Arc::new(StandsStill);
                async move {
                    let watch = Watch::new(RecordKind::Session, id(1, 1), clock);
                    store.watch(watch).await;
                }
            };
            let waits = thread::spawn({
                let watching = watching();
                move || future::block_on(watching)
            });
            let leaves = thread::spawn({
                let watching = watching();
                move || {
                    let mut watching = Box::pin(watching);
                    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
                    let _ = watching.as_mut().poll(&mut context);
                }
            });
            step(&store);
            waits.join().unwrap();
            leaves.join().unwrap();
            assert!(store.0.watchers.is_empty(), "{name}: nobody waits any more");
        };
        let seed = tried as u64;
        tried += run(
            RandomScheduler::new_from_seed(seed, 1_500 * times()),
            watched,
        );
        tried += run(PctScheduler::new_from_seed(seed, 3, 500 * times()), watched);
    }
    println!("{tried} schedules");
}

struct StandsStill;

impl crate::clock::Clock for StandsStill {
    fn now(&self) -> Timestamp {
        NOW
    }
}
