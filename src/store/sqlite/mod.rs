//! The embedded store that lasts: sessions in a SQLite file (feature `sqlite`).
//!
//! Nothing to install: SQLite is built into your program. A restart logs nobody
//! out, and the processes of one machine can share the file; servers on
//! several machines want [`PostgresStore`](super::PostgresStore) or
//! [`RedisStore`](super::RedisStore).
//!
//! Everything is in one table of `schema.sql`, `portcullis_records`, which may
//! stand beside an app's own tables. A step that changes something is one
//! `BEGIN IMMEDIATE` transaction, and SQLite lets one of them run at a time, so
//! steps are ordered by nature; a step that only reads waits for nobody, for the
//! file is in WAL mode. Expired records are swept in transactions of
//! 500 each, so that no login waits long.

mod records;

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use sqlx::{
    Connection, SqlStr, Sqlite, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteSynchronous},
};

use super::{
    Delete, DeleteByUser, End, Insert, Inserted, ListByUser, Load, Record, RecordId, RecordKind,
    Restore, Rotate, SessionStore, StoreError, Swap, Sweep, Touch, Update, Watch,
    strangers::StrangerBound, watchers::Watchers,
};

/// A store in a SQLite file: embedded, and there after a restart.
///
/// [`open`](Self::open) makes the file and is all that most apps need. An app
/// with a pool of its own shares it: [`new`](Self::new), then
/// [`migrate`](Self::migrate) at each start. A clone is the same store.
///
/// # Example
///
/// ```no_run
/// # async fn start() -> Result<(), portcullis::BoxError> {
/// use portcullis::store::SqliteStore;
///
/// let store = SqliteStore::open("sessions.db").await?;
/// // LoginManager::builder().store(store)
/// # Ok(())
/// # }
/// ```
///
/// # Security
///
/// The file holds no token, but ids of users and the app's
/// [`Data`](crate::Data): [`open`](Self::open) makes it readable for its owner alone. A
/// backup that is put back brings back sessions that were ended since: give the
/// manager another key then, or empty the table.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    pool: SqlitePool,
    strangers: StrangerBound,
    watchers: Arc<Watchers>,
}

impl SqliteStore {
    /// The store in this file, which is made if it is not there, and
    /// [migrated](Self::migrate).
    ///
    /// A step is on the disk before it is answered (`synchronous = FULL`), so
    /// that not even a power cut brings a session back that was ended.
    ///
    /// # Errors
    ///
    /// When the file can't be opened, or is no database.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        make_private(path.as_ref()).map_err(StoreError::new)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .synchronous(SqliteSynchronous::Full);
        let pool = SqlitePool::connect_with(options).await;
        let store = Self::new(pool.map_err(StoreError::new)?);
        store.migrate().await?;
        Ok(store)
    }

    /// The store in an app's own pool. Before its first use it wants to be
    /// [migrated](Self::migrate).
    pub fn new(pool: SqlitePool) -> Self {
        Self {
            pool,
            strangers: StrangerBound::about(StrangerBound::DEFAULT),
            watchers: Arc::default(),
        }
    }

    /// About how many strangers it keeps, each with up to 16 KiB; beyond it
    /// their data is refused, and no login. Default: 250,000.
    pub fn max_strangers(mut self, most: u32) -> Self {
        self.strangers = StrangerBound::about(most);
        self
    }

    /// Makes the table and its indexes, if they are not there, and puts the
    /// file into WAL mode. For each start of a server; several may do it at once.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        self.use_wal().await?;
        let mut step = self.begin().await?;
        let schema = sqlx::raw_sql(include_str!("schema.sql"));
        schema.execute(&mut *step).await.map_err(StoreError::new)?;
        commit(step).await
    }

    /// The file keeps the mode. Where others are about to set it too, SQLite says at
    /// once that it is locked, and does not wait as it does otherwise.
    async fn use_wal(&self) -> Result<(), StoreError> {
        let start = Instant::now();
        loop {
            let wal = sqlx::query("PRAGMA journal_mode = WAL");
            match wal.execute(&self.pool).await {
                Ok(_) => return Ok(()),
                Err(error) if is_busy(&error) && start.elapsed() < TRIED_FOR => {}
                Err(error) => return Err(StoreError::new(error)),
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
    }

    /// A step that changes something: the only one, until it ends.
    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        loop {
            let connection = self.pool.acquire().await.map_err(StoreError::new)?;
            if !connection.is_in_transaction() {
                let immediate = Some(SqlStr::from_static("BEGIN IMMEDIATE"));
                let step = Transaction::begin(connection, immediate).await;
                return step.map_err(StoreError::new);
            }
            // SQLite ends a transaction by itself when the disk is full or fails,
            // and sqlx goes on counting it: such a connection begins no other.
            connection.close().await.map_err(StoreError::new)?;
        }
    }

    /// Tells those who watch a record that shares a home with one of these.
    fn wake(&self, ids: impl IntoIterator<Item = Option<RecordId>>) {
        let ids = ids.into_iter().flatten();
        ids.for_each(|id| self.watchers.wake(id.home()));
    }
}

impl SessionStore for SqliteStore {
    async fn insert(&self, step: Insert) -> Result<Inserted, StoreError> {
        let Insert {
            record,
            now,
            series,
            ends_series,
            at_most,
        } = step;
        let mut step = self.begin().await?;
        if records::hold_any(&mut step, [Some(&record), series.as_ref()]).await? {
            return Ok(Inserted::Taken);
        }
        if record.user.is_none() && record.kind == RecordKind::Session {
            let strangers = records::strangers_beside(&mut step, record.id, now).await?;
            if strangers >= self.strangers.in_a_part() {
                return Err(StoreError::full());
            }
        }
        records::end_series(&mut step, ends_series).await?;
        records::put(&mut step, &record).await?;
        if let Some(series) = &series {
            records::put(&mut step, series).await?;
        }
        records::limit(&mut step, &record, at_most, now).await?;
        commit(step).await?;
        self.wake([Some(record.id), ends_series]);
        Ok(Inserted::Done)
    }

