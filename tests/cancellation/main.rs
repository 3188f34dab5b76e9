//! A request that is dropped anywhere, on every store: a browser that goes away,
//! a timeout around the router, a server that stops.
//!
//! It is dropped before, within and after each step of the store. What it leaves
//! is the state before or the state after, whole, and the browser goes on from it.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod app;
mod halting;
#[path = "../servers/mod.rs"]
mod servers;
#[path = "../support/mod.rs"]
mod support;

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
};

use axum::{
    Router,
    http::{Method, StatusCode},
};
use halting::{Halting, Place};
use portcullis::{
    Clock, EventKind, Sessions,
    store::{MemoryStore, PostgresStore, RedisStore, SessionStore, SqliteStore},
};
use support::{Browser, ByHand, DAY, MINUTE, REMEMBER, START};

/// A transition: where it begins, what is sent, and what a look finds before and
/// after it, by the cookies of before: who is there, and how many records.
struct Transition {
    name: &'static str,
    begins: Begins,
    sends: &'static str,
    before: (&'static str, usize),
    after: (&'static str, usize),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Begins {
    /// With something in the cart.
    AsStranger,
    LoggedIn,
    Remembered,
    /// The window was closed: the remember cookie is left.
    Reopened,
    /// The user is logged in elsewhere too.
    BesideAnother,
    /// The same, and both browsers are remembered.
    BothRemembered,
    /// One of two logins at once: the remember cookie in the jar is the other's.
    OfTwoLogins,
    /// The first of two factors is checked.
    Pending,
    PendingToBeRemembered,
    /// A token was mailed.
    Mailed,
}

use Begins::*;

macro_rules! transitions {
    ($($name:literal from $begins:ident sends $sends:literal: $before:tt => $after:tt;)*) => {
        &[$(Transition {
            name: $name,
            begins: $begins,
            sends: $sends,
            before: $before,
            after: $after,
        }),*]
    };
}

// What nobody has the cookie of, a pending login, runs out by itself. Of a
// restore both tokens are good until the new one has arrived.
const TRANSITIONS: &[Transition] = transitions! {
    "login" from AsStranger sends "/login/{id}/false": ("out [5]", 0) => ("out []", 1);
    "login, remembered" from AsStranger sends "/login/{id}/true": ("out [5]", 0) => ("out []", 2);
    "begin" from AsStranger sends "/begin/{id}/false": ("out [5]", 0) => ("out [5]", 1);
    "finish" from Pending sends "/finish": ("pending", 1) => ("", 1);
    "finish, remembered" from PendingToBeRemembered sends "/finish": ("pending", 1) => ("", 2);
    "confirm" from LoggedIn sends "/confirm": ("in []", 1) => ("out []", 1);
    "confirm, remembered" from Remembered sends "/confirm": ("in []", 2) => ("out []", 2);
    "switch" from LoggedIn sends "/switch/{id}": ("in []", 1) => ("out []", 1);
    "switch, remembered" from Remembered sends "/switch/{id}": ("in []", 2) => ("out []", 1);
    "credentials" from BesideAnother sends "/change": ("in []", 2) => ("out []", 1);
    "credentials, remembered" from BothRemembered sends "/change": ("in []", 4) => ("out []", 2);
    "logout" from LoggedIn sends "/logout": ("in []", 1) => ("out []", 0);
    "logout, remembered" from Remembered sends "/logout": ("in []", 2) => ("out []", 0);
    "logout, two logins" from OfTwoLogins sends "/logout": ("in []", 3) => ("out []", 0);
    "restore" from Reopened sends "/me": ("in []", 1) => ("in []", 2);
    "data" from LoggedIn sends "/cart/7": ("in []", 1) => ("in [7]", 1);
    "redeem" from Mailed sends "/redeem/{token}": ("good", 1) => ("", 0);
    "end others" from BesideAnother sends "/end-others": ("in []", 2) => ("in []", 1);
    "end others, remembered" from BothRemembered sends "/end-others": ("in []", 4) => ("in []", 2);
    "end all" from BothRemembered sends "/end-all/{id}": ("in []", 4) => ("out []", 0);
};

/// One store with an app on it.
struct World<S> {
    store: Halting<S>,
    clock: Arc<ByHand>,
    app: Router,
    sessions: Sessions<app::User>,
    users: AtomicU64,
}

/// One browser at the beginning of a transition.
struct Begun {
    id: u64,
    browser: Browser,
    token: String,
}

impl Begun {
    fn path(&self, path: &str) -> String {
        let path = path.replace("{id}", &self.id.to_string());
        path.replace("{token}", &self.token)
    }
}

impl<S: SessionStore + Clone> World<S> {
    fn on(store: S) -> Self {
        let (store, clock) = (Halting::new(store), Arc::new(ByHand::at(START)));
        let (app, sessions) = app::app(store.clone(), clock.clone());
        let users = AtomicU64::new(2);
        Self {
            store,
            clock,
            app,
            sessions,
            users,
        }
    }

    async fn begin(&self, transition: &Transition) -> Begun {
        self.store.forget_users();
        // Odd ones have one factor.
        let id = self.users.fetch_add(4, Ordering::Relaxed) + u64::from(!transition.is_second());
        let mut begun = Begun {
            id,
            browser: Browser::of(self.app.clone()),
            token: String::new(),
        };
        let another = match transition.begins {
            BesideAnother => Some("/login/{id}/false"),
            BothRemembered | OfTwoLogins => Some("/login/{id}/true"),
            _ => None,
        };
        let mut other = Browser::of(self.app.clone());
        if let Some(path) = another {
            done(&mut other, &begun.path(path)).await;
        }
        let path = begun.path(match transition.begins {
            AsStranger => "/cart/5",
            LoggedIn | BesideAnother | OfTwoLogins => "/login/{id}/false",
            Remembered | Reopened | BothRemembered => "/login/{id}/true",
            Pending => "/begin/{id}/false",
            PendingToBeRemembered => "/begin/{id}/true",
            Mailed => "/mail/{id}",
        });
        let answer = done(&mut begun.browser, &path).await;
        match transition.begins {
            Reopened => {
                begun.browser.close();
                self.clock.pass(8 * DAY); // its session is over
            }
            Mailed => begun.token = answer,
            OfTwoLogins => {
                let token = other.jar[REMEMBER].clone();
                begun.browser.jar.insert(REMEMBER.to_owned(), token);
            }
            _ => {}
        }
        begun
    }

    /// Is what it left the state before, or after? Goes on from there.
    async fn look(&self, transition: &Transition, begun: Begun, dropped: &str) -> bool {
        let message = format!("{} dropped {dropped}", transition.name);
        let mut look = begun.browser.clone();
        let reply = look.get(&begun.path(transition.looks())).await;
        let who = match reply.status {
            StatusCode::OK => reply.body.as_str(),
            _ => "",
        };
        let found = (who, self.store.records(self.clock.now()).await);
        let is_before = found == transition.before || found == transition.between();
        assert!(
            is_before || found == transition.after,
            "{message}: {found:?}"
        );

        let mut again = begun.browser.clone();
        if is_before {
            let path = begun.path(transition.sends);
            let reply = again.send(transition.method(), &path, &[]).await;
            assert_eq!(reply.status, StatusCode::OK, "{message}, sent again");
        }
        if transition.begins == Reopened {
            // Later the token of before is still good: its successor never arrived.
            let mut later = begun.browser.clone();
            self.clock.pass(2 * MINUTE);
            let user = format!("user {}", begun.id);
            assert_eq!(later.get("/me").await.body, user, "{message}");
        }
        // The browser as it was, whose answer never came, logs in.
        let mut next = begun.browser.clone();
        let login = format!("/login/{}/false", begun.id);
        next.post(&login).await;
        assert_eq!(
            next.get("/me").await.body,
            format!("user {}", begun.id),
            "{message}"
        );
        let thefts = self.sessions.event_counts().of(EventKind::RememberTheft);
        assert_eq!(thefts, 0, "{message}: an honest browser");
        is_before
    }

    /// Drops the transition around each of its steps of the store.
    async fn drop_at_each_step(&self, transition: &Transition) {
        let (mut before, mut after) = (0, 0);
        for step in 0.. {
            let mut stopped = false;
            for place in Place::ALL {
                let begun = self.begin(transition).await;
                let path = begun.path(transition.sends);
                let request = begun.browser.request(transition.method(), &path, &[]);
                self.store.stop_at(step, place);
                let is_dropped = tokio::select! {
                    biased;
                    reply = support::send(&self.app, request) => {
                        assert_eq!(reply.status, StatusCode::OK, "{}: {}", transition.name, reply.body);
                        false
                    }
                    () = self.store.stopped() => true,
                };
                self.store.go_on().await;
                stopped |= is_dropped;
                if is_dropped {
                    let dropped = format!("in step {step}, {place:?}");
                    match self.look(transition, begun, &dropped).await {
                        true => before += 1,
                        false => after += 1,
                    }
                }
            }
            if !stopped {
                break;
            }
        }
        assert!(
            before > 0 && after > 0,
            "{}: {before}, {after}",
            transition.name
        );
        println!("{}: {before} as before, {after} as after", transition.name);
    }

    async fn drop_everything_at_each_step(&self) {
        for transition in TRANSITIONS {
            self.drop_at_each_step(transition).await;
        }
    }
}

impl Transition {
    fn is_second(&self) -> bool {
        matches!(self.begins, Pending | PendingToBeRemembered) || self.sends.starts_with("/begin")
    }

    /// A logout of two logins takes two steps: this browser is still logged in, and
    /// not remembered by the other login any more.
    fn between(&self) -> (&'static str, usize) {
        match self.begins {
            OfTwoLogins => ("in []", 1),
            _ => self.before,
        }
    }

    fn looks(&self) -> &'static str {
        match self.begins {
            Pending | PendingToBeRemembered => "/pending",
            Mailed => "/check/{token}",
            _ => "/look",
        }
    }

    fn method(&self) -> Method {
        match self.sends {
            "/me" => Method::GET,
            _ => Method::POST,
        }
    }
}

async fn done(browser: &mut Browser, path: &str) -> String {
    let reply = browser.post(path).await;
    assert_eq!(reply.status, StatusCode::OK, "{path}: {}", reply.body);
    reply.body
}

// --- on every store --------------------------------------------------------------

#[tokio::test]
async fn a_dropped_request_leaves_one_state_whole_in_memory() {
    let world = World::on(MemoryStore::new());
    world.drop_everything_at_each_step().await;
}

#[tokio::test]
async fn a_dropped_request_leaves_one_state_whole_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("sessions.db")).await;
    World::on(store.unwrap())
        .drop_everything_at_each_step()
        .await;
}

