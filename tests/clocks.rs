//! Servers whose clocks differ, and clocks that jump: nobody is let in for longer
//! than by the difference, nobody honest is a thief, and a logout is final.
//!
//! A case is a sequence of steps of one honest browser between two servers on one
//! store: `PROPTEST_CASES=100000 PROPTEST_RNG_SEED=7 cargo test --test clocks` looks further.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use axum::{
    extract::{Path, State},
    http::{Method, StatusCode},
};
use portcullis::{Anonymous, Authenticated, EventKind, Login, LoginError, Routes, Session};
use proptest::{
    prelude::*,
    sample::select,
    test_runner::{Config, RngSeed, TestRunner},
};
use support::*;

/// How far a clock is from the true time, in seconds.
type Offset = i64;

const OFFSETS: [Offset; 9] = [0, 59, -59, 61, -61, 3_600, -3_600, 86_400, -86_400];
const IDLE: i64 = 7 * 86_400;
const ABSOLUTE: i64 = 30 * 86_400;
const FRESH: i64 = 15 * 60;
const A_DAY: i64 = 86_400;

#[derive(Clone, Copy, Debug)]
enum Step {
    Send(usize, Request),
    Pass(i64),
    /// A clock jumps to another difference from the true time.
    Jump(usize, Offset),
    CloseWindow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    LogIn,
    Remember,
    Confirm,
    LogOut,
    Me,
    Fresh,
    Write,
}

fn step() -> impl Strategy<Value = Step> {
    use Request::*;
    let requests = vec![
        LogIn, Remember, Confirm, LogOut, Me, Me, Me, Fresh, Fresh, Write,
    ];
    let passes = vec![
        1,
        30,
        59,
        61,
        600,
        3_600,
        A_DAY,
        6 * A_DAY,
        8 * A_DAY,
        31 * A_DAY,
    ];
    prop_oneof![
        12 => (0..2_usize, select(requests)).prop_map(|(server, what)| Step::Send(server, what)),
        4 => select(passes).prop_map(Step::Pass),
        3 => (0..2_usize, select(&OFFSETS[..])).prop_map(|(server, to)| Step::Jump(server, to)),
        1 => Just(Step::CloseWindow),
    ]
}

/// What is known of the honest browser, in true time.
struct Told {
    servers: [World; 2],
    browser: Browser,
    now: i64,
    offsets: [Offset; 2],
    /// The least and the most that a clock was ahead so far.
    extremes: (Offset, Offset),
    /// How far apart that is.
    apart: i64,
    /// When the password was given last, and at which server if nothing happened since.
    verified: Option<i64>,
    just_verified_at: Option<usize>,
    used: i64,
    remembered: bool,
    /// Since then the remember cookie alone has logged in.
    restored: bool,
    is_in: bool,
    /// The cookies of before each logout.
    ended: Vec<Browser>,
}

impl Told {
    fn new() -> Self {
        let one = World::with(|builder| builder, more);
        let other = World::around(
            Arc::new(ByHand::at(START)),
            one.store.clone(),
            one.database.clone(),
            key(1),
            |builder| builder,
            more,
        );
        Self {
            browser: one.browser(),
            servers: [one, other],
            now: START.cast_signed(),
            offsets: [0, 0],
            extremes: (0, 0),
            apart: 0,
            verified: None,
            just_verified_at: None,
            used: 0,
            remembered: false,
            restored: false,
            is_in: false,
            ended: Vec::new(),
        }
    }

    fn set_clocks(&mut self) {
        for (server, offset) in self.servers.iter().zip(self.offsets) {
            server.clock.set((self.now + offset).cast_unsigned());
        }
        for offset in self.offsets {
            let (least, most) = self.extremes;
            self.extremes = (least.min(offset), most.max(offset));
        }
        self.apart = self.extremes.1 - self.extremes.0;
    }

