//! What goes between a store and its database.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use portcullis::store::{
    Delete, DeleteByUser, End, Insert, ListByUser, Load, PostgresStore, Restore, Rotate,
    SessionStore, Sweep, Touch, Update,
};
use sqlx::postgres::PgPoolOptions;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use crate::support::{LATER, NOW, Two, insert, next, of_series, series, session, two, user};

/// Stands between, counts what is asked, and delivers no notifications, as a
/// pooler does that hands a connection on after each transaction.
pub(crate) struct Proxy {
    url: String,
    asked: Arc<AtomicUsize>,
}

impl Proxy {
    pub(crate) async fn before(url: &str) -> Self {
        let (start, rest) = url.split_once('@').unwrap();
        let (server, database) = rest.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let url = format!("{start}@{address}/{database}?sslmode=disable");
        tokio::spawn(stand_between(listener, server.to_owned(), asked.clone()));
        Self { url, asked }
    }

    pub(crate) async fn store(&self) -> PostgresStore {
        // Each connection prepares its own statements.
        let options = PgPoolOptions::new()
            .max_connections(1)
            .test_before_acquire(false);
        PostgresStore::new(options.connect(&self.url).await.unwrap())
    }

    /// How often something was asked since the last time.
    fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::Relaxed)
    }
}

async fn stand_between(listener: TcpListener, server: String, asked: Arc<AtomicUsize>) {
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let server = TcpStream::connect(&server).await.unwrap();
        let (from_client, to_client) = client.into_split();
        let (from_server, mut to_server) = server.into_split();
        let asked = asked.clone();
        tokio::spawn(async move {
            let mut from_client = from_client;
            // Its first message has no type.
            let length = from_client.read_u32().await?;
            let mut start = vec![0; length as usize - 4];
            from_client.read_exact(&mut start).await?;
            to_server.write_u32(length).await?;
            to_server.write_all(&start).await?;
            let count = move |message| {
                let asks = usize::from(matches!(message, b'P' | b'E' | b'Q'));
                asked.fetch_add(asks, Ordering::Relaxed);
                true
            };
            pass_on(from_client, to_server, count).await
        });
        tokio::spawn(pass_on(from_server, to_client, |message| message != b'A'));
    }
}

/// Passes messages on, but those that are not kept.
async fn pass_on(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    keep: impl Fn(u8) -> bool,
) -> std::io::Result<()> {
    loop {
        let message = from.read_u8().await?;
        let length = from.read_u32().await?;
        let mut rest = vec![0; length as usize - 4];
        from.read_exact(&mut rest).await?;
        if keep(message) {
            let mut whole = vec![message];
            whole.extend(length.to_be_bytes());
            whole.extend(rest);
            to.write_all(&whole).await?;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_is_one_round_trip() {
    let Some(Two { a: _, b, database }) = two().await else {
        return;
    };
    let proxy = Proxy::before(database.url()).await;
    let store = proxy.store().await;
    // The first time, statements are prepared too.
    for home in 0..2 {
        let (old, remembered) = (session(home), series(home));
        insert(&b, &old).await;
        insert(&b, &remembered).await;
        let mut login = Insert::new(session(home), NOW);
        (login.series, login.at_most) = (Some(series(home)), Some(9));
        login.ends_series = Some(remembered.id);
        let restore = Restore::new(
            remembered.version,
            next(&remembered),
            of_series(&remembered),
            NOW,
        );
        let mut rotate = Rotate::new(old.id, old.version, session(home + 10), NOW);
        (rotate.end_others, rotate.at_most) = (true, Some(1));
        let mut end = End::new();
        (end.session, end.series) = (Some(old.id), Some(remembered.id));
        let (kind, id) = (old.kind, old.id);
        macro_rules! once {
            ($($name:ident($step:expr);)*) => {$(
                proxy.asked();
                let _ = store.$name($step).await.unwrap();
                let asked = proxy.asked();
                assert!(home == 0 || asked == 1, "{}: {asked}", stringify!($name));
            )*};
        }
        once! {
            load(Load::new(kind, id, NOW));
            update(Update::new(kind, id, old.version, vec![2].into(), NOW));
            touch(Touch::new(kind, id, LATER, NOW, NOW));
            list(ListByUser::new(kind, user(home), NOW));
            restore(restore);
            insert(login);
            rotate(rotate);
            end(end);
            delete(Delete::new(kind, id));
            delete_by_user(DeleteByUser::new(user(home)));
            sweep(Sweep::new(NOW, 10));
        }
    }
}
