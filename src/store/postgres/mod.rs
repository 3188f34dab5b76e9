//! Sessions in PostgreSQL (feature `postgres`): for several servers, and for an
//! app that has a PostgreSQL already.
//!
//! One table, `portcullis_records`, in the database of the app or in one of its
//! own, made by [`PostgresStore::migrate`]. Each step is one statement in a
//! transaction of its own, and one round trip. Steps of several changes are
//! functions in the database, made by `migrate` too.
//!
//! # Ordering
//!
//! A step that adds, moves or ends records of a user first takes an advisory
//! lock of that user, to the end of its transaction. So "end all sessions" and
//! a login at the same moment happen one after the other, which at READ
//! COMMITTED a `delete` and an `insert` do not. What changes one record alone
//! is ordered by the lock of its row.
//!
//! # Cost
//!
//! Each step uses an index. A record takes some 300 bytes beside its body. Each
//! end is told to the other servers with `NOTIFY`, and PostgreSQL commits such
//! transactions one at a time. To load a session, to note that it was used and
//! to change its data tells nobody.
//!
//! # What it does not need
//!
//! No extension, no superuser, no job that cleans up, no table of users, and no
//! isolation beyond READ COMMITTED, PostgreSQL's default.

mod listen;
mod row;
mod statements;

use std::{fmt, sync::Arc};

use sqlx::{PgPool, Row};

use super::{
    Delete, DeleteByUser, End, Insert, Inserted, ListByUser, Load, Record, RecordId, Restore,
    Rotate, SessionStore, StoreError, Swap, Sweep, Touch, Update, Watch,
    listening::{Listening, POLL},
    strangers::{StrangerBound, range_of_part},
};
use listen::Channel;
use row::{bind, bytes, kind, record, seconds, version};
use statements::{
    Call, DELETE, DELETE_BY_USER, END, INSERT, LIST, LOAD, MADE, Outcome, RESTORE, ROTATE, SWEEP,
    TOUCH, UPDATE, failed, one,
};

/// A store in PostgreSQL 13 or later, on a pool that the app may use as well.
///
/// Choose it when more than one server serves the app, or when sessions are to
/// outlive a restart. A clone is the same store, so that several realms can
/// share one.
///
/// # Example
///
/// ```no_run
/// # async fn set_up() -> Result<(), Box<dyn std::error::Error>> {
/// use portcullis::store::PostgresStore;
/// use sqlx::postgres::PgPoolOptions;
///
/// let pool = PgPoolOptions::new()
///     .max_connections(20)
///     .test_before_acquire(false) // or each step is two round trips
///     .connect("postgres://app@localhost/app")
///     .await?;
/// let store = PostgresStore::new(pool);
/// store.migrate().await?;
/// // LoginManager::builder().store(store)…
/// # Ok(())
/// # }
/// ```
///
/// # The pool
///
/// By default sqlx asks whether a connection is alive whenever it hands one
/// out. With `test_before_acquire(false)` a step is one round trip; after a
/// restart of the database some steps fail then, once for each connection.
///
/// The table is found by the `search_path` of the connections. They _must_ be at
/// READ COMMITTED, which is the default; at another level steps fail, rather
/// than miss a session that is to end.
///
/// # Watching
///
/// Sessions that end on another server are announced by `LISTEN`, on one
/// connection beside the pool's, opened when something is first watched. A
/// connection that delivers nothing, as behind a pooler in transaction mode, is
/// found out, and until there is a better one the store looks once a second.
/// [`polling`](Self::polling) says so beforehand.
///
/// # Security
///
/// Whoever can write to the table can log in as anybody, so give the right to
/// the role of the servers alone. Whoever can read it gets no token, as there
/// are hashes only, but sees ids of users and the app's [`Data`](crate::Data).
///
/// A backup that is put back, a standby that lags and is promoted, and a crash
/// under `synchronous_commit = off` bring back sessions that were ended since:
/// give the manager another key then, or empty the table. For the same reason
/// the pool _must_ be one of the primary.
#[derive(Clone)]
pub struct PostgresStore {
    pool: PgPool,
    strangers: StrangerBound,
    polling: bool,
    listening: Arc<Listening>,
}

impl PostgresStore {
    /// A store on this pool. Asks nothing of the database yet.
    ///
    /// # Example
    ///
    /// ```no_run
    /// # fn set_up() -> Result<(), sqlx::Error> {
    /// use portcullis::store::PostgresStore;
    ///
    /// let pool = sqlx::PgPool::connect_lazy("postgres://app@localhost/app")?;
    /// let store = PostgresStore::new(pool);
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(pool: PgPool) -> Self {
        Self {
            pool,
            strangers: StrangerBound::about(StrangerBound::DEFAULT),
            polling: false,
            listening: Arc::default(),
        }
    }