    async fn take(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Pass(seconds) => {
                self.now += seconds;
                self.just_verified_at = None;
            }
            Step::Jump(server, offset) => {
                self.offsets[server] = offset;
                self.just_verified_at = None;
            }
            Step::CloseWindow => {
                self.browser.close();
                (self.is_in, self.restored, self.just_verified_at) = (false, true, None);
                if !self.remembered {
                    self.verified = None;
                }
            }
            Step::Send(server, request) => self.send(server, request).await?,
        }
        self.set_clocks();
        for server in &self.servers {
            let thefts = server.sessions.event_counts().of(EventKind::RememberTheft);
            prop_assert_eq!(thefts, 0, "nobody has stolen anything: {:?}", step);
            for ended in &self.ended {
                let mut ended = ended.clone();
                ended.app = server.app.clone();
                prop_assert_eq!(ended.get("/look").await.body, "nobody", "after a logout");
            }
        }
        Ok(())
    }

    async fn send(&mut self, server: usize, request: Request) -> Result<(), TestCaseError> {
        self.set_clocks();
        self.browser.app = self.servers[server].app.clone();
        let before = self.browser.clone();
        let (method, path) = match request {
            Request::LogIn => (Method::POST, "/enter/false"),
            Request::Remember => (Method::POST, "/enter/true"),
            Request::Confirm => (Method::POST, "/again"),
            Request::LogOut => (Method::POST, "/logout"),
            Request::Me => (Method::GET, "/me"),
            Request::Fresh => (Method::GET, "/fresh"),
            Request::Write => (Method::POST, "/my-note/7"),
        };
        let headers = [("accept", "text/html")];
        let reply = self.browser.send(method, path, &headers).await;
        prop_assert!(reply.status.as_u16() < 500, "{}", reply.body);
        let location = reply.header("location").unwrap_or_default();
        let is_asked = location.starts_with("/login");
        let (now, apart) = (self.now, self.apart);
        match request {
            _ if reply.body == "verified" => {
                if request != Request::Confirm {
                    self.remembered = request == Request::Remember;
                }
                (self.verified, self.used) = (Some(now), now);
                (self.just_verified_at, self.is_in, self.restored) = (Some(server), true, false);
            }
            Request::LogOut if location == "/" => {
                self.ended.push(before);
                (self.is_in, self.remembered, self.verified) = (false, false, None);
                self.just_verified_at = None;
            }
            _ if is_asked => {
                // Within the limits nobody is asked to log in; clocks a day apart are borne.
                let of_record = self
                    .verified
                    .is_some_and(|verified| now - verified < ABSOLUTE - apart);
                let is_due = self.is_in && of_record && now - self.used < IDLE - apart - 60;
                prop_assert!(!is_due || apart > A_DAY, "logged out too early");
                self.is_in = false;
            }
            _ => {
                let verified = self.verified;
                prop_assert!(verified.is_some(), "who gave no password is nobody");
                let verified = verified.unwrap();
                if !self.remembered {
                    prop_assert!(
                        now - verified <= ABSOLUTE + apart,
                        "beyond the absolute limit"
                    );
                    prop_assert!(now - self.used <= IDLE + apart, "beyond the idle limit");
                }
                if request == Request::Fresh {
                    let is_fresh = reply.status == StatusCode::OK;
                    prop_assert!(
                        !is_fresh || now - verified <= FRESH + apart,
                        "fresh too long"
                    );
                    let is_due = (apart <= A_DAY && self.just_verified_at == Some(server))
                        || (apart <= 60
                            && self.is_in
                            && now - verified < FRESH - apart
                            && !self.restored);
                    prop_assert!(
                        is_fresh || !is_due,
                        "who has just given the password is fresh"
                    );
                }
                self.used = now;
                self.is_in = true;
            }
        }
        Ok(())
    }
}

// --- handlers whose answer says that the password was given ----------------------

fn more(routes: Routes<App>, _: Login<User>) -> Routes<App> {
    routes
        .post("/enter/{remember}", enter)
        .post("/again", again)
}

async fn enter(
    session: Session<Anonymous>,
    login: Login<User>,
    State(database): State<Arc<Database>>,
    Path(remember): Path<bool>,
) -> Result<&'static str, LoginError> {
    let verified = login.vouch_for(database.find(1).unwrap());
    session.login_user(verified).remember(remember).await?;
    Ok("verified")
}

async fn again(
    session: Session<Authenticated<User>>,
    login: Login<User>,
    State(database): State<Arc<Database>>,
) -> Result<&'static str, LoginError> {
    let verified = login.vouch_for(database.find(1).unwrap());
    session.confirm_login(verified).await?;
    Ok("verified")
}

// --- two servers -----------------------------------------------------------------

