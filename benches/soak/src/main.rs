//! Load, with faults, for as long as is wanted: does anything ever go wrong?
//!
//! An app runs on loopback TCP. Thousands of simulated users log in, read, write,
//! confirm, change passwords, switch, end other logins, log out, close browsers and
//! come back, from two browsers each and sometimes from two tabs at once. Meanwhile
//! the store fails before and after its steps, is slow and hangs, the loader fails,
//! and requests break off. Each user keeps in mind what it knows of its sessions,
//! and compares that with each answer. At the end all log out, the time passes, and
//! no record may be left.
//!
//! | command | |
//! |---|---|
//! | `cargo run --release -p portcullis-soak` | 2,000 users for a minute, on the store in memory |
//! | `… -- --seconds 10 --users 300` | a short one |
//! | `… --features sqlite -- --store sqlite` | on a file |
//! | `… --features postgres -- --store postgres` | on the empty database of `DATABASE_URL` |
//! | `… --features redis -- --store redis` | on the empty server of `REDIS_URL` |
//!
//! Further options: `--faults 2` in percent of the store's steps, and as much of the
//! requests; `--seed 1`; `--at-once 128` connections; `--store-timeout 1` in seconds.
//!
//! | file | |
//! |---|---|
//! | `app` | what is under load |
//! | `faults`, `stores` | the store and what befalls it |
//! | `client` | the network, and requests that break off |
//! | `browser` | cookies, and what is known of what they open |
//! | `person`, `reading`, `acting`, `two_tabs` | who does what, and what is expected of it |
//! | `checks`, `growth`, `missed`, `report` | what was wrong, and the table |

mod acting;
mod app;
mod browser;
mod checks;
mod client;
mod clock;
mod faults;
mod growth;
mod missed;
mod options;
mod person;
mod reading;
mod report;
mod rng;
mod stores;
mod two_tabs;

use std::{
    env,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use portcullis::{BoxError, EventKind, store::SessionStore};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    app::{Accounts, MOST, User},
    checks::{Checks, Wrong},
    client::Client,
    clock::FastClock,
    faults::{Faults, Faulty},
    growth::Bounds,
    missed::Missed,
    options::Options,
    person::Person,
    report::Events,
    stores::{Tried, Try},
};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<bool, BoxError> {
    let options = Options::read(env::args().skip(1))?;
    tracing::subscriber::set_global_default(Missed)?;
    stores::open(&options.store.clone(), Soak(options)).await
}

struct Soak(Options);

impl Try for Soak {
    async fn with<S: SessionStore + Clone>(self, tried: Tried<S>) -> Result<bool, BoxError> {
        let Self(options) = self;
        if (tried.count)().await? > 0 {
            return Err("the store is not empty: it may be somebody's".into());
        }
        let clock = FastClock::start();
        let faults = Faults::new(options.seed, options.faults);
        let accounts = Accounts::new(options.users * 2 + 1);
        let (told, checks) = (Arc::<AtomicU64>::default(), Arc::<Checks>::default());
        let store = Faulty {
            inner: tried.store.clone(),
            faults: faults.clone(),
        };
        let (router, sessions) = app::app(
            store,
            options.store_timeout,
            clock.clone(),
            accounts.clone(),
            told.clone(),
        )?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let server = tokio::spawn(async { axum::serve(listener, router).await });
        let client = Arc::new(Client::new(address, clock.clone(), options.at_once));

        let until = Instant::now() + Duration::from_secs(options.seconds);
        let mut persons = JoinSet::new();
        for number in 0..options.users {
            let mut person = Person::new(
                number,
                options.seed,
                &client,
                &checks,
                &accounts,
                options.faults,
            );
            persons.spawn(async move {
                person.live(until).await;
                person
            });
        }
        let samples = growth::watch(&tried, &clock, until).await?;
        let persons = persons.join_all().await;

        faults.stop();
        let mut leaving = JoinSet::new();
        for mut person in persons {
            leaving.spawn(async move { person.leave().await });
        }
        leaving.join_all().await;
        clock.jump(A_YEAR);
        if tried.is_swept {
            // Twice: a sweep of the library's own, begun before the jump, may be on its way.
            growth::sweep(&tried.store, &clock).await?;
            growth::sweep(&tried.store, &clock).await?;
            let left = (tried.count)().await?;
            checks.expect(left == 0, Wrong::Left, || format!("{left} records"));
        }

        let events = heard(&sessions, &told, &checks).await;
        let thefts = sessions.event_counts().of(EventKind::RememberTheft);
        checks.expect(thefts == 0, Wrong::Theft, || format!("{thefts} alarms"));
        let accounts = options.users * 2;
        let bounds = Bounds {
            records: accounts * 2 * u64::from(MOST) + options.users * 2,
            tasks: options.users + 2 * options.at_once as u64 + 64,
        };
        growth::check(&samples, &bounds, &checks);
        report::print(&options, &checks, &faults, &samples, &events);
        server.abort();
        Ok(checks.all_wrong() == 0)
    }
}

/// Each event was heard by the listener, or the log says that it was missed.
async fn heard(sessions: &portcullis::Sessions<User>, told: &AtomicU64, checks: &Checks) -> Events {
    let counts = sessions.event_counts();
    let counted = counts.into_iter().map(|(_, count)| count).sum();
    let now = || Events {
        counted,
        told: told.load(Ordering::SeqCst),
        missed: Missed::count(),
    };
    let mut events = now();
    for _ in 0..50 {
        if events.told + events.missed >= counted {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await; // the queue is still long
        events = now();
    }
    let Events { told, missed, .. } = events;
    checks.expect(told + missed == counted, Wrong::Growth, || {
        format!("{counted} events, {told} heard and {missed} missed")
    });
    events
}

/// Longer than anything lasts here.
const A_YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);
