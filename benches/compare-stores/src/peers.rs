//! axum-login on the stores of tower-sessions.

use std::path::Path;

use sqlx_08::{
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tower_sessions_redis_store::{
    RedisStore,
    fred::prelude::{ClientLike, Config, Pool},
};
use tower_sessions_sqlx_store::{PostgresStore, SqliteStore};

use crate::{
    apps::{App, Users, axum_login::with_store},
    measure::CONNECTIONS,
};

pub async fn sqlite(users: &Users, file: &Path) -> App {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal);
    let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS);
    let store = SqliteStore::new(pool.connect_with(options).await.expect("a file"));
    store.migrate().await.expect("a table");
    with_store(users, store)
}

pub async fn postgres(users: &Users, url: &str) -> App {
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS);
    let store = PostgresStore::new(pool.connect(url).await.expect("a database"));
    store.migrate().await.expect("a table");
    with_store(users, store)
}

pub async fn redis(users: &Users, url: &str) -> App {
    let config = Config::from_url(url).expect("an address");
    let pool = Pool::new(config, None, None, None, 1).expect("a pool");
    pool.init().await.expect("a server");
    with_store(users, RedisStore::new(pool))
}
