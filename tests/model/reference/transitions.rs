//! The second part of the reference: what changes a login, what keeps data,
//! and what ends sessions from outside.

use super::*;

/// Whoever is refused and logged in stays so, and is asked for the password
/// where that is done: the login page is for others.
const REFUSED_AGAIN: &str = "/confirm";

impl Model {
    pub(super) fn log_in(
        &mut self,
        jar: &mut Jar,
        agent: u8,
        id: UserId,
        options: Options,
        answer: &mut Answer,
    ) {
        let user = &self.users[&id];
        if !user.exists || !(user.active || options.force) {
            return answer.see("/login");
        }
        let password = user.password;
        // What remembered somebody else in this browser is forgotten.
        if let Cookie::Of((series, _)) = jar.remember {
            self.end_series(series);
        }
        let shown = jar.remember != Cookie::None;
        // A duration alone asks for it as well.
        let remember = options.remember || options.days.is_some();
        let series = remember.then(|| self.next_id());
        let session = Session {
            user: id,
            password,
            forced: options.force,
            verified: (!options.stale).then_some(self.now),
            by_hand: true,
            series,
            arrived: false,
            agent,
            used: self.now,
            ends: self.now + ABSOLUTE,
            data: self.what_a_stranger_keeps(jar),
        };
        // Every change of privilege ends the old id.
        if let Cookie::Of(stranger) = jar.stranger {
            self.strangers.remove(&stranger);
        }
        leave_stranger(jar, answer);
        let session = self.begin(jar, session, answer);
        if let Some(series) = series {
            let lasts = options.days.map(|days| u64::from(days) * DAY);
            let lasts = lasts.unwrap_or(REMEMBERED_FOR).min(LONGEST_REMEMBERED_FOR);
            let begun = Series {
                user: id,
                password,
                forced: options.force,
                ends: self.now + lasts,
                tokens: vec![self.first_token(session)],
            };
            self.series.insert(series, begun);
            jar.remember = Cookie::Of((series, 0));
            answer.remember_for(lasts);
        } else if shown {
            forget(jar, answer);
        }
        answer.ok("in");
    }

    pub(super) fn log_out(&mut self, jar: &mut Jar, who: LoggedIn, answer: &mut Answer) {
        let is_remembered = self.sessions[&who.session].series.is_some();
        self.end_session_and_series(who.session);
        jar.session = Cookie::None;
        answer.removed(CookieName::Session);
        if is_remembered || jar.remember != Cookie::None {
            forget(jar, answer);
        }
        leave_stranger(jar, answer);
        answer.see("/");
    }

    /// The same user only. It goes on under a new id, with all its data, and
    /// may live as long as a new login.
    pub(super) fn confirm(
        &mut self,
        jar: &mut Jar,
        agent: u8,
        who: LoggedIn,
        user: UserId,
        answer: &mut Answer,
    ) {
        if self.sessions[&who.session].user != user {
            return answer.see(REFUSED_AGAIN);
        }
        let old = self.sessions.remove(&who.session).unwrap();
        let remembered = old.series.and_then(|id| self.series.get(&id).cloned());
        if let Some(series) = old.series {
            self.end_series(series);
        }
        let session = Session {
            verified: Some(self.now),
            by_hand: true,
            arrived: true,
            agent,
            used: self.now,
            ends: self.now + ABSOLUTE,
            ..old
        };
        leave_stranger(jar, answer);
        self.begin_renewed(jar, session, remembered, answer);
        answer.see("/me");
    }

    /// Somebody else, with nothing of the earlier user's.
    pub(super) fn switch(
        &mut self,
        jar: &mut Jar,
        agent: u8,
        who: LoggedIn,
        id: UserId,
        answer: &mut Answer,
    ) {
        let user = &self.users[&id];
        if !user.exists || !user.active {
            return answer.see(REFUSED_AGAIN);
        }
        let session = Session {
            user: id,
            password: user.password,
            forced: false,
            verified: Some(self.now),
            by_hand: true,
            series: None,
            arrived: false,
            agent,
            used: self.now,
            ends: self.now + ABSOLUTE,
            data: KeptData::default(),
        };
        let was_remembered = self.sessions[&who.session].series.is_some();
        self.end_session_and_series(who.session);
        leave_stranger(jar, answer);
        self.begin(jar, session, answer);
        if was_remembered || jar.remember != Cookie::None {
            forget(jar, answer);
        }
        answer.ok("switched");
    }

    /// This session goes on, under a new id and with the new password; all
    /// other sessions and series of the user end.
    pub(super) fn change_password(
        &mut self,
        jar: &mut Jar,
        agent: u8,
        who: LoggedIn,
        password: u8,
        answer: &mut Answer,
    ) {
        let old = self.sessions[&who.session].clone();
        let remembered = old.series.and_then(|id| self.series.remove(&id));
        self.users.get_mut(&old.user).unwrap().password = password;
        self.end_all(old.user);
        let remembered = remembered.map(|series| Series { password, ..series });
        let session = Session {
            password,
            arrived: true,
            agent,
            used: self.now,
            ..old
        };
        leave_stranger(jar, answer);
        self.begin_renewed(jar, session, remembered, answer);
        answer.ok("changed");
    }

