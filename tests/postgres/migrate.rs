//! The table is made once, by whoever comes first.

use portcullis::store::{PostgresStore, SessionStore};

use crate::{
    servers,
    support::{insert, load, session, two},
};

#[tokio::test(flavor = "multi_thread")]
async fn many_servers_migrate_at_once_and_again() {
    let Some(database) = servers::postgres().await else {
        return;
    };
    for _ in 0..2 {
        let mut servers = Vec::new();
        for _ in 0..8 {
            let store = PostgresStore::new(database.pool().await);
            servers.push(tokio::spawn(async move { store.migrate().await }));
        }
        for server in servers {
            server.await.unwrap().unwrap();
        }
    }
    let store = PostgresStore::new(database.pool().await);
    let record = session(1);
    insert(&store, &record).await;
    store.migrate().await.unwrap();
    assert_eq!(
        load(&store, &record).await,
        Some(record),
        "it is left alone"
    );
}

#[tokio::test]
async fn a_record_reads_back_as_it_was() {
    let Some(two) = two().await else { return };
    let mut record = session(1);
    record.series = Some(record.id);
    record.version = portcullis::store::Version::from_number(u64::MAX);
    record.expires = portcullis::Timestamp::from_unix_seconds(u64::MAX);
    record.body = (0..=255).cycle().take(20_000).collect::<Vec<u8>>().into();
    insert(&two.a, &record).await;
    assert_eq!(load(&two.b, &record).await, Some(record.clone()));
    let mut empty = session(1);
    empty.body = Vec::new().into();
    insert(&two.a, &empty).await;
    assert_eq!(load(&two.b, &empty).await, Some(empty));
}

#[tokio::test]
async fn an_error_quotes_no_row() {
    let Some(two) = two().await else { return };
    let pool = two.database.pool().await;
    let check = "alter table portcullis_records add constraint none check (version < 0)";
    sqlx::query(check).execute(&pool).await.unwrap();
    let insert = portcullis::store::Insert::new(session(1), crate::support::NOW);
    let error = two.a.insert(insert).await.unwrap_err();
    let said = format!("{error} {error:?}");
    assert!(said.contains("violates check constraint"), "{said}");
    assert!(
        !said.contains("Failing row") && !said.contains("0909"),
        "{said}"
    );
}

#[tokio::test]
async fn without_read_committed_a_step_fails_rather_than_misses_a_session() {
    let Some(two) = two().await else { return };
    for level in ["repeatable read", "serializable"] {
        let options = (*two.database.pool().await.connect_options()).clone();
        let options = options.options([("default_transaction_isolation", level)]);
        let store = PostgresStore::new(sqlx::PgPool::connect_with(options).await.unwrap());
        let insert = portcullis::store::Insert::new(session(1), crate::support::NOW);
        let error = store.insert(insert).await.unwrap_err();
        assert!(error.to_string().contains("READ COMMITTED"), "{error}");
    }
}
