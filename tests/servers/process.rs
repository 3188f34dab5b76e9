//! A server's process and directory, which never outlive the tests.

use std::{
    env, fs,
    io::{self, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{self, Child, Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

/// A directory of a server, its data in it, and whoever cleans up: a shell that
/// waits for the end of its input. That comes when this is dropped, or when the
/// tests end in whatever way, `SIGKILL` included.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    janitor: Child,
}

impl Place {
    /// A new directory. `pid_file` is where its servers note their process id,
    /// on the first line; there may be several, in further directories.
    pub(super) fn new(what: &str, pid_file: &str) -> io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "portcullis-{what}-{}-{}",
            process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let path = env::temp_dir().join(name);
        fs::create_dir(&path)?;
        if is_root() {
            succeed(Command::new("chown").arg("postgres").arg(&path))?;
        }
        let janitor = Command::new("sh")
            .args(["-c", CLEAN_UP, "janitor"])
            .arg(&path)
            .arg(pid_file)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self { path, janitor })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(self.janitor.stdin.take().map(|mut input| input.flush()));
        self.janitor.wait().ok();
    }
}

/// Ends what runs there, even what is stopped, and removes it.
const CLEAN_UP: &str = r#"
trap '' INT HUP TERM
cat >/dev/null
find "$1" -name "$2" | while read -r file; do
    pid=$(head -n 1 "$file")
    kill -QUIT "$pid"
    kill -CONT "$pid" $(pgrep -P "$pid")
    tries=0
    while kill -0 "$pid" && [ $tries -lt 100 ]; do sleep 0.05; tries=$((tries + 1)); done
    kill -KILL "$pid"
done
rm -rf "$1"
"#;

/// A command that runs as somebody who is not root: some servers refuse root.
pub(super) fn command(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program);
    command
}

/// Runs a command to its end; that it failed is an error that quotes it.
pub(super) fn succeed(command: &mut Command) -> io::Result<Output> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!("{command:?}: {said}")))
}

/// Signals a process and its children.
pub(super) fn signal(signal: &str, pid: u32) {
    let children = Command::new("pgrep")
        .arg("-P")
        .arg(pid.to_string())
        .output();
    let children = children.map(|output| output.stdout).unwrap_or_default();
    let mut kill = Command::new("kill");
    kill.arg(format!("-{signal}")).arg(pid.to_string());
    kill.args(String::from_utf8_lossy(&children).split_whitespace());
    kill.stderr(Stdio::null()); // a child may be gone by now
    kill.status().unwrap();
}

/// The program, in the path or in one of the directories, the newest version first.
pub(super) fn find(program: &str, directories: &[PathBuf]) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::split_paths(&path).collect::<Vec<_>>();
    let mut all = directories.iter().chain(&path).map(|dir| dir.join(program));
    all.find(|file| file.is_file())
}

/// A port for a server, with the one 10,000 above, which a node of a Redis
/// cluster takes too. Both are below those that connections are given, or one
/// of these could have it before the server does.
pub(super) fn free_port() -> u16 {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let is_free = |port: &u16| {
        [*port, port + 10_000]
            .into_iter()
            .all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok())
    };
    let next = || {
        let count = process::id()
            .wrapping_mul(101)
            .wrapping_add(COUNT.fetch_add(1, Ordering::Relaxed));
        10_000 + (count % 12_000) as u16
    };
    std::iter::repeat_with(next).find(is_free).unwrap()
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout.starts_with(b"0\n"))
}
