//! Sessions in a SQLite file.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::{path::PathBuf, sync::Arc};

use portcullis::{
    Clock, SystemClock, Timestamp,
    store::{
        Delete, DeleteByUser, Insert, Inserted, Load, Record, RecordId, RecordKind, Rotate,
        SessionStore, SqliteStore, Swap, Sweep, TokenHash, UserIndex, Watch,
    },
    testing::conformance,
};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

/// A file of one test, gone with it.
struct File(tempfile::TempDir);

impl File {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("sessions.db")
    }

    async fn open(&self) -> SqliteStore {
        SqliteStore::open(self.path()).await.unwrap()
    }

    /// A pool as an app has it; without waiting for the disk, for tests of many steps.
    async fn pool(&self) -> SqlitePool {
        let options = SqliteConnectOptions::new()
            .filename(self.path())
            .create_if_missing(true)
            .synchronous(SqliteSynchronous::Off);
        let pool = SqlitePoolOptions::new().max_connections(8);
        pool.connect_with(options).await.unwrap()
    }
}

fn id(byte: u8) -> RecordId {
    RecordId::from_bytes([byte; 16])
}

fn session(byte: u8) -> Record {
    let expires = Timestamp::from_unix_seconds(SystemClock.now().unix_seconds() + 3_600);
    let hash = TokenHash::from_bytes([byte; 32]);
    Record::new(RecordKind::Session, id(byte), hash, expires, vec![byte])
}

fn of_user(byte: u8) -> Record {
    let mut record = session(byte);
    record.user = Some(UserIndex::from_bytes([byte; 16]));
    record
}

fn at(id: RecordId, mut record: Record) -> Record {
    record.id = id;
    record
}

async fn insert(store: &SqliteStore, record: &Record) {
    let step = Insert::new(record.clone(), SystemClock.now());
    assert_eq!(store.insert(step).await.unwrap(), Inserted::Done);
}

