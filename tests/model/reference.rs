//! The reference: what is to happen at run time, in the words of the design.
//!
//! It knows no hashes, no cookies' bytes and no store: sessions, series and
//! tokens are numbers, and a cookie is the number of what it opens. Where the
//! library is clever this is plain.

mod transitions;
mod words;

use std::collections::BTreeMap;

use transitions::leave_stranger;
pub use words::*;

pub type UserId = u64;
pub type SessionId = usize;
pub type SeriesId = usize;
pub type StrangerId = usize;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A session ends when it was not used for so long.
const IDLE: u64 = 7 * DAY;
/// A session ends so long after somebody gave the password for it.
const ABSOLUTE: u64 = 30 * DAY;
/// What a stranger keeps ends when it was not written for so long.
const STRANGER_IDLE: u64 = HOUR;
/// A use is noted at most once a minute, so an idle limit may be so much early.
const TOUCH: u64 = MINUTE;
/// A token that was replaced is no theft for so long.
const GRACE: u64 = MINUTE;
/// Only so many replaced tokens are told from copies, the latest: more than any
/// browser replaces within the grace. The design sets no bound.
const REPLACED: usize = 8;
const REMEMBERED_FOR: u64 = 365 * DAY;
const LONGEST_REMEMBERED_FOR: u64 = 400 * DAY;

#[derive(Clone, Debug)]
pub struct User {
    pub exists: bool,
    pub active: bool,
    pub password: u8,
}

#[derive(Clone, Debug)]
pub struct Session {
    pub user: UserId,
    password: u8,
    /// Logged in although not active.
    forced: bool,
    /// When the password was given, if that counts.
    pub verified: Option<u64>,
    pub by_hand: bool,
    /// The series that it began, or that restored it.
    pub series: Option<SeriesId>,
    /// Has it been used since the login?
    arrived: bool,
    agent: u8,
    used: u64,
    ends: u64,
    data: KeptData,
}

/// What the app keeps in a session.
#[derive(Clone, Debug, Default)]
struct KeptData {
    note: Vec<u64>,
    /// Its type says: keep it when a stranger logs in.
    cart: Vec<u64>,
}

/// A browser that is remembered.
#[derive(Clone, Debug)]
struct Series {
    user: UserId,
    password: u8,
    forced: bool,
    ends: u64,
    /// The last one is the present one.
    tokens: Vec<Token>,
}

#[derive(Clone, Debug)]
struct Token {
    made: u64,
    /// When it or the session that came with it was first shown.
    seen: Option<u64>,
    /// The answer that carried it never arrived: another took its place.
    lost: bool,
    /// The session that came with it, by the id that it then had.
    session: SessionId,
}

/// What a token is worth, section 4, "Remember me".
enum Worth {
    Present,
    LoserOfTheRace,
    SuccessorLost,
    Theft,
}

#[derive(Clone, Debug)]
struct Stranger {
    written: u64,
    data: KeptData,
}

/// Who is logged in, as one request sees it.
#[derive(Clone, Copy)]
struct LoggedIn {
    session: SessionId,
    fresh: bool,
}

#[derive(Debug)]
pub struct Model {
    pub now: u64,
    rules: Rules,
    pub users: BTreeMap<UserId, User>,
    /// Those alive.
    pub sessions: BTreeMap<SessionId, Session>,
    series: BTreeMap<SeriesId, Series>,
    strangers: BTreeMap<StrangerId, Stranger>,
    last_id: usize,
}

impl Model {
    pub fn new(rules: Rules, users: impl IntoIterator<Item = UserId>) -> Self {
        let user = User {
            exists: true,
            active: true,
            password: 0,
        };
        Self {
            now: 0,
            rules,
            users: users.into_iter().map(|id| (id, user.clone())).collect(),
            sessions: BTreeMap::new(),
            series: BTreeMap::new(),
            strangers: BTreeMap::new(),
            last_id: 0,
        }
    }

