//! Who is logged in: learnt from what the app says it did, and from nothing that
//! the library decided.
//!
//! Where the rules leave something open, such as the last minute of an idle
//! limit or a replaced remember token, a login is `unsure`: it may open what is
//! its user's, and need not.

use std::collections::HashMap;

pub const IDLE: u64 = 7 * DAY;
const DAY: u64 = 86_400;
const ABSOLUTE: u64 = 30 * DAY;
const FRESH: u64 = 15 * 60;
const REMEMBERED: u64 = 365 * DAY;
/// A use is noted at most once a minute.
const TOUCH: u64 = 61;

#[derive(Default)]
pub struct Model {
    pub now: u64,
    logins: HashMap<String, Login>,
    series: Vec<Series>,
    /// The remember cookies: of which series.
    tokens: HashMap<String, usize>,
}

struct Login {
    user: u64,
    agent: u8,
    verified: Option<u64>,
    began: u64,
    used: u64,
    series: Option<usize>,
    is_over: bool,
    unsure: bool,
}

struct Series {
    user: u64,
    ends: u64,
    latest: String,
    is_over: bool,
}

/// What a request shows of who it is from.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    pub login: Option<String>,
    pub remember: Option<String>,
    pub key: Option<u64>,
    pub agent: u8,
}

/// What may be answered to it.
#[derive(Clone, Debug, Default)]
pub struct May {
    pub be: Vec<u64>,
    pub be_fresh: Option<u64>,
    pub be_nobody: bool,
}

impl Model {
    pub fn may(&self, shown: &Shown) -> May {
        let mut may = May::default();
        if let Some((login, is_sure)) = self.login(shown) {
            may.be.push(login.user);
            let is_fresh = login.verified.is_some_and(|at| self.now < at + FRESH);
            may.be_fresh = (is_fresh && login.agent == shown.agent).then_some(login.user);
            if is_sure {
                return may;
            }
        }
        may.be_nobody = true;
        if let Some(series) = self.remembered(shown) {
            may.be.push(series.user);
        }
        may.be.extend(shown.key);
        may
    }

    /// The login of the cookie that is shown, and whether it is alive for sure.
    fn login(&self, shown: &Shown) -> Option<(&Login, bool)> {
        let login = self.logins.get(shown.login.as_ref()?)?;
        let ends = login.began + ABSOLUTE;
        let is_alive = !login.is_over && self.now < login.used + IDLE && self.now < ends;
        // Beside a token that was replaced even a live session may be ended.
        let token = shown.remember.as_ref();
        let is_latest = token.is_none_or(|token| match self.tokens.get(token) {
            Some(series) => self.series[*series].latest == *token,
            None => true,
        });
        let is_sure = !login.unsure && is_latest && self.now + TOUCH < login.used + IDLE;
        is_alive.then_some((login, is_sure))
    }

    fn remembered(&self, shown: &Shown) -> Option<&Series> {
        let series = &self.series[*self.tokens.get(shown.remember.as_ref()?)?];
        (!series.is_over && self.now < series.ends).then_some(series)
    }

    /// A guard has answered: what the request shows was looked at.
    pub fn asked(&mut self, shown: &Shown) {
        let token = shown.remember.clone().unwrap_or_default();
        if let Some(series) = self.tokens.get(&token).copied()
            && self.series[series].latest != token
        {
            let of_it = self
                .logins
                .values_mut()
                .filter(|it| it.series == Some(series));
            of_it.for_each(|it| it.unsure = true); // it may have been theft
        }
        let login = shown.login.as_ref().and_then(|it| self.logins.get_mut(it));
        if let Some(login) = login.filter(|login| !login.is_over && self.now < login.used + IDLE) {
            login.used = self.now;
        }
    }

    /// Somebody has logged in, or goes on under a new id: with these cookies.
    pub fn begins(
        &mut self,
        (user, verified): (u64, bool),
        shown: &Shown,
        login: &str,
        token: Option<&str>,
    ) {
        let series = token.map(|token| {
            self.tokens.insert(token.to_owned(), self.series.len());
            self.series.push(Series {
                user,
                ends: self.now + REMEMBERED,
                latest: token.to_owned(),
                is_over: false,
            });
            self.series.len() - 1
        });
        self.insert(login, user, verified, series, shown.agent);
    }

    /// A remembered login became a session, with a new token.
    pub fn restored(&mut self, shown: &Shown, login: &str, token: &str) {
        let shown_token = shown.remember.as_ref().expect("no token was shown");
        let series = *self
            .tokens
            .get(shown_token)
            .expect("nobody was given this token");
        assert!(self.remembered(shown).is_some(), "its series is over");
        let of_it = self
            .logins
            .values_mut()
            .filter(|it| it.series == Some(series));
        of_it.for_each(|it| it.is_over = true); // one for each browser
        self.series[series].latest = token.to_owned();
        self.tokens.insert(token.to_owned(), series);
        let user = self.series[series].user;
        self.insert(login, user, false, Some(series), shown.agent);
    }

    fn insert(&mut self, login: &str, user: u64, fresh: bool, series: Option<usize>, agent: u8) {
        let it = Login {
            user,
            agent,
            verified: fresh.then_some(self.now),
            began: self.now,
            used: self.now,
            series,
            is_over: false,
            unsure: false,
        };
        let before = self.logins.insert(login.to_owned(), it);
        assert!(before.is_none(), "a session's id is new");
    }

    /// Whoever this request was from is so no more. `somebody` was logged in by
    /// then: by the session, or else by what remembers the browser.
    pub fn ends(&mut self, shown: &Shown, somebody: bool) {
        let by_login = self
            .login(shown)
            .map(|(login, is_sure)| (login.series, is_sure));
        let by_token = shown
            .remember
            .as_ref()
            .and_then(|token| self.tokens.get(token))
            .copied();
        let over = match by_login {
            Some((series, true)) if somebody => series,
            Some(_) if somebody => None, // it may have been either
            _ => by_token,
        };
        if let Some(login) = shown.login.as_ref().and_then(|it| self.logins.get_mut(it)) {
            login.is_over = true;
        }
        if let Some(series) = over {
            self.series[series].is_over = true;
            let of_it = self
                .logins
                .values_mut()
                .filter(|it| it.series == Some(series));
            of_it.for_each(|it| it.is_over = true);
        }
    }

    /// All of a user's is over.
    pub fn ends_all(&mut self, user: u64) {
        let logins = self.logins.values_mut().filter(|it| it.user == user);
        logins.for_each(|it| it.is_over = true);
        let series = self.series.iter_mut().filter(|it| it.user == user);
        series.for_each(|it| it.is_over = true);
    }
}