    /// A session that goes on, and what remembers its browser: up to the same day.
    fn begin_renewed(
        &mut self,
        jar: &mut Jar,
        session: Session,
        remembered: Option<Series>,
        answer: &mut Answer,
    ) {
        let id = remembered.as_ref().map(|_| self.next_id());
        let series = id.or(session.series);
        let session = self.begin(jar, Session { series, ..session }, answer);
        if let (Some(id), Some(old)) = (id, remembered) {
            let tokens = vec![self.first_token(session)];
            let series = Series { tokens, ..old };
            answer.remember_for(series.ends - self.now);
            self.series.insert(id, series);
            jar.remember = Cookie::Of((id, 0));
        }
    }

    /// A new id, and its cookie.
    pub(super) fn begin(
        &mut self,
        jar: &mut Jar,
        session: Session,
        answer: &mut Answer,
    ) -> SessionId {
        let id = self.next_id();
        self.sessions.insert(id, session);
        jar.session = Cookie::Of(id);
        answer.set(CookieName::Session);
        id
    }

    fn first_token(&self, session: SessionId) -> Token {
        Token {
            made: self.now,
            seen: Some(self.now),
            lost: false,
            session,
        }
    }

    fn next_id(&mut self) -> usize {
        self.last_id += 1;
        self.last_id
    }

    // --- data --------------------------------------------------------------

    pub(super) fn data(&self, jar: &Jar, who: Option<LoggedIn>) -> KeptData {
        match (who, jar.stranger) {
            (Some(who), _) => self.sessions[&who.session].data.clone(),
            (None, Cookie::Of(id)) => {
                let stranger = self.strangers.get(&id).cloned();
                stranger.map(|stranger| stranger.data).unwrap_or_default()
            }
            _ => KeptData::default(),
        }
    }

    /// At a login data is dropped, unless its type says keep.
    pub(super) fn what_a_stranger_keeps(&self, jar: &Jar) -> KeptData {
        KeptData {
            cart: self.data(jar, None).cart,
            note: Vec::new(),
        }
    }

    /// A stranger has no record, and no cookie, until something is written.
    pub(super) fn write(
        &mut self,
        jar: &mut Jar,
        who: Option<LoggedIn>,
        answer: &mut Answer,
        change: impl FnOnce(&mut KeptData),
    ) {
        answer.ok("");
        if let Some(who) = who {
            return change(&mut self.sessions.get_mut(&who.session).unwrap().data);
        }
        let id = match jar.stranger {
            Cookie::Of(id) if self.strangers.contains_key(&id) => id,
            _ => {
                let id = self.next_id();
                jar.stranger = Cookie::Of(id);
                answer.set(CookieName::Stranger);
                id
            }
        };
        let now = self.now;
        let stranger = self.strangers.entry(id).or_insert_with(|| Stranger {
            written: now,
            data: KeptData::default(),
        });
        stranger.written = now;
        change(&mut stranger.data);
    }

    // --- what happens outside of requests ------------------------------------

    pub fn pass(&mut self, seconds: u64) {
        self.now += seconds;
        let now = self.now;
        self.sessions
            .retain(|_, session| now < session.ends && now < session.used + IDLE);
        self.series.retain(|_, series| now < series.ends);
        self.strangers
            .retain(|_, stranger| now < stranger.written + STRANGER_IDLE);
    }

    /// A use is noted once a minute, so in the last minute of an idle limit
    /// something may be alive or not: the design leaves it open.
    pub fn leaves_open(&self) -> bool {
        let open = |used: u64, idle: u64| self.now + TOUCH + 1 >= used + idle;
        let (mut sessions, mut strangers) = (self.sessions.values(), self.strangers.values());
        sessions.any(|session| open(session.used, IDLE))
            || strangers.any(|stranger| open(stranger.written, STRANGER_IDLE))
    }

    /// All sessions of a user, and all that remembers one.
    pub fn end_all(&mut self, user: UserId) {
        self.sessions.retain(|_, session| session.user != user);
        self.series.retain(|_, series| series.user != user);
    }

    /// A session with what remembers its browser.
    pub fn end_session_and_series(&mut self, id: SessionId) {
        if let Some(series) = self.sessions.remove(&id).and_then(|it| it.series) {
            self.end_series(series);
        }
    }

    /// A series, and every session that came of it: the login that began it too.
    pub(super) fn end_series(&mut self, id: SeriesId) {
        self.series.remove(&id);
        self.sessions
            .retain(|_, session| session.series != Some(id));
    }

    pub fn is_a_live_stranger(&self, cookie: Cookie<StrangerId>) -> bool {
        matches!(cookie, Cookie::Of(id) if self.strangers.contains_key(&id))
    }
}

/// Somebody is logged in or out: the stranger's cookie goes.
pub(super) fn leave_stranger(jar: &mut Jar, answer: &mut Answer) {
    if let Cookie::Of(_) = jar.stranger {
        jar.stranger = Cookie::None;
        answer.removed(CookieName::Stranger);
    }
}

fn forget(jar: &mut Jar, answer: &mut Answer) {
    jar.remember = Cookie::None;
    answer.removed(CookieName::Remember);
}
