//! A browser that is remembered, and a thief who has copies of all that it was
//! ever given: in each step the input chooses a token or a session of any age
//! and shows it. The answers, the cookies and the thefts that are told are those
//! of a small model of `src/session/remember/`.

#![no_main]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::http::Method;
use libfuzzer_sys::fuzz_target;
use portcullis::{EventKind, LoginEvent};
use portcullis_fuzz::{
    block_on,
    input::Input,
    support::{COOKIE, REMEMBER, Reply, User, World, with_cookie},
};

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    block_on(async {
        let mut trial = Trial::new();
        for _ in 0..MOST_STEPS {
            if input.is_empty() {
                break;
            }
            trial.step(&mut input).await;
        }
        trial.audit().await;
    });
});

const MOST_STEPS: usize = 64;
/// More than the events of a request take to be told.
const TURNS: usize = 32;
const WAITS: [u64; 8] = [1, 30, 59, 60, 61, 3_600, 6 * DAY, 30 * DAY];
const DAY: u64 = 86_400;
const MINUTE: u64 = 60;
const IDLE: u64 = 7 * DAY;
const ABSOLUTE: u64 = 30 * DAY;
const REMEMBERED: u64 = 365 * DAY;
const USERS: [u64; 2] = [1, 2];
/// So many replaced tokens are told from copies.
const REPLACED: usize = 8;

// --- the model ---------------------------------------------------------------

#[derive(Default)]
struct Model {
    now: u64,
    series: Vec<Series>,
    /// What the cookies of sessions open, in the order they were given.
    sessions: Vec<Session>,
    thefts: u64,
}

struct Series {
    user: u64,
    ends: u64,
    is_over: bool,
    /// The last one is the present one.
    tokens: Vec<Token>,
}

struct Token {
    /// When the session that came with it began.
    made: u64,
    session: usize,
    /// It or its session came back.
    seen: Option<u64>,
    is_lost: bool,
}

struct Session {
    user: u64,
    series: usize,
    used: u64,
    began: u64,
    was_used: bool,
    is_over: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Nobody,
    /// This user, and no cookie.
    Is(u64),
    /// This user, with a new token and a new session.
    Restored(u64),
}

impl Model {
    fn log_in(&mut self, user: u64) {
        let series = self.series.len();
        let session = self.begin(user, series);
        let mut token = self.token(session);
        token.seen = Some(self.now);
        self.series.push(Series {
            user,
            ends: self.now + REMEMBERED,
            is_over: false,
            tokens: vec![token],
        });
    }

    fn begin(&mut self, user: u64, series: usize) -> usize {
        self.sessions.push(Session {
            user,
            series,
            used: self.now,
            began: self.now,
            was_used: false,
            is_over: false,
        });
        self.sessions.len() - 1
    }

    fn token(&self, session: usize) -> Token {
        Token {
            made: self.now,
            session,
            seen: None,
            is_lost: false,
        }
    }

    fn show_token(&mut self, series: usize, at: usize) -> Answer {
        let now = self.now;
        let it = &mut self.series[series];
        if it.is_over || now >= it.ends {
            return Answer::Nobody;
        }
        let later = &it.tokens[at + 1..];
        let arrived = later.iter().filter(|token| !token.is_lost);
        let (replaced, successor) = (arrived.clone().count(), arrived.clone().next());
        match successor {
            _ if it.tokens[at].is_lost || replaced > REPLACED => return self.theft(series),
            None => drop(it.tokens[at].seen.get_or_insert(now)),
            Some(Token {
                seen: None, made, ..
            }) if now < made + MINUTE => {
                return self.stand_on_the_winners(series);
            }
            Some(Token { seen: None, .. }) => it.tokens.last_mut().unwrap().is_lost = true,
            Some(Token {
                seen: Some(seen), ..
            }) if now < seen + MINUTE => {
                return self.stand_on_the_winners(series);
            }
            Some(_) => return self.theft(series),
        }
        let (user, before) = (it.user, it.tokens.last().unwrap().session);
        self.sessions[before].is_over = true;
        let session = self.begin(user, series);
        let token = self.token(session);
        self.series[series].tokens.push(token);
        Answer::Restored(user)
    }

