//! What a rule has at hand: the store, users and records that nobody else has, steps.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Barrier, task::yield_now};

use crate::{
    clock::{Clock, SystemClock, Timestamp},
    error::BoxError,
    secret::random,
    store::{
        Delete, DeleteByUser, End, Insert, Inserted, ListByUser, Load, Record, RecordKind, Restore,
        Rotate, SessionStore, StoreError, Swap, TokenHash, UserIndex,
    },
    token::Token,
};

/// A rule that does not hold, with what was seen.
pub(super) struct Broken(pub(super) String);

pub(super) type Outcome<T = ()> = Result<T, Broken>;

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self(format!("the store failed: {error}"))
    }
}

impl From<BoxError> for Broken {
    fn from(error: BoxError) -> Self {
        Self(format!("no random numbers: {error}"))
    }
}

/// Ends the rule unless it holds.
macro_rules! holds {
    ($holds:expr, $($what:tt)+) => {
        if !$holds {
            return Err(crate::testing::conformance::trial::Broken(format!($($what)+)));
        }
    };
}
pub(super) use holds;

/// The store under trial, shared with tasks.
pub(super) struct Trial<S> {
    pub(super) store: Arc<S>,
    pub(super) now: Timestamp,
}

impl<S: SessionStore> Trial<S> {
    pub(super) fn of(store: S) -> Self {
        Self {
            store: Arc::new(store),
            now: SystemClock.now(),
        }
    }

    pub(super) fn at(&self, seconds: u64) -> Timestamp {
        self.now.plus(Duration::from_secs(seconds))
    }

    pub(super) fn user(&self) -> Outcome<UserIndex> {
        Ok(UserIndex::from_bytes(random()?))
    }

    /// A session that lives for an hour; a stranger's, if of nobody.
    pub(super) fn session(&self, user: Option<UserIndex>) -> Outcome<Record> {
        let token = Token::random(user.map(|user| user.home()))?;
        let (id, hash) = (token.id, token.hash());
        let (expires, body) = (self.at(3_600), random::<40>()?.to_vec());
        let mut record = Record::new(RecordKind::Session, id, hash, expires, body);
        (record.user, record.created, record.seen) = (user, self.now, self.now);
        Ok(record)
    }

    pub(super) fn of_kind(&self, kind: RecordKind, user: UserIndex) -> Outcome<Record> {
        let mut record = self.session(Some(user))?;
        record.kind = kind;
        Ok(record)
    }

    /// A series, and the session that came with it.
    pub(super) fn remembered(&self, user: UserIndex) -> Outcome<(Record, Record)> {
        let series = self.of_kind(RecordKind::Series, user)?;
        let mut session = self.session(Some(user))?;
        session.series = Some(series.id);
        Ok((series, session))
    }

    /// The step that restores a session from a series, and that session.
    pub(super) fn restore(&self, series: &Record) -> Outcome<(Restore, Record)> {
        let mut next = series.clone();
        next.hash = TokenHash::from_bytes(random()?);
        next.version = series.version.next();
        let mut session = self.session(series.user)?;
        session.series = Some(series.id);
        let restore = Restore::new(series.version, next, session.clone(), self.now);
        Ok((restore, session))
    }

    pub(super) fn rotate(&self, old: &Record, new: &Record) -> Rotate {
        Rotate::new(old.id, old.version, new.clone(), self.now)
    }

    /// Inserts records, one by one, for a rule that is about what comes then.
    pub(super) async fn insert<const N: usize>(&self, records: [&Record; N]) -> Outcome {
        for record in records {
            let step = Insert::new(record.clone(), self.now);
            let inserted = self.store.insert(step).await?;
            holds!(inserted == Inserted::Done, "a new record was not inserted");
        }
        Ok(())
    }

    /// Inserts a session together with its series.
    pub(super) async fn log_in(&self, session: &Record, series: &Record) -> Outcome {
        let mut step = Insert::new(session.clone(), self.now);
        step.series = Some(series.clone());
        let inserted = self.store.insert(step).await?;
        holds!(inserted == Inserted::Done, "a login was not inserted");
        Ok(())
    }

    pub(super) async fn load(&self, record: &Record) -> Outcome<Option<Record>> {
        let step = Load::new(record.kind, record.id, self.now);
        Ok(self.store.load(step).await?)
    }

    pub(super) async fn is_there(&self, record: &Record) -> Outcome<bool> {
        Ok(self.load(record).await?.is_some())
    }

    pub(super) async fn list(&self, kind: RecordKind, user: UserIndex) -> Outcome<Vec<Record>> {
        let mut records = self
            .store
            .list(ListByUser::new(kind, user, self.now))
            .await?;
        records.sort_unstable_by_key(|record| record.id);
        Ok(records)
    }

    /// How many live records the user has.
    pub(super) async fn count(&self, user: UserIndex) -> Outcome<usize> {
        let mut count = 0;
        for kind in RecordKind::ALL {
            count += self.list(kind, user).await?.len();
        }
        Ok(count)
    }

    pub(super) async fn delete(&self, record: &Record) -> Outcome<bool> {
        Ok(self
            .store
            .delete(Delete::new(record.kind, record.id))
            .await?)
    }

    pub(super) async fn end(
        &self,
        session: Option<&Record>,
        series: Option<&Record>,
    ) -> Outcome<u64> {
        let mut end = End::new();
        end.session = session.map(|record| record.id);
        end.series = series.map(|record| record.id);
        Ok(self.store.end(end).await?)
    }

    pub(super) async fn delete_by_user(
        &self,
        user: UserIndex,
        except: Option<&Record>,
    ) -> Outcome<u64> {
        let mut step = DeleteByUser::new(user);
        step.except = except.map(|record| record.id);
        Ok(self.store.delete_by_user(step).await?)
    }

    /// Is this record in the store exactly so?
    pub(super) async fn keeps(&self, record: &Record) -> Outcome<bool> {
        Ok(self.load(record).await?.as_ref() == Some(record))
    }
}

/// Runs two steps at the same moment, on two tasks: now this one goes a little
/// ahead, now that one, so that they meet in the middle too.
pub(super) async fn at_once<A, B>(
    one: impl Future<Output = A> + Send + 'static,
    other: impl Future<Output = B> + Send + 'static,
) -> Outcome<(A, B)>
where
    A: Send + 'static,
    B: Send + 'static,
{
    static MEETINGS: AtomicUsize = AtomicUsize::new(0);
    let meeting = MEETINGS.fetch_add(1, Ordering::Relaxed);
    let barrier = Arc::new(Barrier::new(2));
    let one = tokio::spawn(after(barrier.clone(), meeting % 5, one));
    let other = tokio::spawn(after(barrier, meeting / 5 % 5, other));
    let panicked = |_| Broken("a step panicked".to_owned());
    Ok((one.await.map_err(panicked)?, other.await.map_err(panicked)?))
}

async fn after<T>(barrier: Arc<Barrier>, turns: usize, step: impl Future<Output = T>) -> T {
    barrier.wait().await;
    for _ in 0..turns {
        yield_now().await;
    }
    step.await
}

pub(super) fn is_done(swap: &Result<Swap, StoreError>) -> Outcome<bool> {
    match swap {
        Ok(swap) => Ok(*swap == Swap::Done),
        Err(error) => Err(Broken(format!("the store failed: {error}"))),
    }
}
