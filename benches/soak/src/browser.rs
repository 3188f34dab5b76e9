//! A browser: its cookies, and what its user knows of the session behind them.

use std::{collections::VecDeque, fmt};

use crate::{
    client::{Answer, When},
    clock::{IDLE, REMEMBERED, TOUCH, WINDOW},
};

const LOGIN: &str = "__Host-login";
const REMEMBER: &str = "__Host-login-remember";

pub struct Browser {
    cookies: Vec<(String, String)>,
    pub agent: &'static str,
    pub knows: Knows,
    /// Nobody uses it before.
    pub naps_until: u64,
    /// Its last requests, and what came of them: for whoever is to explain a violation.
    last: VecDeque<String>,
}

/// What can be known from outside: who may be logged in, and how sure that is.
#[derive(Clone, Debug, Default)]
pub struct Knows {
    /// Who may be logged in. Empty: nobody is.
    pub users: Vec<u64>,
    /// Nobody may be logged in as well: an answer was lost, or a step failed.
    pub maybe_out: bool,
    /// What the session's note may say.
    pub notes: Vec<u64>,
    session: Lasts,
    remembered: Lasts,
    verified: Verified,
    /// The cookie of before the browser was closed: it ends when another is restored.
    pub left: String,
}

/// Until when something is surely alive, and from when it surely is not.
#[derive(Clone, Copy, Debug, Default)]
struct Lasts {
    surely: u64,
    at_most: u64,
}

/// Between these the password was given, if it was.
#[derive(Clone, Copy, Debug, Default)]
struct Verified {
    surely_since: Option<u64>,
    perhaps_since: Option<u64>,
}

impl Browser {
    pub fn new(agent: &'static str) -> Self {
        Self {
            cookies: Vec::new(),
            agent,
            knows: Knows::default(),
            naps_until: 0,
            last: VecDeque::new(),
        }
    }

    pub fn cookies(&self) -> String {
        Self::header(self.cookies.iter())
    }

    /// The cookies of the login alone: worth nothing once it has ended.
    pub fn login_cookies(&self) -> String {
        let of_login = |cookie: &&(String, String)| [LOGIN, REMEMBER].contains(&cookie.0.as_str());
        Self::header(self.cookies.iter().filter(of_login))
    }

    fn header<'a>(cookies: impl Iterator<Item = &'a (String, String)>) -> String {
        let pairs: Vec<_> = cookies
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }

    pub fn has_login_cookies(&self) -> bool {
        !self.login_cookies().is_empty()
    }

    /// Takes the cookies of an answer. Says whether a session is among them.
    pub fn take(&mut self, answer: &Answer) -> bool {
        for (name, value) in &answer.cookies {
            self.cookies.retain(|(known, _)| known != name);
            if let Some(value) = value {
                self.cookies.push((name.clone(), value.clone()));
            }
        }
        let mut set = answer.cookies.iter();
        set.any(|(name, value)| name == LOGIN && value.is_some())
    }

    pub fn remember_request(&mut self, request: String) {
        self.last.truncate(7);
        self.last.push_front(request);
    }

    /// Closed and opened again: what has no date is gone.
    pub fn close(&mut self) {
        let of_session = self.cookies.iter().filter(|cookie| cookie.0 == LOGIN);
        self.knows.left = Self::header(of_session);
        self.cookies.retain(|(name, _)| name == REMEMBER);
        self.knows.session = Lasts::default();
        self.knows.verified = Verified::default();
        self.knows.perhaps_restored();
        if !self.has_login_cookies() {
            self.knows = Knows::default();
        }
    }

    /// It was surely in, and its answer had to say so, whatever the time in between.
    pub fn must_be_in(&self, when: When) -> bool {
        self.session_is_sure(when) || (self.is_sure() && when.to < self.knows.remembered.surely)
    }

    pub fn may_be_in(&self, when: When) -> bool {
        let at_most = self
            .knows
            .session
            .at_most
            .max(self.knows.remembered.at_most);
        !self.knows.users.is_empty() && when.from <= at_most
    }

    pub fn session_is_sure(&self, when: When) -> bool {
        self.is_sure() && when.to < self.knows.session.surely
    }

    /// Is it known who is logged in, if the time is not over?
    pub fn is_sure(&self) -> bool {
        self.knows.users.len() == 1 && !self.knows.maybe_out
    }

    pub fn must_be_fresh(&self, when: When) -> bool {
        let since = self.knows.verified.surely_since;
        self.session_is_sure(when) && since.is_some_and(|since| when.to < since + WINDOW)
    }

    pub fn may_be_fresh(&self, when: When) -> bool {
        let since = self.knows.verified.perhaps_since;
        since.is_some_and(|since| when.from <= since + WINDOW)
    }

    /// Somebody was there: by a session that has begun, by the one that was there, or,
    /// if its remember cookie may have done it, by one that a lost answer began.
    pub fn used(&mut self, set: bool, was_sure: bool, when: When) {
        if set {
            self.knows.restored();
        }
        if set || was_sure || !self.is_remembered() {
            self.knows.used_in(when);
        } else {
            self.knows.perhaps_restored();
            self.knows.perhaps_used_in(when);
        }
    }

    pub fn is_remembered(&self) -> bool {
        self.cookies.iter().any(|(name, _)| name == REMEMBER)
    }
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} after {:?}", self.knows, self.last)
    }
}

impl Knows {
    pub fn logged_in(&mut self, user: u64, remembered: bool, when: When) {
        *self = Self {
            users: vec![user],
            notes: vec![0],
            ..Self::default()
        };
        self.verified_in(when);
        self.used_in(when);
        if remembered {
            self.remembered = Lasts {
                surely: when.from + REMEMBERED,
                at_most: when.to + REMEMBERED,
            };
        }
    }

    pub fn verified_in(&mut self, when: When) {
        self.verified = Verified {
            surely_since: Some(when.from),
            perhaps_since: Some(when.to),
        };
    }

    /// The session was used, and its answer has come.
    pub fn used_in(&mut self, when: When) {
        self.session.surely = when.from + IDLE - TOUCH;
        self.perhaps_used_in(when);
    }

    pub fn perhaps_used_in(&mut self, when: When) {
        self.session.at_most = self.session.at_most.max(when.to + IDLE);
    }

    /// By its remember cookie: no password was given.
    pub fn restored(&mut self) {
        self.verified = Verified::default();
        self.notes = vec![0];
    }

    /// The session may be another one, that a lost answer began.
    pub fn perhaps_restored(&mut self) {
        if !self.notes.contains(&0) {
            self.notes.push(0);
        }
    }

    pub fn perhaps_noted(&mut self, note: u64) {
        self.notes.push(note);
    }

    pub fn out(&mut self) {
        *self = Self::default();
    }

    /// A transition may have happened, to this user or the one that it was.
    pub fn blur(&mut self, also: Option<u64>, when: When) {
        self.maybe_out = true;
        self.perhaps_restored();
        self.users.extend(also);
        self.verified.surely_since = None;
        self.verified.perhaps_since = Some(when.to);
        self.perhaps_used_in(when);
    }

    /// This user's logins have ended.
    pub fn ended(&mut self, user: u64) {
        self.users.retain(|one| *one != user);
        if self.users.is_empty() {
            self.out();
        }
        self.maybe_out |= !self.users.is_empty();
    }
}