    /// One request of a browser with these cookies.
    pub fn answer(&mut self, jar: &mut Jar, agent: u8, request: Request) -> Answer {
        let mut answer = Answer::default();
        if let Request::Look = request {
            let user = self.look(jar, agent);
            answer.body = user.map_or("nobody".to_owned(), |user| format!("user {user}"));
            answer.status = 200;
            return answer;
        }
        // A guard is asked first, whatever the handler then does.
        let who = self.guard(jar, agent, &mut answer);
        match (request, who) {
            (Request::Who, None) => answer.ok("nobody"),
            (Request::Me | Request::Who, Some(who)) => {
                answer.ok(&format!("user {}", self.sessions[&who.session].user));
            }
            (Request::Fresh | Request::ChangePassword(_), Some(who)) if !who.fresh => {
                answer.see("/confirm");
            }
            (Request::Fresh, Some(who)) => {
                answer.ok(&format!("fresh {}", self.sessions[&who.session].user));
            }
            (Request::Data, who) => {
                let data = self.data(jar, who);
                answer.ok(&format!("note {:?} cart {:?}", data.note, data.cart));
            }
            (Request::AddNote(value), who) => {
                self.write(jar, who, &mut answer, |data| data.note.push(value));
            }
            (Request::AddCart(value), who) => {
                self.write(jar, who, &mut answer, |data| data.cart.push(value));
            }
            (Request::LogIn(..), Some(_)) => answer.see("/"),
            (Request::LogIn(user, options), None) => {
                self.log_in(jar, agent, user, options, &mut answer);
            }
            (Request::LogOut, Some(who)) => self.log_out(jar, who, &mut answer),
            (Request::Confirm(user), Some(who)) => {
                self.confirm(jar, agent, who, user, &mut answer);
            }
            (Request::Switch(user), Some(who)) => self.switch(jar, agent, who, user, &mut answer),
            (Request::ChangePassword(password), Some(who)) => {
                self.change_password(jar, agent, who, password, &mut answer);
            }
            (_, None) => answer.see("/login"),
            (Request::Look, _) => unreachable!("answered above"),
        }
        answer
    }

    // --- who is there ----------------------------------------------------

    /// The session cookie counts first; a guard makes a session of a remembered login.
    fn guard(&mut self, jar: &mut Jar, agent: u8, answer: &mut Answer) -> Option<LoggedIn> {
        if let Some(session) = self.by_session(jar, agent) {
            return Some(session);
        }
        let Cookie::Of((series, token)) = jar.remember else {
            return None;
        };
        match self.worth(series, token)? {
            Worth::Theft => {
                self.end_series(series);
                None
            }
            Worth::LoserOfTheRace => self.stand_on_the_winners(series, agent),
            Worth::SuccessorLost => {
                self.end_series_of_no_user(series);
                self.may_be_remembered(series)?;
                let lost = self.series.get_mut(&series)?.tokens.last_mut()?;
                lost.lost = true;
                let session = lost.session;
                self.sessions.remove(&session);
                Some(self.restore(jar, agent, series, answer))
            }
            Worth::Present => {
                self.end_series_of_no_user(series);
                self.may_be_remembered(series)?;
                let shown = &mut self.series.get_mut(&series)?.tokens[token];
                shown.seen.get_or_insert(self.now);
                Some(self.restore(jar, agent, series, answer))
            }
        }
    }

    /// A look writes nothing to the series: it shows the user as remembered.
    fn look(&mut self, jar: &Jar, agent: u8) -> Option<UserId> {
        if let Some(who) = self.by_session(jar, agent) {
            return Some(self.sessions[&who.session].user);
        }
        let Cookie::Of((series, token)) = jar.remember else {
            return None;
        };
        match self.worth(series, token)? {
            Worth::Theft => None,
            Worth::LoserOfTheRace => {
                let who = self.stand_on_the_winners(series, agent)?;
                Some(self.sessions[&who.session].user)
            }
            Worth::SuccessorLost | Worth::Present => self.may_be_remembered(series),
        }
    }

    fn by_session(&mut self, jar: &Jar, agent: u8) -> Option<LoggedIn> {
        let Cookie::Of(id) = jar.session else {
            return None;
        };
        let fresh = self.admit(id, agent)?;
        let session = self.sessions.get_mut(&id)?;
        (session.used, session.arrived) = (self.now, true);
        // It shows that the token that it came with has arrived.
        let series = session
            .series
            .and_then(|series| self.series.get_mut(&series));
        let mut tokens = series.into_iter().flat_map(|series| &mut series.tokens);
        if let Some(token) = tokens.find(|token| token.session == id) {
            token.seen.get_or_insert(self.now);
        }
        Some(LoggedIn { session: id, fresh })
    }

    /// The checks of a live session, at each load. Answers whether it is fresh.
    fn admit(&mut self, id: SessionId, agent: u8) -> Option<bool> {
        let session = self.sessions.get_mut(&id)?;
        let user = &self.users[&session.user];
        if !user.exists || !(user.active || session.forced) {
            self.sessions.remove(&id);
            return None;
        }
        // It is not ended: the request that has changed the password is about to
        // replace it. Until then it opens nothing.
        if session.password != user.password {
            return None;
        }
        if session.agent != agent {
            match self.rules.protection {
                Protection::Off => {}
                // It is this browser's now, and stale.
                Protection::Basic => {
                    session.verified = None;
                    session.agent = agent;
                }
                Protection::Strong => {
                    self.end_session_and_series(id);
                    return None;
                }
            }
        }
        Some(self.is_fresh(id))
    }