#[test]
fn an_honest_browser_between_servers_of_different_clocks() {
    let mut config = Config::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 400;
    }
    if matches!(config.rng_seed, RngSeed::Random) {
        config.rng_seed = RngSeed::Fixed(0);
    }
    config.failure_persistence = None;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let skew = (select(&OFFSETS[..]), select(&OFFSETS[..]));
    let cases = (skew, prop::collection::vec(step(), 1..=32));
    let outcome = TestRunner::new(config).run(&cases, |((one, other), steps)| {
        runtime.block_on(async {
            let mut told = Told::new();
            told.offsets = [one, other];
            for step in steps {
                told.take(step).await?;
            }
            Ok(())
        })
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

#[tokio::test]
async fn the_password_given_once_more_is_fresh_also_after_a_login_on_a_server_that_is_ahead() {
    for ahead in [59, 61, 3_600, A_DAY] {
        let mut told = Told::new();
        told.offsets = [ahead, 0];
        for (server, request) in [
            (0, Request::LogIn),
            (1, Request::Confirm),
            (1, Request::Fresh),
        ] {
            told.send(server, request).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_password_of_the_future_is_not_fresh_and_a_login_of_days_ahead_is_none() {
    for (ahead, fresh, who) in [
        (60, StatusCode::OK, "user 1"),
        (61, StatusCode::SEE_OTHER, "user 1"),
        (A_DAY, StatusCode::SEE_OTHER, "user 1"),
        (A_DAY + 1, StatusCode::SEE_OTHER, "nobody"),
    ] {
        let mut told = Told::new();
        told.offsets = [ahead, 0];
        told.send(0, Request::LogIn).await.unwrap();
        let mut there = told.browser.clone();
        there.app = told.servers[1].app.clone();
        assert_eq!(there.get("/fresh").await.status, fresh, "{ahead}");
        assert_eq!(there.get("/who").await.body, who, "{ahead}");
    }
}

// --- in the middle of a transition -----------------------------------------------

#[tokio::test]
async fn a_clock_that_jumps_in_the_middle_of_a_transition_lets_nobody_stay() {
    for path in [
        "/enter/true",
        "/again",
        "/switch/2",
        "/password/new",
        "/logout",
        "/me",
    ] {
        for offset in OFFSETS {
            let (mut polls, mut is_done) = (0, false);
            while !is_done {
                let told = Told::new();
                let world = &told.servers[0];
                let mut browser = match path {
                    "/enter/true" => world.browser(),
                    _ => world.remembered(1).await,
                };
                let method = match path {
                    "/me" => Method::GET,
                    _ => Method::POST,
                };
                if path == "/me" {
                    browser.close();
                }
                let before = browser.clone();
                let request = browser.request(method, path, &[("accept", "text/html")]);
                let reply = {
                    let mut sending = pin!(send(&world.app, request));
                    let mut context = Context::from_waker(Waker::noop());
                    let mut early = None;
                    for _ in 0..polls {
                        if let Poll::Ready(reply) = sending.as_mut().poll(&mut context) {
                            early = Some(reply);
                            break;
                        }
                    }
                    world.clock.set(START.saturating_add_signed(offset));
                    is_done = early.is_some();
                    match early {
                        Some(reply) => reply,
                        None => sending.await,
                    }
                };
                polls += 1;
                let message = format!("{path}, by {offset} after {polls} polls");
                assert!(reply.status.as_u16() < 500, "{message}: {}", reply.body);
                browser.keep(&reply);
                let mut copy = before;
                let was_asked = |reply: &Reply| {
                    let location = reply.header("location");
                    location
                        .is_some_and(|to| to.starts_with("/login") || to.starts_with("/confirm"))
                };
                match path {
                    "/logout" => {
                        assert_eq!(reply.header("location"), Some("/"), "{message}");
                        assert_eq!(copy.get("/who").await.body, "nobody", "{message}");
                        assert_eq!(world.sessions.end_all(&1).await.unwrap(), 0, "{message}");
                    }
                    // What was verified in the future is not believed, and what is old is not fresh.
                    _ if was_asked(&reply) => {
                        let is_old = path == "/password/new" && offset > FRESH;
                        assert!(offset < -60 || is_old, "{message}");
                        let who = if path == "/enter/true" {
                            "nobody"
                        } else {
                            "user 1"
                        };
                        assert_eq!(browser.get("/who").await.body, who, "{message}");
                    }
                    _ => {
                        let user = if path == "/switch/2" {
                            "user 2"
                        } else {
                            "user 1"
                        };
                        assert_eq!(browser.get("/me").await.body, user, "{message}");
                        if path != "/me" {
                            assert_eq!(copy.get("/who").await.body, "nobody", "{message}");
                        }
                        // Back to the true time, and on.
                        world.clock.set(START + 3_600);
                        assert_eq!(browser.get("/me").await.body, user, "{message}");
                    }
                }
                let thefts = world.sessions.event_counts().of(EventKind::RememberTheft);
                assert_eq!(thefts, 0, "{message}");
            }
        }
    }
}