    /// Keeps records of about so many strangers, instead of 250 000; further
    /// ones are refused with [`StoreError::full`]. Users are not counted.
    ///
    /// # Example
    ///
    /// ```no_run
    /// # fn set_up(pool: sqlx::PgPool) {
    /// use portcullis::store::PostgresStore;
    ///
    /// let store = PostgresStore::new(pool).max_strangers(20_000);
    /// # }
    /// ```
    ///
    /// # Security
    ///
    /// Anybody can become a stranger with a record, and each may hold 16 KiB:
    /// this bounds what they fill. Many servers at once may overshoot it by as
    /// many records as they insert at the same moment.
    #[must_use]
    pub fn max_strangers(mut self, most: u32) -> Self {
        self.strangers = StrangerBound::about(most);
        self
    }

    /// Never listens: looks once a second at each record that is watched.
    ///
    /// For a pool whose connections go through a pooler in transaction mode, as
    /// pgbouncer has it, where a `LISTEN` would stay behind on a connection of
    /// somebody else. It must keep prepared statements apart: pgbouncer does from
    /// version 1.21 on, with `max_prepared_statements`.
    ///
    /// # Example
    ///
    /// ```no_run
    /// # fn set_up(pool: sqlx::PgPool) {
    /// use portcullis::store::PostgresStore;
    ///
    /// let store = PostgresStore::new(pool).polling();
    /// # }
    /// ```
    #[must_use]
    pub fn polling(mut self) -> Self {
        self.polling = true;
        self
    }

    /// Makes the table, its indexes and functions, or leaves those that are there.
    ///
    /// Call it when the app starts, on every server: they wait for each other.
    /// Its role needs the right to create in the first schema of the
    /// `search_path`. Where servers may not, let another role call it before
    /// they start, and grant them `select, insert, update, delete` on the table.
    ///
    /// # Example
    ///
    /// ```no_run
    /// # async fn set_up(pool: sqlx::PgPool) -> Result<(), portcullis::store::StoreError> {
    /// use portcullis::store::PostgresStore;
    ///
    /// let store = PostgresStore::new(pool);
    /// store.migrate().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the database can't be reached or refuses; nothing was made then.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await.map_err(failed)?;
        sqlx::query("select pg_advisory_xact_lock(1886351990, 0)")
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        // Not again: to create an index waits for whoever writes, though it is there.
        let made: bool = sqlx::query_scalar(MADE)
            .fetch_one(&mut *transaction)
            .await
            .map_err(failed)?;
        if !made {
            sqlx::raw_sql(include_str!("schema.sql"))
                .execute(&mut *transaction)
                .await
                .map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)
    }

    /// A step of one function, which says what came of it.
    async fn step(&self, call: Call<i32>) -> Result<Outcome, StoreError> {
        Outcome::of(call.fetch_one(&self.pool).await)
    }

    async fn swap(&self, call: Call<i32>) -> Result<Swap, StoreError> {
        Ok(match self.step(call).await? {
            Outcome::Done => Swap::Done,
            Outcome::Taken => Swap::Conflict,
            Outcome::Gone => Swap::Gone,
        })
    }

    /// A step of one function, which counts.
    async fn count(&self, call: Call<i64>) -> Result<u64, StoreError> {
        let count = call.fetch_one(&self.pool).await.map_err(failed)?;
        Ok(count.unsigned_abs())
    }

    /// Binds where the strangers beside this record are, and how many there may be.
    fn bind_bound<T>(&self, call: Call<T>, id: RecordId) -> Call<T> {
        let (low, high) = range_of_part(id);
        call.bind(*low.as_bytes())
            .bind(*high.as_bytes())
            .bind(i64::from(self.strangers.in_a_part()))
    }

    /// Tells those who watch here, before the database does.
    fn wake(&self, ids: [Option<RecordId>; 2]) {
        let ids = ids.into_iter().flatten();
        ids.for_each(|id| self.listening.watchers.wake(id.home()));
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("pool", &self.pool)
            .finish_non_exhaustive()
    }
}

impl SessionStore for PostgresStore {
    async fn insert(&self, step: Insert) -> Result<Inserted, StoreError> {
        let (id, ended) = (step.record.id, step.ends_series);
        let call = bind(sqlx::query_scalar(INSERT), Some(step.record));
        let call = bind(call, step.series)
            .bind(bytes(ended))
            .bind(step.at_most.map(i64::from))
            .bind(seconds(step.now));
        let outcome = self.step(self.bind_bound(call, id)).await?;
        self.wake([Some(id), ended]);
        Ok(match outcome {
            Outcome::Done => Inserted::Done,
            Outcome::Taken | Outcome::Gone => Inserted::Taken,
        })
    }

