//! Mutation testing in one build: what the tests would not notice if it broke.
//!
//! ```sh
//! cargo install cargo-mutants --locked
//! cargo run --release --manifest-path .ci/mutants/Cargo.toml -- WORK 'src/session/**'
//! ```
//!
//! cargo-mutants lists the mutants. Built one by one, a thousand of them take a
//! day: so here all are woven into a copy of what is committed (`WORK/copy`), each behind
//! an `if` that an environment variable opens. What does not compile is left out; then
//! every test is run once to see which mutants it reaches, and each mutant with
//! the tests that reach it, the quickest program first, until one fails.
//!
//! `WORK/outcomes` has a line for each mutant: what became of it, its name, and the
//! program that killed it. `--only FILE` tries those again whose names are in it, as
//! after a new test. What was left last time, and why, stands in `left.md`.

mod compile;
mod mutants;
mod run;
mod weave;

use std::{
    collections::BTreeSet,
    env,
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
};

use run::Outcome;

fn main() {
    let mut arguments: Vec<String> = env::args().skip(1).collect();
    assert!(arguments.len() > 1, "usage: WORK [--only FILE] PARTS...");
    let work = PathBuf::from(arguments.remove(0));
    let only = (arguments[0] == "--only")
        .then(|| arguments.drain(..2).nth(1))
        .flatten();
    let only = only.map(|names| fs::read_to_string(names).expect("names to read"));
    let only = only
        .as_ref()
        .map(|names| names.lines().collect::<BTreeSet<_>>());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");

    let copy = work.join("copy");
    copy_of_what_is_committed(&root, &copy);
    let mut mutants = mutants::list(&copy, &arguments);
    mutants.retain(|mutant| {
        only.as_ref()
            .is_none_or(|only| only.contains(&*mutant.name))
    });
    println!("{} mutants", mutants.len());
    let uncompiled = compile::weave_what_compiles(&copy, &mutants);
    println!("{} do not compile", uncompiled.len());
    let tests = run::record(&compile::tests(&copy), &work);
    println!("{} tests", tests.len());

    let outcomes = Mutex::new(File::create(work.join("outcomes")).expect("a file to write"));
    let tell = |number: usize, outcome: &str, by: &str| {
        let mut outcomes = outcomes.lock().expect("no other has panicked");
        writeln!(outcomes, "{outcome}\t{}\t{by}", mutants[number].name).expect("written");
    };
    uncompiled
        .iter()
        .for_each(|&number| tell(number, "uncompiled", ""));
    let compiled: Vec<_> = (0..mutants.len())
        .filter(|number| !uncompiled.contains(number))
        .collect();
    run::run(&compiled, &tests, |number, outcome, by| {
        let outcome = match outcome {
            Outcome::Killed => "killed",
            Outcome::TimedOut => "timed out",
            Outcome::Left => "left",
            Outcome::Unreached => "unreached",
        };
        tell(number, outcome, by);
    });
}

fn copy_of_what_is_committed(root: &Path, copy: &Path) {
    let _ = fs::remove_dir_all(copy);
    fs::create_dir_all(copy).expect("a folder to write");
    let archive = copy.with_extension("tar");
    let mut git = Command::new("git");
    git.args(["archive", "--output"])
        .arg(&archive)
        .arg("HEAD")
        .current_dir(root);
    let mut tar = Command::new("tar");
    tar.arg("-xmf").arg(&archive).arg("-C").arg(copy);
    for mut command in [git, tar] {
        assert!(
            command.status().is_ok_and(|status| status.success()),
            "{command:?}"
        );
    }
}
