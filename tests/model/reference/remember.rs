//! What remembers a browser: the worth of a token, and a login restored.

use super::*;

impl Model {
    pub(super) fn worth(&self, series: SeriesId, token: usize) -> Option<Worth> {
        let tokens = &self.series.get(&series)?.tokens;
        if token + 1 == tokens.len() {
            return Some(Worth::Present);
        }
        if tokens[token].lost {
            return Some(Worth::Theft);
        }
        let successor = tokens[token + 1..].iter().find(|token| !token.lost)?;
        Some(match successor.seen {
            None if self.now < successor.made + GRACE => Worth::LoserOfTheRace,
            None => Worth::SuccessorLost,
            Some(seen) if self.now < seen + GRACE => Worth::LoserOfTheRace,
            Some(_) => Worth::Theft,
        })
    }

    /// The user of a series, who is checked as any.
    pub(super) fn may_be_remembered(&self, series: SeriesId) -> Option<UserId> {
        let series = self.series.get(&series)?;
        let user = &self.users[&series.user];
        let may = user.exists && (user.active || series.forced) && user.password == series.password;
        may.then_some(series.user)
    }

    /// With the user, or while it is not active, a guard ends the series; new
    /// credentials refuse it only.
    pub(super) fn end_series_of_no_user(&mut self, id: SeriesId) {
        let Some(series) = self.series.get(&id) else {
            return;
        };
        let user = &self.users[&series.user];
        if !user.exists || !(user.active || series.forced) {
            self.end_series(id);
        }
    }

    /// The loser of a race has the winner's session, is never fresh, and gets no cookie.
    pub(super) fn stand_on_the_winners(&mut self, series: SeriesId, agent: u8) -> Option<LoggedIn> {
        let session = self.series[&series].tokens.last()?.session;
        self.admit(session, agent)?;
        Some(LoggedIn {
            session,
            fresh: false,
        })
    }

    /// A new token and a new session, authenticated and not fresh.
    pub(super) fn restore(
        &mut self,
        jar: &mut Jar,
        agent: u8,
        id: SeriesId,
        answer: &mut Answer,
    ) -> LoggedIn {
        let series = self.series[&id].clone();
        let token = series.tokens.len();
        let session = Session {
            user: series.user,
            password: series.password,
            forced: series.forced,
            verified: None,
            by_hand: false,
            series: Some(id),
            agent,
            used: self.now,
            ends: self.now + ABSOLUTE,
            data: self.what_a_stranger_keeps(jar),
        };
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