    fn stand_on_the_winners(&self, series: usize) -> Answer {
        let winner = self.series[series].tokens.last().unwrap().session;
        match self.is_alive(winner) {
            true => Answer::Is(self.sessions[winner].user),
            false => Answer::Nobody,
        }
    }

    /// The series is over, with all that came of it.
    fn theft(&mut self, series: usize) -> Answer {
        self.thefts += 1;
        self.end(series);
        Answer::Nobody
    }

    fn end(&mut self, series: usize) {
        self.series[series].is_over = true;
        let all = self.sessions.iter_mut();
        all.filter(|it| it.series == series)
            .for_each(|it| it.is_over = true);
    }

    fn show_session(&mut self, session: usize) -> Answer {
        if !self.is_alive(session) {
            return Answer::Nobody;
        }
        let it = &mut self.sessions[session];
        // A use is noted at first, and once a minute.
        if !it.was_used || self.now >= it.used + MINUTE {
            (it.used, it.was_used) = (self.now.max(it.began + 1), true);
            let tokens = &mut self.series[it.series].tokens;
            let present = tokens.last_mut().unwrap();
            if present.session == session {
                present.seen.get_or_insert(self.now);
            }
        }
        Answer::Is(it.user)
    }

    fn is_alive(&self, session: usize) -> bool {
        let it = &self.sessions[session];
        !it.is_over && self.now < it.used + IDLE && self.now < it.began + ABSOLUTE
    }

    fn alive(&self) -> impl Iterator<Item = usize> {
        (0..self.sessions.len()).filter(|session| self.is_alive(*session))
    }
}

// --- beside the library --------------------------------------------------------

struct Trial {
    world: World,
    model: Model,
    /// The cookie of each token: its series, its place there, its value.
    tokens: Vec<(usize, usize, String)>,
    sessions: Vec<String>,
    told: Arc<AtomicU64>,
}

impl Trial {
    fn new() -> Self {
        let told = Arc::new(AtomicU64::new(0));
        let counts = told.clone();
        let listener = move |event: Arc<LoginEvent<User>>| {
            let is_theft = event.kind() == EventKind::RememberTheft;
            counts.fetch_add(is_theft.into(), Ordering::SeqCst);
            std::future::ready(())
        };
        Self {
            world: World::with(
                |builder| builder.without_messages().on_event_async(listener),
                |routes, _| routes,
            ),
            model: Model::default(),
            tokens: Vec::new(),
            sessions: Vec::new(),
            told,
        }
    }

    async fn step(&mut self, input: &mut Input<'_>) {
        match input.byte() % 10 {
            0 => self.log_in(input.pick(&USERS)).await,
            1 | 2 => self.use_token(usize::from(input.byte())).await,
            3 => self.use_token(0).await,
            4 => self.use_token(1).await,
            5 => self.use_session(usize::from(input.byte())).await,
            6 => self.use_session(0).await,
            7 => self.use_forged(input).await,
            8 => self.log_out(usize::from(input.byte())).await,
            _ => {
                let seconds = input.pick(&WAITS);
                self.world.clock.pass(Duration::from_secs(seconds));
                self.model.now += seconds;
            }
        }
    }

    async fn log_in(&mut self, user: u64) {
        let path = format!("/remember/{user}");
        let reply = with_cookie(&self.world.app, Method::POST, &path, b"a=b").await;
        assert_eq!(reply.status, 303);
        self.model.log_in(user);
        self.keep(&reply, self.model.series.len() - 1);
    }

    /// The token that was given so many tokens ago.
    async fn use_token(&mut self, back: usize) {
        let Some(at) = latest(self.tokens.len(), back) else {
            return;
        };
        let (series, place, value) = self.tokens[at].clone();
        let reply = self.me(&format!("{REMEMBER}={value}")).await;
        let expected = self.model.show_token(series, place);
        assert_eq!(answer(&reply), expected);
        if let Answer::Restored(_) = expected {
            self.keep(&reply, series);
        }
        self.all_thefts_are_told().await;
    }

