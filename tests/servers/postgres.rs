//! PostgreSQL: one server for a test file and a database for each test, or a
//! server for one test, which may stop it.

use std::{
    env,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool, postgres::PgPoolOptions};

use super::{
    process::{Place, command, find, free_port, signal, succeed},
    skipped,
};

/// A database of this test alone, there for as long as this is kept.
#[derive(Debug)]
pub struct Database {
    url: String,
    /// Where to drop it, on a server that stays.
    drop_at: Option<(String, String)>,
}

/// A database for one test: on the server of `DATABASE_URL`, or on one that is
/// started for this test file.
pub async fn postgres() -> Option<Database> {
    static SERVER: OnceLock<Option<OwnPostgres>> = OnceLock::new();
    let given = env::var("DATABASE_URL").ok();
    let server = match &given {
        Some(url) => url.clone(),
        None => {
            // The first test starts it, off the runtime, and the others wait.
            let start = || SERVER.get_or_init(own_postgres).as_ref();
            let server = tokio::task::spawn_blocking(start).await.unwrap();
            server?.url()
        }
    };
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("portcullis_test_{}_{count}", std::process::id());
    run(&server, format!("create database {name}")).await;
    Some(Database {
        url: with_database(&server, &name),
        drop_at: given.map(|server| (server, name)),
    })
}

impl Database {
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Another pool, as another server has it.
    pub async fn pool(&self) -> PgPool {
        let options = PgPoolOptions::new().max_connections(12);
        options.connect(&self.url).await.unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let Some((server, name)) = self.drop_at.take() else {
            return;
        };
        let dropping = async move {
            run(&server, format!("drop database {name} with (force)")).await;
        };
        let runtime = || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
        };
        let dropped = thread::spawn(move || runtime().unwrap().block_on(dropping)).join();
        if dropped.is_err() {
            eprintln!("a database of a test is left behind");
        }
    }
}

/// A server for one test.
#[derive(Debug)]
pub struct OwnPostgres {
    place: Place,
    binaries: PathBuf,
    port: u16,
}

/// A server that this test may stop, start, and pause. Call it where a thread may wait.
pub fn own_postgres() -> Option<OwnPostgres> {
    let Some(initdb) = find("initdb", &debian()) else {
        skipped("PostgreSQL", "there is neither DATABASE_URL nor initdb");
        return None;
    };
    let server = OwnPostgres::new(&initdb).expect("PostgreSQL is installed, but does not start");
    Some(server)
}

impl OwnPostgres {
    fn new(initdb: &Path) -> io::Result<Self> {
        let server = Self {
            place: Place::new("postgres", "postmaster.pid")?,
            binaries: initdb.parent().unwrap_or(Path::new("/")).to_owned(),
            port: free_port(),
        };
        let mut init = command(initdb);
        init.args([
            "-A",
            "trust",
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]);
        succeed(init.arg("-D").arg(server.data()))?;
        server.start();
        Ok(server)
    }

    /// Of its database `postgres`.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Starts it, and waits until it accepts connections.
    pub fn start(&self) {
        let log = File::create(self.place.path().join("log")).unwrap();
        let mut start = command(&self.binaries.join("postgres"));
        start
            .arg("-D")
            .arg(self.data())
            .args(["-p", &self.port.to_string()]);
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "fsync=off",
            "max_connections=400",
        ] {
            start.arg("-c").arg(setting);
        }
        start
            .stdin(Stdio::null())
            .stderr(log.try_clone().unwrap())
            .stdout(log);
        let mut child = start.spawn().unwrap();
        let ready = || self.status().is_some_and(|line| line.starts_with("ready"));
        let mut tries = 0;
        while !ready() {
            let ended = child.try_wait().unwrap().is_some();
            let log = || fs::read_to_string(self.place.path().join("log"));
            assert!(
                !ended && tries < 600,
                "PostgreSQL does not start: {:?}",
                log()
            );
            thread::sleep(Duration::from_millis(50)); // until it accepts connections
            tries += 1;
        }
        thread::spawn(move || child.wait()); // no zombie
    }

    /// Stops it at once; connections break.
    pub fn stop(&self) {
        let mut stop = command(&self.binaries.join("pg_ctl"));
        succeed(stop.args(["stop", "-m", "fast", "-D"]).arg(self.data())).unwrap();
    }

    /// It does not answer any more, and does not break connections either.
    pub fn pause(&self) {
        signal("STOP", self.pid());
    }

    /// Goes on after [`pause`](Self::pause).
    pub fn resume(&self) {
        signal("CONT", self.pid());
    }

    pub async fn pool(&self) -> PgPool {
        PgPool::connect(&self.url()).await.unwrap()
    }

    fn data(&self) -> PathBuf {
        self.place.path().join("data")
    }

    fn pid(&self) -> u32 {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        file.lines().next().unwrap().parse().unwrap()
    }

    /// The last line of its pid file.
    fn status(&self) -> Option<String> {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).ok()?;
        file.lines().nth(7).map(str::to_owned)
    }
}

async fn run(server: &str, statement: String) {
    let mut connection = PgConnection::connect(server).await.unwrap();
    let ran = sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(&mut connection)
        .await;
    ran.unwrap();
    connection.close().await.unwrap();
}

/// The same URL with another database: what follows the server and the slash.
fn with_database(server: &str, name: &str) -> String {
    let (address, query) = server.split_once('?').unwrap_or((server, ""));
    let host = address.find("://").map_or(0, |at| at + 3);
    let address = address[host..]
        .find('/')
        .map_or(address, |at| &address[..host + at]);
    let query = if query.is_empty() {
        String::new()
    } else {
        format!("?{query}")
    };
    format!("{address}/{name}{query}")
}

/// Where Debian keeps the binaries, the newest version first.
fn debian() -> Vec<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut all: Vec<_> = versions
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    let version = |bin: &PathBuf| {
        let version = bin.parent().and_then(Path::file_name);
        version.and_then(|version| version.to_str()?.parse::<u32>().ok())
    };
    all.sort_by_key(|bin| std::cmp::Reverse(version(bin)));
    all
}
