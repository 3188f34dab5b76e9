//! Redis: one server or one cluster for a test file, which its tests share under
//! a key prefix each, or a server for one test, which may stop it.

use std::{
    env,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use redis::{Client, cluster::ClusterClient};

use super::{
    process::{Place, find, free_port, signal, succeed},
    skipped,
};

/// A key prefix of this test alone, on a server that others use too; of its
/// databases another for each of the first 16 tests.
#[derive(Debug)]
pub struct RedisServer {
    pub client: Client,
    pub prefix: String,
    url: String,
}

impl RedisServer {
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// A prefix on the server of `REDIS_URL`, or on one that is started for this test file.
pub async fn redis() -> Option<RedisServer> {
    static SERVER: OnceLock<Option<OwnRedis>> = OnceLock::new();
    let url = match env::var("REDIS_URL") {
        Ok(url) => url,
        Err(_) => {
            // The first test starts it, off the runtime, and the others wait.
            let start = || SERVER.get_or_init(own_redis).as_ref();
            tokio::task::spawn_blocking(start).await.unwrap()?.url()
        }
    };
    let count = count();
    let url = url.trim_end_matches('/');
    let url = match url.matches('/').count() {
        2 => format!("{url}/{}", count % 16), // no database is named
        _ => url.to_owned(),
    };
    Some(RedisServer {
        client: Client::open(&*url).unwrap(),
        prefix: prefix(count),
        url,
    })
}

/// A key prefix of this test alone, on a cluster.
#[derive(Debug)]
pub struct Cluster {
    pub nodes: Vec<Client>,
    pub prefix: String,
}

/// A prefix on a cluster of three nodes that is started for this test file.
pub async fn redis_cluster() -> Option<Cluster> {
    static NODES: OnceLock<Option<Vec<OwnRedis>>> = OnceLock::new();
    let start = || NODES.get_or_init(own_cluster).as_ref();
    let nodes = tokio::task::spawn_blocking(start).await.unwrap()?;
    Some(Cluster {
        nodes: nodes.iter().map(OwnRedis::client).collect(),
        prefix: prefix(count()),
    })
}

impl Cluster {
    pub fn client(&self) -> ClusterClient {
        let nodes = self
            .nodes
            .iter()
            .map(|node| node.get_connection_info().clone());
        ClusterClient::new(nodes.collect::<Vec<_>>()).unwrap()
    }
}

/// A server for one test.
#[derive(Debug)]
pub struct OwnRedis {
    place: Place,
    binary: PathBuf,
    port: u16,
    is_node: bool,
    process: Mutex<Option<Child>>,
}

/// A server that this test may stop, start, pause and rob of its data. Call it
/// where a thread may wait.
pub fn own_redis() -> Option<OwnRedis> {
    let binary = binary()?;
    Some(OwnRedis::new(&binary, false).expect("Redis is installed, but does not start"))
}

/// Three nodes, each with its share of the slots.
pub fn own_cluster() -> Option<Vec<OwnRedis>> {
    let binary = binary()?;
    let start = |_| OwnRedis::new(&binary, true).expect("Redis is installed, but does not start");
    let nodes: Vec<_> = (0..3).map(start).collect();
    let mut create = Command::new(find("redis-cli", &[]).expect("redis-cli is with redis-server"));
    create.args(["--cluster", "create"]);
    create.args(nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)));
    succeed(create.args(["--cluster-replicas", "0", "--cluster-yes"])).unwrap();
    for node in &nodes {
        node.wait_for("every node to know all", |connection| {
            let info = redis::cmd("CLUSTER")
                .arg("INFO")
                .query::<String>(connection);
            info.is_ok_and(|info| info.contains("cluster_state:ok"))
        });
    }
    Some(nodes)
}

fn binary() -> Option<PathBuf> {
    let binary = find("redis-server", &[]).or_else(|| find("valkey-server", &[]));
    if binary.is_none() {
        skipped("Redis", "there is neither REDIS_URL nor redis-server");
    }
    binary
}

impl OwnRedis {
    fn new(binary: &Path, is_node: bool) -> io::Result<Self> {
        let port = || free_port();
        let server = Self {
            place: Place::new("redis", "redis.pid")?,
            binary: binary.to_owned(),
            // A node talks to the others on a port that is 10,000 higher.
            port: std::iter::repeat_with(port)
                .find(|port| *port < 55_000)
                .unwrap_or(0),
            is_node,
            process: Mutex::default(),
        };
        server.start();
        Ok(server)
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub fn client(&self) -> Client {
        Client::open(self.url()).unwrap()
    }

    /// Starts it, with the data that it had, and waits until it answers.
    pub fn start(&self) {
        let log = File::create(self.place.path().join("log")).unwrap();
        let mut start = Command::new(&self.binary);
        start.args(["--bind", "127.0.0.1", "--port", &self.port.to_string()]);
        start.arg("--dir").arg(self.place.path());
        start
            .arg("--pidfile")
            .arg(self.place.path().join("redis.pid"));
        start.args([
            "--save",
            "",
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
        ]);
        start.args(["--cluster-enabled", if self.is_node { "yes" } else { "no" }]);
        start
            .stdin(Stdio::null())
            .stderr(log.try_clone().unwrap())
            .stdout(log);
        *self.process.lock().unwrap() = Some(start.spawn().unwrap());
        self.wait_for("Redis to start", |connection| {
            redis::cmd("PING").query::<String>(connection).is_ok()
        });
    }

    /// Stops it; connections break.
    pub fn stop(&self) {
        let mut process = self.process.lock().unwrap().take().unwrap();
        signal("TERM", process.id());
        process.wait().unwrap();
    }

    /// It does not answer any more, and does not break connections either.
    pub fn pause(&self) {
        signal("STOP", self.pid());
    }

    /// Goes on after [`pause`](Self::pause).
    pub fn resume(&self) {
        signal("CONT", self.pid());
    }

    /// It comes back empty.
    pub fn lose_data(&self) {
        self.stop();
        fs::remove_dir_all(self.place.path().join("appendonlydir")).ok();
        fs::remove_file(self.place.path().join("appendonly.aof")).ok(); // Redis 6.2
        self.start();
    }

    fn pid(&self) -> u32 {
        self.process.lock().unwrap().as_ref().unwrap().id()
    }

    fn wait_for(&self, what: &str, mut come: impl FnMut(&mut redis::Connection) -> bool) {
        for _ in 0..600 {
            let ended = |child: &mut Child| child.try_wait().unwrap().is_some();
            let ended = self.process.lock().unwrap().as_mut().is_some_and(ended);
            let log = || fs::read_to_string(self.place.path().join("log"));
            assert!(!ended, "Redis ended: {:?}", log());
            let connection = self
                .client()
                .get_connection_with_timeout(Duration::from_secs(5));
            if connection.is_ok_and(|mut connection| come(&mut connection)) {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("waited too long for {what}");
    }
}

/// The janitor would wait long for a process that has ended and is not waited for.
impl Drop for OwnRedis {
    fn drop(&mut self) {
        let process = self.process.get_mut().map(Option::take);
        if let Ok(Some(mut process)) = process {
            process.kill().and_then(|()| process.wait()).ok();
            fs::remove_file(self.place.path().join("redis.pid")).ok();
        }
    }
}

fn count() -> u32 {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    COUNT.fetch_add(1, Ordering::Relaxed)
}

fn prefix(count: u32) -> String {
    format!("test:{}:{count}", std::process::id())
}