    async fn use_session(&mut self, back: usize) {
        let Some(at) = latest(self.sessions.len(), back) else {
            return;
        };
        let reply = self.me(&format!("{COOKIE}={}", self.sessions[at])).await;
        assert_eq!(answer(&reply), self.model.show_session(at));
    }

    /// A changed token is nobody's, and no theft: it never gets to the store.
    async fn use_forged(&mut self, input: &mut Input<'_>) {
        let known = latest(self.tokens.len(), input.byte().into()).map(|at| &self.tokens[at].2);
        let genuine = known.map_or("v1", String::as_str).to_owned();
        let mut forged = genuine.clone().into_bytes();
        input.edit(&mut forged, 4);
        let is_plain = |byte: &u8| byte.is_ascii_graphic() && *byte != b';';
        if forged == genuine.as_bytes() || !forged.iter().all(is_plain) {
            return;
        }
        self.world.store.taken();
        let cookie = [REMEMBER.as_bytes(), b"=", &forged].concat();
        let reply = with_cookie(&self.world.app, Method::GET, "/me", &cookie).await;
        assert_eq!(answer(&reply), Answer::Nobody);
        assert!(self.world.store.taken().is_empty());
    }

    /// With the cookie of the session alone, as another tab may send it.
    async fn log_out(&mut self, back: usize) {
        let Some(at) = latest(self.sessions.len(), back) else {
            return;
        };
        let cookie = format!("{COOKIE}={}", self.sessions[at]);
        let reply = with_cookie(&self.world.app, Method::POST, "/logout", cookie.as_bytes()).await;
        let is_somebody = self.model.show_session(at) != Answer::Nobody;
        assert_eq!(reply.status, if is_somebody { 303 } else { 401 });
        if is_somebody {
            self.model.end(self.model.sessions[at].series);
        }
    }

    async fn me(&self, cookie: &str) -> Reply {
        with_cookie(&self.world.app, Method::GET, "/me", cookie.as_bytes()).await
    }

    fn keep(&mut self, reply: &Reply, series: usize) {
        let place = self.model.series[series].tokens.len() - 1;
        let (session, token) = (value(reply, COOKIE), value(reply, REMEMBER));
        self.sessions.push(session.unwrap());
        self.tokens.push((series, place, token.unwrap()));
        assert_eq!(self.sessions.len(), self.model.sessions.len());
    }

    /// Of each login at most one session lives, and whoever holds it is its user.
    async fn audit(&mut self) {
        let alive: Vec<_> = self.model.alive().collect();
        for series in 0..self.model.series.len() {
            let mut branches = alive
                .iter()
                .filter(|it| self.model.sessions[**it].series == series);
            assert!(branches.by_ref().count() <= 1);
        }
        for (at, value) in self.sessions.iter().enumerate() {
            let reply = self.me(&format!("{COOKIE}={value}")).await;
            let expected = match self.model.is_alive(at) {
                true => Answer::Is(self.model.sessions[at].user),
                false => Answer::Nobody,
            };
            assert_eq!(answer(&reply), expected);
        }
        self.all_thefts_are_told().await;
    }

    /// Listeners are told by a task of their own, one event after the other.
    async fn all_thefts_are_told(&self) {
        for _ in 0..TURNS {
            tokio::task::yield_now().await;
        }
        assert_eq!(self.told.load(Ordering::SeqCst), self.model.thefts);
    }
}

fn latest(len: usize, back: usize) -> Option<usize> {
    let back = back.checked_rem(len)?;
    Some(len - 1 - back)
}

fn answer(reply: &Reply) -> Answer {
    let is_restored = value(reply, COOKIE).is_some();
    assert_eq!(value(reply, REMEMBER).is_some(), is_restored);
    match reply.body.strip_prefix("user ") {
        Some(user) if is_restored => Answer::Restored(user.parse().unwrap()),
        Some(user) => Answer::Is(user.parse().unwrap()),
        None => {
            assert_eq!((reply.status.as_u16(), is_restored), (401, false));
            Answer::Nobody
        }
    }
}

/// What an answer sets a cookie to.
fn value(reply: &Reply, name: &str) -> Option<String> {
    let lines = reply.set_cookies();
    let line = lines
        .iter()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
    Some(line.split(';').next().unwrap().to_owned())
}
