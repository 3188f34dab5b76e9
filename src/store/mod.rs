//! Where sessions live: the [`SessionStore`] trait, the [`MemoryStore`], and
//! others behind features of their own.
//!
//! A store keeps [`Record`]s of four [kinds](RecordKind) and changes them in
//! steps. Each method is one step, and each step _must_ be atomic: it happens
//! whole or not at all, and two steps on one record, or on the records of one
//! user, happen one after the other.
//!
//! **There is no `save`.** A record is inserted new, updated if its version is
//! still the one that was read, replaced if it is still alive, or deleted.
//! Session libraries whose store has an upsert keep shipping the same bug: a
//! slow request writes back the session that a logout has just deleted. Against
//! this trait it can't be written.
//!
//! # Writing a store
//!
//! Implement the eleven steps; [`watch`](SessionStore::watch) has a default. What
//! a store must know of a record is in its fields, the rest is
//! [`body`](Record::body), opaque bytes to keep as they are. No step ever sees
//! a token: [`TokenHash`] is all there is of it, and the library compares it.
//! The time comes with each step; a store asks no clock of its own.
//! `examples/own_store.rs` is a whole store.
//!
//! [`OneTime`](RecordKind::OneTime) keeps the tokens of messages, and
//! [`Counter`](RecordKind::Counter) what a [`Throttle`](crate::Throttle) counts. To
//! a store they are records as any.

mod any;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod listening;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
mod record;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "sqlite")]
mod sqlite;
mod step;
#[cfg(any(feature = "postgres", feature = "redis", feature = "sqlite"))]
mod strangers;
mod surplus;
mod sync;
mod watchers;

#[cfg(feature = "redis")]
pub use self::redis::RedisStore;
pub use memory::MemoryStore;
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
pub use record::{Record, RecordKind, Version};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;
pub use step::{
    Delete, DeleteByUser, End, Insert, Inserted, ListByUser, Load, Restore, Rotate, Swap, Sweep,
    Touch, Update, Watch,
};

pub use crate::{
    token::{RecordId, TokenHash},
    user::UserIndex,
};

pub(crate) use any::AnyStore;
use watchers::Watchers;

use std::{fmt, future::Future, time::Duration};

use crate::error::BoxError;