    async fn load(&self, step: Load) -> Result<Option<Record>, StoreError> {
        let row = one(LOAD, step.kind, step.id).bind(seconds(step.now));
        let row = row.fetch_optional(&self.pool).await.map_err(failed)?;
        row.map(|row| record(step.kind, &row))
            .transpose()
            .map_err(failed)
    }

    async fn update(&self, step: Update) -> Result<Swap, StoreError> {
        let row = one(UPDATE, step.kind, step.id)
            .bind(version(step.version))
            .bind(version(step.version.next()))
            .bind(step.body)
            .bind(seconds(step.now));
        let row = row.fetch_optional(&self.pool).await.map_err(failed)?;
        let found: Option<i64> = row.map(|row| row.try_get(0)).transpose().map_err(failed)?;
        Ok(match found {
            Some(found) if found == version(step.version) => Swap::Done,
            Some(_) => Swap::Conflict,
            None => Swap::Gone,
        })
    }

    async fn rotate(&self, step: Rotate) -> Result<Swap, StoreError> {
        let (id, new, ended) = (step.id, step.new.id, step.ends_series);
        let call = sqlx::query_scalar(ROTATE)
            .bind(*id.as_bytes())
            .bind(version(step.version));
        let call = bind(bind(call, Some(step.new)), step.series)
            .bind(bytes(ended))
            .bind(step.end_others)
            .bind(step.at_most.map(i64::from))
            .bind(seconds(step.now));
        let swap = self.swap(self.bind_bound(call, new)).await?;
        self.wake([Some(id), Some(new)]);
        self.wake([None, ended]);
        Ok(swap)
    }

    async fn restore(&self, step: Restore) -> Result<Swap, StoreError> {
        let (home, ended) = (step.next.id, step.ends_session);
        let call = sqlx::query_scalar(RESTORE).bind(version(step.version));
        let call = bind(bind(call, Some(step.next)), Some(step.session))
            .bind(bytes(ended))
            .bind(step.at_most.map(i64::from))
            .bind(seconds(step.now));
        let swap = self.swap(call).await?;
        self.wake([Some(home), ended]);
        Ok(swap)
    }

    async fn touch(&self, step: Touch) -> Result<bool, StoreError> {
        let touch = one(TOUCH, step.kind, step.id)
            .bind(seconds(step.expires))
            .bind(seconds(step.seen))
            .bind(seconds(step.now));
        let touched = touch.execute(&self.pool).await.map_err(failed)?;
        Ok(touched.rows_affected() > 0)
    }

    async fn delete(&self, step: Delete) -> Result<bool, StoreError> {
        let delete = one(DELETE, step.kind, step.id);
        let deleted = delete.fetch_optional(&self.pool).await.map_err(failed)?;
        self.wake([Some(step.id), None]);
        Ok(deleted.is_some())
    }

    async fn end(&self, step: End) -> Result<u64, StoreError> {
        let ids = [step.session, step.series];
        let call = sqlx::query_scalar(END)
            .bind(bytes(step.session))
            .bind(bytes(step.series));
        let ended = self.count(call).await?;
        self.wake(ids);
        Ok(ended)
    }

    async fn list(&self, step: ListByUser) -> Result<Vec<Record>, StoreError> {
        let rows = sqlx::query(LIST)
            .bind(kind(step.kind))
            .bind(*step.user.as_bytes())
            .bind(seconds(step.now));
        let rows = rows.fetch_all(&self.pool).await.map_err(failed)?;
        let records = rows.iter().map(|row| record(step.kind, row));
        records.collect::<Result<_, _>>().map_err(failed)
    }

    async fn delete_by_user(&self, step: DeleteByUser) -> Result<u64, StoreError> {
        let call = sqlx::query_scalar(DELETE_BY_USER)
            .bind(*step.user.as_bytes())
            .bind(bytes(step.except));
        let deleted = self.count(call).await?;
        self.listening.watchers.wake(step.user.home());
        Ok(deleted)
    }

    async fn sweep(&self, step: Sweep) -> Result<u64, StoreError> {
        let call = sqlx::query_scalar(SWEEP)
            .bind(seconds(step.now))
            .bind(i64::try_from(step.limit).unwrap_or(i64::MAX));
        self.count(call).await
    }

    async fn watch(&self, step: Watch) {
        let pace = || match self.polling {
            true => POLL,
            false => self.listening.pace(|| Channel(self.pool.clone())),
        };
        let watchers = &self.listening.watchers;
        watchers.until_gone(self, &step, pace).await;
    }
}
