//! What the body of a remember series says, and what a token of it is worth.
//!
//! A series is a browser that is remembered. Its token is replaced whenever it
//! is used, so that a copy is noticed: sooner or later either the thief or the
//! owner shows one that the other has replaced. A token that was replaced a
//! moment ago, or whose successor never arrived, is no theft.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    clock::Timestamp,
    error::BoxError,
    manager::{LoginId, body, content::LoginFacts},
    secret::equal,
    token::{RecordId, TokenHash},
};

/// The body of a series.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SeriesContent<'a> {
    /// The user's id, as JSON.
    pub(crate) user: &'a [u8],
    /// Which type of users wrote it.
    pub(crate) user_tag: [u8; 4],
    /// [`AuthHash::for_record`](crate::AuthHash) of the credentials at login.
    pub(crate) auth_hash: [u8; 16],
    /// Which login it goes on with.
    pub(crate) login_id: LoginId,
    /// What its browser is called.
    pub(crate) device_name: &'a str,
    /// Logged in although not active.
    pub(crate) forced: bool,
    /// How long the login asked to be remembered, in seconds.
    pub(crate) lasts: u64,
    /// When the present token was made.
    rotated: Timestamp,
    /// Has the present token been seen, or the session that came with it?
    seen: bool,
    /// The session that the present token came with.
    session: [u8; 16],
    /// The tokens before, the latest first.
    earlier: Vec<Earlier>,
}

/// A token that was replaced.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Earlier {
    hash: [u8; 32],
    /// When it stops to be good: [`GRACE`] after its successor was first seen.
    until: Option<Timestamp>,
}

/// What a token of a series is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is the present one: it is replaced, and a session begins.
    Present,
    /// Its successor was never seen, so the answer that carried it was lost:
    /// it is replaced once more, and the lost session ends.
    Lost,
    /// It was replaced a moment ago, by a request that was faster: this one
    /// stands on that one's session.
    Raced,
    /// It was replaced, and its successor is in use: somebody has a copy.
    Stolen,
}

impl<'a> SeriesContent<'a> {
    /// The series that begins with a session.
    pub(crate) fn new(
        login: &LoginFacts<'a>,
        lasts: Duration,
        session: RecordId,
        now: Timestamp,
    ) -> Self {
        Self {
            user: login.user,
            user_tag: login.user_tag,
            auth_hash: login.auth_hash,
            login_id: login.login_id,
            device_name: login.device_name,
            forced: login.forced,
            lasts: lasts.as_secs(),
            rotated: now,
            seen: true,
            session: *session.as_bytes(),
            earlier: Vec::new(),
        }
    }

    pub(crate) fn decode(body: &'a [u8]) -> Result<Self, BoxError> {
        body::read(FORMAT, body)
    }

    pub(crate) fn encode(&self) -> Result<Arc<[u8]>, BoxError> {
        Ok(postcard::to_extend(self, vec![FORMAT])?.into())
    }

    /// What the token with this hash is worth, where `present` is the hash in the record.
    pub(crate) fn judge(&self, present: TokenHash, shown: TokenHash, now: Timestamp) -> Verdict {
        let shown = shown.as_bytes();
        if equal(present.as_bytes(), shown) {
            return Verdict::Present;
        }
        let Some(earlier) = self.earlier.iter().find(|one| equal(&one.hash, shown)) else {
            return Verdict::Stolen;
        };
        match earlier.until {
            None if within(self.rotated, now) => Verdict::Raced,
            None => Verdict::Lost,
            // A grace that ends later than any could was written by a clock that was ahead.
            Some(until) if now < until && !until.is_future_of(now.plus(GRACE)) => Verdict::Raced,
            Some(_) => Verdict::Stolen,
        }
    }

    /// The series after a token was replaced for a new session. `present` is the
    /// token in the record, `lost` says that it never arrived.
    pub(crate) fn rotate(
        &mut self,
        present: TokenHash,
        lost: bool,
        session: RecordId,
        now: Timestamp,
    ) {
        if !lost {
            self.see(now);
            let hash = *present.as_bytes();
            self.earlier.insert(0, Earlier { hash, until: None });
        }
        self.earlier
            .retain(|one| one.until.is_none_or(|until| now < until));
        self.earlier.truncate(MOST_EARLIER);
        self.rotated = now;
        self.seen = false;
        self.session = *session.as_bytes();
    }

    /// The session that the present token came with.
    pub(crate) fn session(&self) -> RecordId {
        RecordId::from_bytes(self.session)
    }

    /// A session of the series is in use. Only the one that came with the present
    /// token shows that it arrived: one that is older may be another browser's.
    /// Answers whether that is news.
    pub(crate) fn see_session(&mut self, session: RecordId, now: Timestamp) -> bool {
        self.session() == session && self.see(now)
    }