#[tokio::test]
async fn a_dropped_request_leaves_one_state_whole_on_postgres() {
    let Some(database) = servers::postgres().await else {
        return;
    };
    // One connection: each step waits for the one that was dropped.
    let options = sqlx::postgres::PgPoolOptions::new().max_connections(1);
    let store = PostgresStore::new(options.connect(database.url()).await.unwrap());
    store.migrate().await.unwrap();
    World::on(store).drop_everything_at_each_step().await;
}

#[tokio::test]
async fn a_dropped_request_leaves_one_state_whole_on_redis() {
    let Some(server) = servers::redis().await else {
        return;
    };
    let connection = server.client.get_connection_manager().await.unwrap();
    let store = RedisStore::new(connection).key_prefix(&server.prefix);
    World::on(store).drop_everything_at_each_step().await;
}

/// In memory a request waits in few places, also where no store is asked.
#[tokio::test]
async fn a_request_dropped_after_any_poll_leaves_one_state_whole() {
    let world = World::on(MemoryStore::new());
    for transition in TRANSITIONS {
        let mut seen = [0, 0];
        for polls in 1.. {
            let begun = world.begin(transition).await;
            let path = begun.path(transition.sends);
            let request = begun.browser.request(transition.method(), &path, &[]);
            let is_done = {
                let mut sending = pin!(support::send(&world.app, request));
                let mut context = Context::from_waker(Waker::noop());
                (0..polls).any(|_| matches!(sending.as_mut().poll(&mut context), Poll::Ready(_)))
            };
            if is_done {
                break;
            }
            let dropped = format!("after {polls} polls");
            let is_before = world.look(transition, begun, &dropped).await;
            seen[usize::from(is_before)] += 1;
        }
        assert!(seen[0] > 0 && seen[1] > 0, "{}: {seen:?}", transition.name);
    }
}
