//! Counting in the store, so that all servers count together.

use std::{sync::Arc, time::Duration};

use crate::{
    clock::Timestamp,
    error::{BoxError, LoginError},
    manager::{Core, throttle::Limit},
    store::{Insert, Inserted, Record, RecordKind, Swap, Update},
    token::{RecordId, TokenHash},
    user::{UserIndex, digest},
};

/// What is counted: the same for all servers, of one realm.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally(UserIndex);

impl Tally {
    pub(crate) fn of(core: &Core, what: &str, parts: &[&[u8]]) -> Self {
        let mut all = vec![b"tally", what.as_bytes(), core.realm().as_bytes()];
        all.extend(parts);
        Self(UserIndex::from_bytes(digest(&all)))
    }

    /// What strangers can name at will: names, networks. They share so many
    /// counters, so that no number of names fills the store; which is whose is
    /// nobody's to find out without the key.
    pub(crate) fn among(core: &Core, shared: u32, what: &str, parts: &[&[u8]]) -> Self {
        let of_all = Self::of(core, what, parts);
        let [.., a, b, c, d] = core.one_time_keys().sign(of_all.0.as_bytes());
        let one = u32::from_be_bytes([a, b, c, d]) % shared;
        Self::of(core, what, &[b"one of", &one.to_be_bytes()])
    }

    /// The record of the window that a time is in. Its id is of that window
    /// alone, so what has expired is never counted on.
    fn record(self, limit: Limit, now: Timestamp) -> (RecordId, Timestamp) {
        let seconds = limit.window.as_secs().max(1);
        let window = now.unix_seconds() / seconds;
        let mut id = digest(&[b"window", self.0.as_bytes(), &window.to_be_bytes()]);
        id[..2].copy_from_slice(&self.0.home().to_be_bytes());
        let end = window.saturating_add(1).saturating_mul(seconds);
        (RecordId::from_bytes(id), Timestamp::from_unix_seconds(end))
    }
}

/// The answer of [`Core::count`].
pub(crate) enum Counted {
    /// It is one of those that may be. It can be taken back.
    In(RecordId),
    /// There were enough; so many seconds are left of the window.
    Over(u64),
}

impl Core {
    /// Counts one more, if there is room for it.
    ///
    /// # Errors
    ///
    /// When the store fails, or is written to all the time: nothing is counted.
    pub(crate) async fn count(
        self: &Arc<Self>,
        tally: Tally,
        limit: Limit,
    ) -> Result<Counted, LoginError> {
        for _ in 0..MAX_CONFLICTS {
            let now = self.now();
            let (id, end) = tally.record(limit, now);
            let record = self.load_kind(RecordKind::Counter, id).await?;
            let count = match &record {
                Some(record) => decode(&record.body).map_err(|error| self.failed(error))?,
                None => 0,
            };
            if count >= limit.most {
                return Ok(Counted::Over(end.since(now).as_secs().max(1)));
            }
            let is_done = match record {
                Some(record) => self.set(&record, count + 1).await?,
                None => {
                    let hash = TokenHash::from_bytes([0; 32]); // nobody holds a token of it
                    let expires = end.plus(CLOCKS_APART);
                    let mut record = Record::new(RecordKind::Counter, id, hash, expires, encode(1));
                    (record.user, record.created, record.seen) = (Some(tally.0), now, now);
                    self.insert(Insert::new(record, now)).await? == Inserted::Done
                }
            };
            if is_done {
                return Ok(Counted::In(id));
            }
        }
        Err(self.failed("a counter was written to all the time"))
    }

    /// Takes one back. It may fail without harm: one too many is counted then.
    pub(crate) async fn take_back(&self, counted: RecordId) -> Result<(), LoginError> {
        for _ in 0..MAX_CONFLICTS {
            let Some(record) = self.load_kind(RecordKind::Counter, counted).await? else {
                return Ok(());
            };
            let count = decode(&record.body).map_err(|error| self.failed(error))?;
            if self.set(&record, count.saturating_sub(1)).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Is this the first time? Of two that ask at once one is. It is known for so
    /// long.
    ///
    /// # Errors
    ///
    /// When the store fails.
    #[cfg(feature = "totp")]
    pub(crate) async fn once(
        self: &Arc<Self>,
        what: &str,
        parts: &[&[u8]],
        known_for: Duration,
    ) -> Result<bool, LoginError> {
        let (tally, now) = (Tally::of(self, what, parts), self.now());
        let id = RecordId::from_bytes(*tally.0.as_bytes());
        let hash = TokenHash::from_bytes([0; 32]);
        let expires = now.plus(known_for);
        let mut record = Record::new(RecordKind::Counter, id, hash, expires, encode(1));
        (record.user, record.created, record.seen) = (Some(tally.0), now, now);
        Ok(self.insert(Insert::new(record, now)).await? == Inserted::Done)
    }

    async fn set(&self, record: &Record, count: u32) -> Result<bool, LoginError> {
        let (kind, id, version) = (record.kind, record.id, record.version);
        let update = Update::new(kind, id, version, encode(count), self.now());
        Ok(self.done(self.store.update(update).await)? == Swap::Done)
    }
}

pub(crate) fn encode(count: u32) -> Arc<[u8]> {
    let [a, b, c, d] = count.to_be_bytes();
    Arc::new([FORMAT, a, b, c, d])
}

pub(crate) fn decode(body: &[u8]) -> Result<u32, BoxError> {
    match *body {
        [FORMAT, a, b, c, d] => Ok(u32::from_be_bytes([a, b, c, d])),
        _ => Err("a counter is of an unknown format".into()),
    }
}

/// How long a counter is kept beyond its window, for a server whose clock is late.
const CLOCKS_APART: Duration = Duration::from_secs(60);

/// The first byte of every body.
const FORMAT: u8 = 1;

/// More than the limits are: each conflict is somebody else who was counted.
const MAX_CONFLICTS: usize = 256;