async fn is_there(store: &SqliteStore, record: &Record) -> bool {
    let load = Load::new(record.kind, record.id, SystemClock.now());
    store.load(load).await.unwrap().is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_conforms() {
    let file = File::new();
    let store = SqliteStore::new(file.pool().await);
    store.migrate().await.unwrap();
    conformance(store).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_pools_on_one_file_conform() {
    let file = File::new();
    let (one, other) = (file.pool().await, file.pool().await);
    let [one, other] = [one, other].map(SqliteStore::new);
    one.migrate().await.unwrap();
    conformance(Turns {
        one,
        other,
        turn: Default::default(),
    })
    .await
    .unwrap();
}

/// Two servers, which take the steps in turns.
struct Turns {
    one: SqliteStore,
    other: SqliteStore,
    turn: std::sync::atomic::AtomicUsize,
}

impl Turns {
    fn next(&self) -> &SqliteStore {
        let turn = self.turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if turn.is_multiple_of(2) {
            &self.one
        } else {
            &self.other
        }
    }
}

macro_rules! in_turns {
    ($($name:ident($step:ident) -> $answer:ty;)*) => {
        impl SessionStore for Turns {
            $(fn $name(&self, step: portcullis::store::$step) -> impl Future<Output = $answer> + Send {
                self.next().$name(step)
            })*
        }
    };
}

in_turns! {
    insert(Insert) -> Result<Inserted, portcullis::store::StoreError>;
    load(Load) -> Result<Option<Record>, portcullis::store::StoreError>;
    update(Update) -> Result<Swap, portcullis::store::StoreError>;
    rotate(Rotate) -> Result<Swap, portcullis::store::StoreError>;
    restore(Restore) -> Result<Swap, portcullis::store::StoreError>;
    touch(Touch) -> Result<bool, portcullis::store::StoreError>;
    delete(Delete) -> Result<bool, portcullis::store::StoreError>;
    end(End) -> Result<u64, portcullis::store::StoreError>;
    list(ListByUser) -> Result<Vec<Record>, portcullis::store::StoreError>;
    delete_by_user(DeleteByUser) -> Result<u64, portcullis::store::StoreError>;
    sweep(Sweep) -> Result<u64, portcullis::store::StoreError>;
    watch(Watch) -> ();
}

#[tokio::test]
async fn sessions_are_there_after_a_restart() {
    let file = File::new();
    let record = of_user(1);
    insert(&file.open().await, &record).await;
    let store = file.open().await;
    let load = Load::new(record.kind, record.id, SystemClock.now());
    assert_eq!(store.load(load).await.unwrap(), Some(record));
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let file = File::new();
    let store = file.open().await;
    insert(&store, &of_user(1)).await;
    for entry in std::fs::read_dir(file.0.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", entry.path().display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_servers_migrate_at_once_and_again() {
    let file = File::new();
    let mut servers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let path = file.path();
        servers.spawn(async move { SqliteStore::open(path).await.unwrap() });
    }
    let stores = servers.join_all().await;
    insert(&stores[0], &of_user(1)).await;
    stores[7].migrate().await.unwrap();
    assert!(is_there(&stores[3], &of_user(1)).await);
}

#[tokio::test]
async fn the_table_has_no_place_for_a_secret() {
    let file = File::new();
    let store = file.open().await;
    insert(&store, &of_user(7)).await;
    let pool = file.pool().await;
    let columns: Vec<String> =
        sqlx::query_scalar("SELECT name FROM pragma_table_info('portcullis_records')")
            .fetch_all(&pool)
            .await
            .unwrap();
    let known = [
        "kind",
        "id",
        "hash",
        "user_index",
        "series",
        "created",
        "seen",
        "expires",
        "version",
        "body",
    ];
    assert_eq!(columns, known);
}

#[tokio::test]
async fn a_full_disk_is_a_clear_error_and_loses_nothing() {
    let file = File::new();
    let options = SqliteConnectOptions::new()
        .filename(file.path())
        .create_if_missing(true)
        .pragma("max_page_count", "24");
    let pool = SqlitePoolOptions::new().max_connections(1);
    let store = SqliteStore::new(pool.connect_with(options).await.unwrap());
    store.migrate().await.unwrap();
    let first = of_user(0);
    insert(&store, &first).await;
    let mut full = None;
    for byte in 1..=200 {
        let mut record = of_user(byte);
        record.body = vec![0; 4_000].into();
        let step = Insert::new(record.clone(), SystemClock.now());
        if let Err(error) = store.insert(step).await {
            assert!(!is_there(&store, &record).await, "half a step");
            full = Some(error);
            break;
        }
    }
    let error = full.expect("the disk never was full").to_string();
    assert!(error.contains("database or disk is full"), "{error}");
    assert!(is_there(&store, &first).await);
    let end = DeleteByUser::new(UserIndex::from_bytes([1; 16]));
    assert_eq!(
        store.delete_by_user(end).await.unwrap(),
        1,
        "who leaves makes room"
    );
    insert(&store, &of_user(1)).await;
}

#[tokio::test]
async fn strangers_are_refused_when_there_are_too_many_and_users_never() {
    let file = File::new();
    let store = file.open().await.max_strangers(2 * 4_096);
    let near = |byte| {
        let mut bytes = [byte; 16];
        bytes[0] = 0xab; // the part of the first 12 bits
        RecordId::from_bytes(bytes)
    };
    let stranger = |byte| at(near(byte), session(byte));
    insert(&store, &stranger(0x01)).await;
    insert(&store, &stranger(0x02)).await;
    let third = Insert::new(stranger(0x03), SystemClock.now());
    assert!(store.insert(third.clone()).await.unwrap_err().is_full());
    insert(&store, &stranger(0x11)).await; // another part
    let user = at(near(0x04), of_user(0xab));
    insert(&store, &user).await;
    let login = Rotate::new(
        near(0x01),
        user.version,
        at(near(0x05), user.clone()),
        SystemClock.now(),
    );
    assert_eq!(store.rotate(login).await.unwrap(), Swap::Done);
    assert_eq!(
        store.insert(third).await.unwrap(),
        Inserted::Done,
        "who logs in makes room"
    );
}

#[tokio::test]
async fn a_sweep_goes_on_beyond_one_transaction() {
    let file = File::new();
    let store = SqliteStore::new(file.pool().await);
    store.migrate().await.unwrap();
    let now = SystemClock.now();
    for count in 0..1_300_u32 {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&count.to_be_bytes());
        let mut record = at(RecordId::from_bytes(bytes), of_user(1));
        record.expires = now;
        assert_eq!(
            store.insert(Insert::new(record, now)).await.unwrap(),
            Inserted::Done
        );
    }
    assert_eq!(store.sweep(Sweep::new(now, 1_200)).await.unwrap(), 1_200);
    assert_eq!(store.sweep(Sweep::new(now, 1_200)).await.unwrap(), 100);
}

#[tokio::test]
async fn an_end_on_another_server_is_noticed() {
    let file = File::new();
    let (here, there) = (file.open().await, file.open().await);
    let record = of_user(1);
    insert(&here, &record).await;
    let watch = here.watch(Watch::new(record.kind, record.id, Arc::new(SystemClock)));
    let ended = there.delete(Delete::new(record.kind, record.id));
    let ((), ended) = tokio::join!(watch, ended);
    assert!(ended.unwrap());
}
