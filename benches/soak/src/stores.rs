//! The stores, and how many records they hold, counted from beside them.

use std::{future::Future, pin::Pin};

use portcullis::{
    BoxError,
    store::{MemoryStore, SessionStore},
};

type Counted = Pin<Box<dyn Future<Output = Result<u64, BoxError>> + Send>>;

/// A store to be tried.
pub struct Tried<S> {
    pub store: S,
    pub count: Box<dyn Fn() -> Counted + Send + Sync>,
    /// Does it go by the clock of the app? Redis forgets by its own.
    pub is_swept: bool,
}

/// What is done with a store of any type.
pub trait Try {
    fn with<S: SessionStore + Clone>(
        self,
        tried: Tried<S>,
    ) -> impl Future<Output = Result<bool, BoxError>> + Send;
}

/// Opens a store, which has to be empty, and tries it.
pub async fn open(name: &str, run: impl Try) -> Result<bool, BoxError> {
    match name {
        "memory" => run.with(memory()).await,
        #[cfg(feature = "sqlite")]
        "sqlite" => sqlite(run).await,
        #[cfg(feature = "postgres")]
        "postgres" => postgres(run).await,
        #[cfg(feature = "redis")]
        "redis" => redis(run).await,
        _ => Err(format!("no store `{name}`: is its feature on?").into()),
    }
}

fn memory() -> Tried<MemoryStore> {
    let store = MemoryStore::new();
    let counted = store.clone();
    Tried {
        store,
        count: Box::new(move || {
            let count = counted.len() as u64;
            Box::pin(async move { Ok(count) })
        }),
        is_swept: true,
    }
}

#[cfg(feature = "sqlite")]
async fn sqlite(run: impl Try) -> Result<bool, BoxError> {
    use portcullis::store::SqliteStore;
    use sqlx::{
        SqlitePool,
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
    };

    let folder = tempfile::tempdir()?;
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("soak.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let pool = SqlitePool::connect_with(options).await?;
    let store = SqliteStore::new(pool.clone());
    store.migrate().await?;
    let count = Box::new(move || -> Counted {
        let pool = pool.clone();
        Box::pin(async move {
            let count = sqlx::query_scalar::<_, i64>(COUNT).fetch_one(&pool);
            Ok(count.await?.cast_unsigned())
        })
    });
    run.with(Tried {
        store,
        count,
        is_swept: true,
    })
    .await
}

#[cfg(feature = "postgres")]
async fn postgres(run: impl Try) -> Result<bool, BoxError> {
    use portcullis::store::PostgresStore;
    use sqlx::postgres::PgPoolOptions;

    let options = PgPoolOptions::new()
        .max_connections(20)
        .test_before_acquire(false);
    let pool = options.connect(&std::env::var("DATABASE_URL")?).await?;
    let store = PostgresStore::new(pool.clone());
    store.migrate().await?;
    let count = Box::new(move || -> Counted {
        let pool = pool.clone();
        Box::pin(async move {
            let count = sqlx::query_scalar::<_, i64>(COUNT).fetch_one(&pool);
            Ok(count.await?.cast_unsigned())
        })
    });
    run.with(Tried {
        store,
        count,
        is_swept: true,
    })
    .await
}

#[cfg(feature = "redis")]
async fn redis(run: impl Try) -> Result<bool, BoxError> {
    use portcullis::store::RedisStore;

    let client = redis::Client::open(std::env::var("REDIS_URL")?)?;
    let manager = client.get_connection_manager().await?;
    let store = RedisStore::new(manager.clone()).listen(client);
    let count = Box::new(move || -> Counted {
        let mut manager = manager.clone();
        Box::pin(async move {
            // Keys: each record is one, and so is each index.
            Ok(redis::cmd("DBSIZE").query_async(&mut manager).await?)
        })
    });
    run.with(Tried {
        store,
        count,
        is_swept: false,
    })
    .await
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
const COUNT: &str = "SELECT count(*) FROM portcullis_records";
