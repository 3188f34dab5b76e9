//! Servers that share a store: processes of their own, killed and started again.
//!
//! A server is this test program once more, told by its environment to serve.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod servers;

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::Router;
use portcullis::store::{PostgresStore, RedisStore, SqliteStore};
use servers::app::app;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::timeout,
};

// --- the app -------------------------------------------------------------------

/// A URL; behind `#` the prefix of keys.
async fn app_on(store: &str) -> Router {
    match store.split_once(':').unwrap().0 {
        "sqlite" => {
            let file = store.strip_prefix("sqlite:").unwrap();
            app(SqliteStore::open(file).await.unwrap())
        }
        "postgres" | "postgresql" => {
            let pool = sqlx::postgres::PgPoolOptions::new().max_connections(10);
            let store = PostgresStore::new(pool.connect(store).await.unwrap());
            store.migrate().await.unwrap();
            app(store)
        }
        _ => {
            let client = redis::Client::open(store.split('#').next().unwrap()).unwrap();
            let connection = client.get_connection_manager().await.unwrap();
            let (_, prefix) = store.split_once('#').unwrap();
            app(RedisStore::new(connection)
                .key_prefix(prefix)
                .listen(client))
        }
    }
}

// --- a server in a process of its own ------------------------------------------

/// The name of the test that is the server, when it is told so.
const SERVE: &str = "serve";
const STORE: &str = "PORTCULLIS_TEST_SERVES_STORE";