    pub fn is_fresh(&self, id: SessionId) -> bool {
        match (self.sessions[&id].verified, self.rules.fresh_for) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(verified), Some(window)) => self.now - verified < window,
        }
    }

    // --- what a user is shown --------------------------------------------

    /// The sessions of a user: those that the browser has come back with.
    pub fn shown_sessions(&self, user: UserId) -> impl Iterator<Item = (SessionId, &Session)> {
        let of_user = self.sessions.iter().filter(move |(_, it)| it.user == user);
        let arrived = of_user.filter(|(_, session)| {
            let is_remembered = session
                .series
                .is_some_and(|id| self.series.contains_key(&id));
            session.arrived || is_remembered
        });
        arrived.map(|(id, session)| (*id, session))
    }

    /// When the remembered browsers of a user end that have no session now.
    pub fn shown_series(&self, user: UserId) -> Vec<u64> {
        let is_open = |id| self.sessions.values().any(|it| it.series == Some(id));
        let alone = self.series.iter().filter(|(id, _)| !is_open(**id));
        let of_user = alone.filter(|(_, series)| series.user == user);
        let mut ends: Vec<_> = of_user.map(|(_, series)| series.ends).collect();
        ends.sort_unstable();
        ends
    }

    // --- remember me -----------------------------------------------------

    fn worth(&self, series: SeriesId, token: usize) -> Option<Worth> {
        let tokens = &self.series.get(&series)?.tokens;
        if token + 1 == tokens.len() {
            return Some(Worth::Present);
        }
        let mut arrived = tokens[token + 1..].iter().filter(|token| !token.lost);
        if tokens[token].lost || arrived.clone().count() > REPLACED {
            return Some(Worth::Theft);
        }
        let successor = arrived.next()?;
        Some(match successor.seen {
            None if self.now < successor.made + GRACE => Worth::LoserOfTheRace,
            None => Worth::SuccessorLost,
            Some(seen) if self.now < seen + GRACE => Worth::LoserOfTheRace,
            Some(_) => Worth::Theft,
        })
    }

    /// The user of a series, who is checked as any.
    fn may_be_remembered(&self, series: SeriesId) -> Option<UserId> {
        let series = self.series.get(&series)?;
        let user = &self.users[&series.user];
        let may = user.exists && (user.active || series.forced) && user.password == series.password;
        may.then_some(series.user)
    }

    /// With the user, or while it is not active, a guard ends the series; new
    /// credentials refuse it only.
    fn end_series_of_no_user(&mut self, id: SeriesId) {
        let Some(series) = self.series.get(&id) else {
            return;
        };
        let user = &self.users[&series.user];
        if !user.exists || !(user.active || series.forced) {
            self.end_series(id);
        }
    }

    /// The loser of a race has the winner's session, is never fresh, and gets no cookie.
    fn stand_on_the_winners(&mut self, series: SeriesId, agent: u8) -> Option<LoggedIn> {
        let session = self.series[&series].tokens.last()?.session;
        self.admit(session, agent)?;
        Some(LoggedIn {
            session,
            fresh: false,
        })
    }

    /// A new token and a new session, authenticated and not fresh.
    fn restore(&mut self, jar: &mut Jar, agent: u8, id: SeriesId, answer: &mut Answer) -> LoggedIn {
        let series = self.series[&id].clone();
        let token = series.tokens.len();
        // A browser that shows no session has lost the one that it had.
        self.sessions.remove(&series.tokens[token - 1].session);
        let session = Session {
            user: series.user,
            password: series.password,
            forced: series.forced,
            verified: None,
            by_hand: false,
            series: Some(id),
            arrived: false,
            agent,
            used: self.now,
            ends: self.now + ABSOLUTE,
            data: self.what_a_stranger_keeps(jar),
        };
        // Unlike a login it only copies what the stranger had, and leaves it to its idle limit.
        leave_stranger(jar, answer);
        let session = self.begin(jar, session, answer);
        let next = Token {
            made: self.now,
            seen: None,
            lost: false,
            session,
        };
        self.series.get_mut(&id).unwrap().tokens.push(next);
        jar.remember = Cookie::Of((id, token));
        answer.remember_for(series.ends - self.now);
        LoggedIn {
            session,
            fresh: false,
        }
    }
}