    async fn load(&self, step: Load) -> Result<Option<Record>, StoreError> {
        records::load(&self.pool, step.kind, step.id, step.now).await
    }

    async fn update(&self, step: Update) -> Result<Swap, StoreError> {
        let mut transaction = self.begin().await?;
        let swap = records::swap(
            &mut transaction,
            (step.kind, step.id),
            step.version,
            step.now,
        );
        let swap = swap.await?;
        if swap == Swap::Done {
            let (kind, id, version) = (step.kind, step.id, step.version.next());
            records::write(&mut transaction, kind, id, version, &step.body).await?;
            commit(transaction).await?;
        }
        Ok(swap)
    }

    async fn rotate(&self, step: Rotate) -> Result<Swap, StoreError> {
        let Rotate {
            id,
            version,
            new,
            now,
            series,
            ends_series,
            at_most,
            end_others,
        } = step;
        let mut step = self.begin().await?;
        let swap = records::swap(&mut step, (new.kind, id), version, now).await?;
        if swap != Swap::Done {
            return Ok(swap);
        }
        if records::hold_any(&mut step, [Some(&new), series.as_ref()]).await? {
            return Ok(Swap::Conflict);
        }
        records::delete(&mut *step, new.kind, id).await?;
        records::end_series(&mut step, ends_series).await?;
        records::put(&mut step, &new).await?;
        if let Some(series) = &series {
            records::put(&mut step, series).await?;
        }
        if let (true, Some(user)) = (end_others, new.user) {
            records::delete_by_user(&mut step, user, Some(new.id)).await?;
        }
        records::limit(&mut step, &new, at_most, now).await?;
        commit(step).await?;
        self.wake([Some(id), Some(new.id), ends_series]);
        Ok(Swap::Done)
    }

    async fn restore(&self, step: Restore) -> Result<Swap, StoreError> {
        let Restore {
            version,
            next,
            session,
            now,
            at_most,
            ends_session,
        } = step;
        let mut step = self.begin().await?;
        let swap = records::swap(&mut step, (next.kind, next.id), version, now).await?;
        if swap != Swap::Done {
            return Ok(swap);
        }
        if records::hold_any(&mut step, [Some(&session), None]).await? {
            return Ok(Swap::Conflict);
        }
        if let Some(ended) = ends_session {
            records::delete(&mut *step, RecordKind::Session, ended).await?;
        }
        records::delete(&mut *step, next.kind, next.id).await?;
        records::put(&mut step, &next).await?;
        records::put(&mut step, &session).await?;
        records::limit(&mut step, &session, at_most, now).await?;
        commit(step).await?;
        self.wake([Some(next.id), ends_session]);
        Ok(Swap::Done)
    }

    async fn touch(&self, step: Touch) -> Result<bool, StoreError> {
        records::touch(&self.pool, &step).await
    }

    async fn delete(&self, step: Delete) -> Result<bool, StoreError> {
        let deleted = records::delete(&self.pool, step.kind, step.id).await?;
        self.wake([Some(step.id)]);
        Ok(deleted > 0)
    }

    async fn end(&self, step: End) -> Result<u64, StoreError> {
        let End { session, series } = step;
        let mut step = self.begin().await?;
        let ended = match session {
            Some(id) => records::delete(&mut *step, RecordKind::Session, id).await?,
            None => 0,
        };
        let restored = records::end_series(&mut step, series).await?;
        commit(step).await?;
        self.wake([session, series]);
        Ok(ended + restored)
    }

    async fn list(&self, step: ListByUser) -> Result<Vec<Record>, StoreError> {
        records::list(&self.pool, step.kind, step.user, step.now).await
    }

    async fn delete_by_user(&self, step: DeleteByUser) -> Result<u64, StoreError> {
        let DeleteByUser { user, except } = step;
        let mut step = self.begin().await?;
        let deleted = records::delete_by_user(&mut step, user, except).await?;
        commit(step).await?;
        self.watchers.wake(user.home());
        Ok(deleted)
    }

    async fn sweep(&self, step: Sweep) -> Result<u64, StoreError> {
        let mut swept = 0;
        while swept < step.limit {
            let batch = SWEEP_BATCH.min(step.limit - swept);
            let forgotten = records::sweep(&self.pool, step.now, batch).await?;
            swept += forgotten;
            if forgotten < batch {
                break;
            }
        }
        Ok(swept)
    }

    async fn watch(&self, step: Watch) {
        let pace = || Duration::from_secs(1); // another process ends records unheard
        self.watchers.until_gone(self, &step, pace).await;
    }
}

async fn commit(step: Transaction<'static, Sqlite>) -> Result<(), StoreError> {
    step.commit().await.map_err(StoreError::new)
}

/// Makes the file before SQLite does, which would let everybody read it. The
/// files that SQLite puts beside it have the same mode.
fn make_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Has somebody else the file (`SQLITE_BUSY`, the lowest byte of the code)?
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    let code = code.and_then(|code| code.parse::<u32>().ok());
    code.is_some_and(|code| code & 0xff == 5)
}

/// As long as SQLite waits otherwise.
const TRIED_FOR: Duration = Duration::from_secs(5);
const BETWEEN_TRIES: Duration = Duration::from_millis(20);

/// How many records one transaction of a sweep forgets.
const SWEEP_BATCH: u64 = 500;
