//! Threads that work on one store at once, in the orders that a scheduler picks.
//!
//! `RUSTFLAGS="--cfg shuttle" cargo test --release --lib threads`, and with
//! `SCHEDULES=100` in front so many times as many orders. What fails prints the
//! order; `shuttle::replay` repeats it.
//!
//! The claim of the store is that each step is atomic. So whatever threads do
//! at once, the answers and what is left are those of the same steps one after
//! the other, in some order. The tests of single steps say what that may be.

mod steps;

use std::{collections::BTreeSet, sync::Arc};

use shuttle::{
    Config, Runner, future,
    scheduler::{DfsScheduler, PctScheduler, RandomScheduler, Scheduler},
    thread,
};

use super::*;
use crate::store::StoreError;
use steps::{BOUNDS, ENDS, STEPS, Step, said, store_for};

// --- what comes of it --------------------------------------------------------

/// All that is in the store, expired or not, and that it has counted it right.
fn left(store: &MemoryStore, bounds: (usize, usize)) -> String {
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
    assert!(
        counted.0 <= bounds.0 && counted.1 <= bounds.1,
        "{counted:?}"
    );
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

/// What comes of the steps one after the other, in each order that the threads
/// allow. While others are under way there may be no room: of a step that needs
/// some it is also tried that it changes nothing.
fn in_each_order(threads: &Threads, bounds: (usize, usize)) -> BTreeSet<Outcome> {
    let may_lack_room = |step| bounds != BOUNDS[0] && needs_room(step);
    let each = threads.iter().map(|steps| steps.iter().map(may_lack_room));
    let may_be_refused: Vec<Vec<bool>> = each.map(Iterator::collect).collect();
    let mut orders: Vec<Vec<Turn>> = vec![vec![]];
    for _ in 0..threads.iter().map(Vec::len).sum() {
        let mut longer = Vec::new();
        for order in orders {
            let refused = order
                .iter()
                .filter(|turn| turn.1 != Room::AsThereIs)
                .count();
            for (thread, may_be_refused) in may_be_refused.iter().enumerate() {
                let taken = order.iter().filter(|turn| turn.0 == thread).count();
                let Some(may_be_refused) = may_be_refused.get(taken) else {
                    continue;
                };
                longer.push([&order[..], &[(thread, Room::AsThereIs)]].concat());
                if *may_be_refused && refused < 2 {
                    longer.push([&order[..], &[(thread, Room::None)]].concat());
                    longer.push([&order[..], &[(thread, Room::NoneThoughSwept)]].concat());
                }
            }
        }
        orders = longer;
    }
    let outcome = |order: &Vec<Turn>| {
        let store = store_for(bounds.0, bounds.1);
        let mut answers = vec![vec![]; threads.len()];
        for (thread, room) in order {
            let (_, step) = threads[*thread][answers[*thread].len()];
            if *room == Room::NoneThoughSwept {
                said(store.sweep(Sweep::new(NOW, 100)));
            }
            answers[*thread].push(match room {
                Room::AsThereIs => step(&store),
                _ => refused(),
            });
        }
        (answers, left(&store, bounds))
    };
    orders.iter().map(outcome).collect()
}

/// Whose turn it is, and whether there is room.
type Turn = (usize, Room);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Room {
    AsThereIs,
    None,
    /// A step that finds none has looked for what has expired.
    NoneThoughSwept,
}

/// Is this step refused where everything is taken?
fn needs_room((_, step): &Step) -> bool {
    let store = store_for(8, 1);
    assert_eq!(said(store.sweep(Sweep::new(NOW, 100))), "Ok(1)");
    for rest in [30, 31] {
        assert_eq!(insert(&store, &of(2, rest)), Inserted::Done);
    }
    step(&store) == refused()
}

fn refused() -> String {
    said(async { Err::<(), _>(StoreError::full()) })
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
        let outcome = (answers, left(&store, bounds));
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
