//! portcullis on each of its stores.

use std::path::Path;

use portcullis::store::{PostgresStore, RedisStore, SqliteStore};
use redis::Client;
use sqlx::{
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{
    apps::{App, Users, portcullis::with_store},
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
    let client = Client::open(url).expect("an address");
    let connection = client.get_connection_manager().await;
    with_store(users, RedisStore::new(connection.expect("a server")))
}