/// A place that keeps sessions.
///
/// See the [module](self) for the rules; what each step does in the dull cases
/// stands at the step. An implementation fails rather than guesses: an error
/// is answered with 503 and changes nobody's session, an invented answer does.
pub trait SessionStore: Send + Sync + 'static {
    /// Adds a record that was not there, and with it the series of
    /// [`series`](Insert::series), if any; ends [`ends_series`](Insert::ends_series);
    /// then ends what is beyond [`at_most`](Insert::at_most).
    ///
    /// If a live or expired record has one of the new ids already, changes
    /// nothing and answers [`Inserted::Taken`].
    ///
    /// # Errors
    ///
    /// [`StoreError::full`] when there is no room: a record of a stranger never
    /// takes the place of a user's, and nothing else is thrown out for it.
    fn insert(&self, step: Insert) -> impl Future<Output = Result<Inserted, StoreError>> + Send;

    /// The record with this kind and id, if it is alive at [`now`](Load::now).
    ///
    /// # Errors
    ///
    /// When it can't be known whether there is one.
    fn load(&self, step: Load) -> impl Future<Output = Result<Option<Record>, StoreError>> + Send;

    /// Replaces the body of a live record whose version is
    /// [`version`](Update::version), and raises the version by one.
    ///
    /// # Errors
    ///
    /// When the store failed; nothing is changed then.
    fn update(&self, step: Update) -> impl Future<Output = Result<Swap, StoreError>> + Send;

    /// Puts [`new`](Rotate::new) in the place of a live record whose version is
    /// [`version`](Rotate::version): from then on the old id is nothing.
    /// If that can be done but a new id is taken, changes nothing and answers
    /// [`Swap::Conflict`].
    /// With it, as in [`insert`](Self::insert), a series is added, one is ended,
    /// and what is beyond [`at_most`](Rotate::at_most) ends. If [`end_others`](Rotate::end_others),
    /// every other record of the new record's user ends too, of all kinds, but
    /// the series that the new record belongs to.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert); the old record is untouched then.
    fn rotate(&self, step: Rotate) -> impl Future<Output = Result<Swap, StoreError>> + Send;

    /// Replaces a live series whose version is [`version`](Restore::version) by
    /// [`next`](Restore::next), which has the same id and the version raised by
    /// one, inserts the session that it restored, and deletes
    /// [`ends_session`](Restore::ends_session), if any. Nothing of it happens without the
    /// rest; if the session's id is taken, answers [`Swap::Conflict`].
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert); the series is untouched then.
    fn restore(&self, step: Restore) -> impl Future<Output = Result<Swap, StoreError>> + Send;

    /// Notes that a live record was used: sets when it was last seen and when
    /// it expires, and leaves body and version. Answers whether it was alive.
    ///
    /// # Errors
    ///
    /// When the store failed.
    fn touch(&self, step: Touch) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Deletes one record. Answers whether there was one; that there was none is no error.
    ///
    /// # Errors
    ///
    /// When the store failed: the record may still be alive then.
    fn delete(&self, step: Delete) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Ends a login: deletes the session, the series, and every session that
    /// the series restored. Answers how many records were deleted.
    ///
    /// # Errors
    ///
    /// When the store failed: some may still be alive then.
    fn end(&self, step: End) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// The live records of one kind that belong to one user, in any order.
    ///
    /// # Errors
    ///
    /// When the store failed.
    fn list(
        &self,
        step: ListByUser,
    ) -> impl Future<Output = Result<Vec<Record>, StoreError>> + Send;

    /// Deletes every record of a user, of all kinds, but the session
    /// [`except`](DeleteByUser::except). Answers how many.
    ///
    /// Ordered with every step that adds or moves a record of that user: after
    /// it nothing of the user is alive but what was added later.
    ///
    /// # Errors
    ///
    /// When the store failed: some may still be alive then.
    fn delete_by_user(
        &self,
        step: DeleteByUser,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Forgets expired records, at most [`limit`](Sweep::limit) of them, and
    /// answers how many; fewer than the limit say that none is left for now, and it
    /// is asked again in a minute. Nobody can tell: they are never returned anyway.
    ///
    /// # Errors
    ///
    /// When the store failed.
    fn sweep(&self, step: Sweep) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Ends when the record is no longer alive. A store that wraps another
    /// passes it on, or its users get the default, which asks
    /// [`load`](Self::load) once a second, an error counting as "still alive".
    fn watch(&self, step: Watch) -> impl Future<Output = ()> + Send {
        async move {
            let pace = || Duration::from_secs(1);
            Watchers::default().until_gone(self, &step, pace).await;
        }
    }
}

/// Why a store could not do a step.
///
/// # Example
///
/// ```
/// use portcullis::store::StoreError;
///
/// let error = StoreError::new(std::io::Error::other("connection refused"));
/// assert!(!error.is_full());
/// assert!(StoreError::full().is_full());
/// ```
#[derive(thiserror::Error)]
#[error("{0}")]
pub struct StoreError(Cause);

#[derive(Debug, thiserror::Error)]
enum Cause {
    #[error("the session store is full")]
    Full,
    #[error("the session store did not answer within {0:?}")]
    TooSlow(Duration),
    #[error("{0}")]
    Other(BoxError),
}

impl StoreError {
    /// The store, or what lies beneath it, failed.
    pub fn new(source: impl Into<BoxError>) -> Self {
        Self(Cause::Other(source.into()))
    }

    /// There is no room for one more record.
    pub fn full() -> Self {
        Self(Cause::Full)
    }

    pub(crate) fn too_slow(within: Duration) -> Self {
        Self(Cause::TooSlow(within))
    }

    /// Was there no room?
    pub fn is_full(&self) -> bool {
        matches!(self.0, Cause::Full)
    }
}

impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreError({:?})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_fails_is_not_full() {
        assert!(StoreError::full().is_full());
        let too_slow = StoreError::too_slow(Duration::from_secs(1));
        for failed in [StoreError::new("connection refused"), too_slow] {
            assert!(!failed.is_full(), "{failed}");
        }
    }
}