    /// The present token, or its session, is in use: the one before is good for
    /// a moment more. Answers whether that is news.
    fn see(&mut self, now: Timestamp) -> bool {
        let news = !self.seen;
        self.seen = true;
        for earlier in &mut self.earlier {
            earlier.until.get_or_insert(now.plus(GRACE));
        }
        news
    }
}

/// Was that less than a [`GRACE`] ago?
fn within(at: Timestamp, now: Timestamp) -> bool {
    !at.is_future_of(now) && now.since(at) < GRACE
}

/// How long requests may be under way with a token that was replaced. Not a setting.
const GRACE: Duration = Duration::from_secs(60);

/// More than any browser replaces within a [`GRACE`].
const MOST_EARLIER: usize = 8;

/// The first byte of every body.
const FORMAT: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manager::{Source, content::Device};

    const A: TokenHash = TokenHash::from_bytes([1; 32]);
    const B: TokenHash = TokenHash::from_bytes([2; 32]);
    const C: TokenHash = TokenHash::from_bytes([3; 32]);
    const LOGIN: RecordId = RecordId::from_bytes([0; 16]);
    const FIRST: RecordId = RecordId::from_bytes([1; 16]);
    const SECOND: RecordId = RecordId::from_bytes([2; 16]);

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_seconds(1_000_000 + seconds)
    }

    /// A series in which A was replaced by B at second 0.
    fn rotated() -> SeriesContent<'static> {
        let login = LoginFacts {
            user: b"1",
            login_id: LoginId([0; 8]),
            user_tag: [0; 4],
            auth_hash: [0; 16],
            ends: at(0),
            verified: None,
            second_factor: false,
            forced: false,
            source: Source::ByHand,
            device: Device::default(),
            device_name: "Firefox on Linux",
            pending: None,
            actor: None,
        };
        let mut series = SeriesContent::new(&login, GRACE, LOGIN, at(0));
        assert_eq!(series.judge(A, A, at(0)), Verdict::Present);
        series.rotate(A, false, FIRST, at(0));
        series
    }

    #[test]
    fn a_token_that_lost_a_race_stands_on_the_winners_session() {
        let series = rotated();
        assert_eq!(series.judge(B, A, at(59)), Verdict::Raced);
        assert_eq!(series.judge(B, B, at(59)), Verdict::Present);
        assert_eq!(
            series.judge(B, C, at(0)),
            Verdict::Stolen,
            "nobody has lost it"
        );
    }

    #[test]
    fn a_token_whose_successor_never_arrived_is_replaced_again_and_the_successor_is_theft() {
        let mut series = rotated();
        assert_eq!(series.judge(B, A, at(60)), Verdict::Lost);
        series.rotate(B, true, SECOND, at(3_600));
        assert_eq!(series.judge(C, A, at(3_659)), Verdict::Raced);
        assert_eq!(series.judge(C, B, at(3_600)), Verdict::Stolen);
        assert_eq!(series.judge(C, A, at(9_999)), Verdict::Lost);
    }

    #[test]
    fn a_token_is_good_for_a_minute_after_its_successor_was_seen() {
        let mut series = rotated();
        assert!(!series.see_session(SECOND, at(500)), "another session");
        assert!(series.see_session(FIRST, at(600)), "its own");
        assert!(!series.see_session(FIRST, at(700)), "seen once");
        assert_eq!(series.judge(B, A, at(659)), Verdict::Raced);
        assert_eq!(series.judge(B, A, at(660)), Verdict::Stolen);
        assert_eq!(series.judge(B, B, at(9_999)), Verdict::Present);
    }

    #[test]
    fn showing_the_successor_is_seeing_it() {
        let mut series = rotated();
        series.rotate(B, false, SECOND, at(100));
        assert_eq!(series.judge(C, A, at(159)), Verdict::Raced);
        assert_eq!(series.judge(C, A, at(160)), Verdict::Stolen);
        assert_eq!(series.judge(C, B, at(160)), Verdict::Lost);
    }

    #[test]
    fn a_clock_that_jumps_makes_no_theft_and_no_grace_of_years() {
        let mut series = rotated();
        let ages_ago = Timestamp::from_unix_seconds(5);
        assert_eq!(series.judge(B, A, ages_ago), Verdict::Lost);
        series.see_session(FIRST, at(1_000_000));
        assert_eq!(series.judge(B, A, at(0)), Verdict::Stolen);
    }

    #[test]
    fn a_series_reads_back_and_stays_small() {
        let mut series = rotated();
        for second in 1..100 {
            series.rotate(B, false, SECOND, at(second));
        }
        let body = series.encode().unwrap();
        let read = SeriesContent::decode(&body).unwrap();
        assert_eq!(read.judge(C, B, at(99)), Verdict::Raced);
        assert!(body.len() < 450, "{}", body.len());
        assert!(SeriesContent::decode(&body[1..]).is_err());
    }
}
