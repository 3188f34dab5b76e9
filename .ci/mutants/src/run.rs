//! Which tests reach which mutant, and whether one of them fails with it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

pub struct Test {
    program: PathBuf,
    name: String,
    reaches: BTreeSet<usize>,
    takes: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Killed,
    TimedOut,
    Left,
    Unreached,
}

/// Two at a time.
fn each<T: Sync, R: Send>(of: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(one) = of.get(next.fetch_add(1, Relaxed)) {
                    let result = work(one);
                    done.lock().expect("no other has panicked").push(result);
                }
            });
        }
    });
    done.into_inner().expect("no one has panicked")
}

/// Runs every test alone, and notes what it reaches. One that fails without a
/// mutant is left out, and told.
pub fn record(programs: &[PathBuf], work: &Path) -> Vec<Test> {
    let mut named = Vec::new();
    for program in programs {
        let listed = Command::new(program)
            .args(["--list", "--format", "terse"])
            .output();
        let listed = String::from_utf8(listed.expect("a test runs").stdout).expect("UTF-8");
        let names = listed
            .lines()
            .filter_map(|line| line.strip_suffix(": test"));
        named.extend(names.map(|name| (program.clone(), name.to_owned())));
    }
    let numbered: Vec<_> = named.into_iter().enumerate().collect();
    let tests = each(&numbered, |(number, (program, name))| {
        let reached = work.join(format!("reached.{number}"));
        let _ = fs::remove_file(&reached);
        let at = Instant::now();
        let mut command = Command::new(program);
        command
            .args(["--exact", name])
            .env("PORTCULLIS_REACHED", &reached);
        let passed = finish(command, Duration::from_secs(300)) == Some(true);
        let takes = at.elapsed();
        // The log itself can break a test that counts what is allocated.
        let mut again = Command::new(program);
        again.args(["--exact", name]);
        if !passed && finish(again, Duration::from_secs(300)) != Some(true) {
            println!("fails without a mutant: {name}");
            return None;
        }
        let reaches = fs::read_to_string(&reached).unwrap_or_default();
        let _ = fs::remove_file(&reached);
        let reaches = reaches
            .lines()
            .filter_map(|line| line.parse().ok())
            .collect();
        Some(Test {
            program: program.clone(),
            name: name.clone(),
            reaches,
            takes,
        })
    });
    tests.into_iter().flatten().collect()
}

/// What becomes of each mutant; `told` hears it as soon as it is known.
pub fn run(mutants: &[usize], tests: &[Test], told: impl Fn(usize, Outcome, &str) + Sync) {
    each(mutants, |&number| {
        let mut programs = BTreeMap::<&Path, Vec<&Test>>::new();
        for test in tests.iter().filter(|test| test.reaches.contains(&number)) {
            programs.entry(&test.program).or_default().push(test);
        }
        if programs.is_empty() {
            return told(number, Outcome::Unreached, "");
        }
        let time = |tests: &[&Test]| tests.iter().map(|test| test.takes).sum::<Duration>();
        let mut programs: Vec<_> = programs.into_iter().collect();
        programs.sort_by_key(|(_, tests)| time(tests));
        for (program, tests) in programs {
            let mut command = Command::new(program);
            command
                .arg("--exact")
                .args(tests.iter().map(|test| &test.name));
            command.env("PORTCULLIS_MUTANT", number.to_string());
            let by = program.file_stem().unwrap_or_default().to_string_lossy();
            match finish(command, Duration::from_secs(20) + 5 * time(&tests)) {
                Some(true) => {}
                Some(false) => return told(number, Outcome::Killed, &by),
                None => return told(number, Outcome::TimedOut, &by),
            }
        }
        told(number, Outcome::Left, "");
    });
}

/// Whether the tests passed, if they came to an end in time.
fn finish(mut command: Command, within: Duration) -> Option<bool> {
    command
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().expect("a test runs");
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a child of ours") {
            return Some(status.success());
        }
        if began.elapsed() > within {
            child
                .kill()
                .and_then(|()| child.wait())
                .expect("a child of ours");
            return None;
        }
        thread::sleep(Duration::from_millis(5));
    }
}