#[tokio::test(flavor = "multi_thread")]
async fn serve() {
    let Ok(store) = std::env::var(STORE) else {
        return;
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("\nport={}", listener.local_addr().unwrap().port());
    axum::serve(listener, app_on(&store).await).await.unwrap();
}

struct Server {
    process: Child,
    port: u16,
}

impl Server {
    async fn on(store: &str) -> Self {
        let store = store.to_owned();
        let start = move || {
            let mut process = Command::new(std::env::current_exe().unwrap())
                .args([SERVE, "--exact", "--nocapture"])
                .env(STORE, store)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let lines = BufReader::new(process.stdout.take().unwrap()).lines();
            let port = lines
                .map_while(Result::ok)
                .find_map(|line| line.strip_prefix("port=")?.parse().ok());
            let port = port.expect("the server did not start");
            Self { process, port }
        };
        tokio::task::spawn_blocking(start).await.unwrap()
    }

    /// `kill -9`: it has no time to put anything in order.
    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn client(&self) -> Client {
        Client {
            port: self.port,
            jar: BTreeMap::new(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Speaks as much HTTP as it takes, and keeps cookies.
#[derive(Clone)]
struct Client {
    port: u16,
    jar: BTreeMap<String, String>,
}

struct Reply {
    status: u16,
    body: String,
}

impl Client {
    /// The same browser at another server.
    fn at(&self, server: &Server) -> Self {
        Self {
            port: server.port,
            jar: self.jar.clone(),
        }
    }

    async fn get(&mut self, path: &str) -> std::io::Result<Reply> {
        self.send("GET", path).await
    }

    async fn post(&mut self, path: &str) -> std::io::Result<Reply> {
        self.send("POST", path).await
    }

    async fn send(&mut self, method: &str, path: &str) -> std::io::Result<Reply> {
        let mut stream = self.begin(method, path).await?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await?;
        let broken = || std::io::Error::other("the answer broke off");
        let (head, body) = text.split_once("\r\n\r\n").ok_or_else(broken)?;
        for line in head.lines() {
            let Some(cookie) = line.strip_prefix("set-cookie: ") else {
                continue;
            };
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            match cookie.contains("Max-Age=0") {
                true => self.jar.remove(name),
                false => self.jar.insert(name.to_owned(), value.to_owned()),
            };
        }
        let status = head.split(' ').nth(1).ok_or_else(broken)?.parse();
        Ok(Reply {
            status: status.map_err(|_| broken())?,
            body: body.to_owned(),
        })
    }

    async fn begin(&self, method: &str, path: &str) -> std::io::Result<TcpStream> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        let cookies: Vec<_> = self
            .jar
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = format!(
            "{method} {path} HTTP/1.0\r\nhost: localhost\r\ncookie: {}\r\n\r\n",
            cookies.join("; ")
        );
        stream.write_all(request.as_bytes()).await?;
        Ok(stream)
    }
}

// --- two servers ---------------------------------------------------------------

async fn two_servers_know_of_each_other(store: &str) {
    let (here, there) = (Server::on(store).await, Server::on(store).await);
    let mut browser = here.client();
    assert_eq!(browser.post("/login/1").await.unwrap().status, 303);
    let mut elsewhere = browser.at(&there);
    assert_eq!(elsewhere.get("/me").await.unwrap().body, "user 1");

    let mut open = elsewhere.begin("GET", "/stay").await.unwrap();
    let mut head = [0; 512];
    let mut read = String::new();
    while !read.contains("hello 1") {
        let count = open.read(&mut head).await.unwrap();
        assert!(count > 0, "it closed too early: {read}");
        read += &String::from_utf8_lossy(&head[..count]);
    }
    assert_eq!(browser.post("/logout").await.unwrap().status, 303);
    let reply = elsewhere.get("/me").await.unwrap();
    assert_eq!(reply.status, 401, "refused at once: {}", reply.body);
    let mut rest = Vec::new();
    let closed = timeout(Duration::from_secs(10), open.read_to_end(&mut rest)).await;
    closed.expect("the stream did not end").unwrap();

    // And all others of a user, from one of them.
    let mut one = here.client();
    let mut other = there.client();
    for browser in [&mut one, &mut other] {
        assert_eq!(browser.post("/login/2").await.unwrap().status, 303);
        assert_eq!(browser.get("/me").await.unwrap().status, 200);
    }
    assert_eq!(one.post("/end-others").await.unwrap().body, "ended 2");
    assert_eq!(other.get("/me").await.unwrap().status, 401);
    assert_eq!(one.at(&there).get("/me").await.unwrap().status, 200);
}

/// Kills the server in the middle of logins and logouts, and asks what is left.
async fn what_was_acknowledged_stays(store: &str) {
    const CLIENTS: u64 = 8;
    const ENOUGH: usize = 60;
    let mut server = Server::on(store).await;
    let (stop, acknowledged) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let mut clients = JoinSet::new();
    for id in 0..CLIENTS {
        let (stop, acknowledged) = (stop.clone(), acknowledged.clone());
        let first = server.client();
        clients.spawn(async move {
            let (mut alive, mut ended) = (Vec::new(), Vec::new());
            while !stop.load(Ordering::Relaxed) {
                let mut browser = first.clone();
                let Ok(login) = browser.post(&format!("/login/{id}")).await else {
                    break;
                };
                assert_eq!(login.status, 303);
                acknowledged.fetch_add(1, Ordering::Relaxed);
                alive.push(browser.clone());
                if alive.len() % 2 == 0 {
                    let before = alive.pop().unwrap();
                    // A logout that was not acknowledged may have happened or not.
                    match browser.post("/logout").await {
                        Ok(logout) => assert_eq!(logout.status, 303),
                        Err(_) => break,
                    }
                    ended.push(before);
                }
            }
            (id, alive, ended)
        });
    }
    while acknowledged.load(Ordering::Relaxed) < ENOUGH {
        tokio::task::yield_now().await;
    }
    server.kill();
    stop.store(true, Ordering::Relaxed);
    let clients = clients.join_all().await;
    let server = Server::on(store).await;
    let mut asked = 0;
    for (id, alive, ended) in clients {
        for browser in alive {
            let reply = browser.at(&server).get("/me").await.unwrap();
            assert_eq!(
                reply.body,
                format!("user {id}"),
                "an acknowledged login is lost"
            );
            asked += 1;
        }
        for browser in ended {
            let reply = browser.at(&server).get("/me").await.unwrap();
            assert_eq!(reply.status, 401, "an ended session is alive");
            asked += 1;
        }
    }
    assert!(asked >= ENOUGH / 2, "{asked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_on_one_sqlite_file() {
    let folder = tempfile::tempdir().unwrap();
    two_servers_know_of_each_other(&format!("sqlite:{}/sessions.db", folder.path().display()))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_on_a_sqlite_file() {
    let folder = tempfile::tempdir().unwrap();
    what_was_acknowledged_stays(&format!("sqlite:{}/sessions.db", folder.path().display())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_on_one_postgres() {
    let Some(database) = servers::postgres().await else {
        return;
    };
    two_servers_know_of_each_other(database.url()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_on_postgres() {
    let Some(database) = servers::postgres().await else {
        return;
    };
    what_was_acknowledged_stays(database.url()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_on_one_redis() {
    let Some(redis) = servers::redis().await else {
        return;
    };
    two_servers_know_of_each_other(&format!("{}#{}", redis.url(), redis.prefix)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_on_redis() {
    let Some(redis) = servers::redis().await else {
        return;
    };
    what_was_acknowledged_stays(&format!("{}#{}", redis.url(), redis.prefix)).await;
}
