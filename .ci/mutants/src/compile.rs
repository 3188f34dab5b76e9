//! The copy with all mutants that compile, and its tests.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{mutants::Mutant, weave::weave};

/// Without the servers, whose tests take minutes.
const FEATURES: &str = "password,sqlite,testing,totp";

/// Weaves and compiles until nothing is wrong any more. Answers the mutants
/// that have no place in the source or do not compile.
pub fn weave_what_compiles(copy: &Path, mutants: &[Mutant]) -> BTreeSet<usize> {
    let read = |file: &str| fs::read_to_string(copy.join(file)).expect("a file of the library");
    let write = |file: &str, text: &str| fs::write(copy.join(file), text).expect("written");
    write("src/lib.rs", &(read("src/lib.rs") + "\nmod mutant;\n"));
    write("src/mutant.rs", include_str!("mutant.rs"));
    let mut files = BTreeMap::<&str, (String, Vec<(usize, &Mutant)>)>::new();
    for (number, mutant) in mutants.iter().enumerate() {
        let file = files
            .entry(&mutant.file)
            .or_insert_with(|| (read(&mutant.file), Vec::new()));
        file.1.push((number, mutant));
    }
    let mut left = BTreeSet::new();
    loop {
        for (file, (source, mutants)) in &mut files {
            mutants.retain(|(number, _)| !left.contains(number));
            let (woven, placeless) = weave(source, mutants);
            write(file, &woven);
            left.extend(placeless);
        }
        let wrong = errors(copy);
        if wrong.is_empty() {
            return left;
        }
        println!("{} do not compile, and so on", wrong.len());
        left.extend(wrong);
    }
}

/// The mutants that the errors of the compiler are about.
fn errors(copy: &Path) -> BTreeSet<usize> {
    let mut wrong = BTreeSet::new();
    for message in cargo(copy, &["check", "--lib"]) {
        let Some(error) = message
            .get("message")
            .filter(|error| error["level"] == "error")
        else {
            continue;
        };
        let spans = error["spans"].as_array().into_iter().flatten();
        let found: BTreeSet<_> = spans.filter_map(|span| around(copy, span)).collect();
        let aborting = error["message"]
            .as_str()
            .is_some_and(|text| text.starts_with("aborting"));
        assert!(
            aborting || !found.is_empty(),
            "of no mutant: {}",
            error["rendered"]
        );
        wrong.extend(found);
    }
    wrong
}

/// The innermost mutant around what a message points at.
fn around(copy: &Path, span: &Value) -> Option<usize> {
    let text = fs::read_to_string(copy.join(span["file_name"].as_str()?)).ok()?;
    let before = &text[..usize::try_from(span["byte_start"].as_u64()?).ok()?];
    let mut open = Vec::new();
    for (at, _) in before.match_indices("/*") {
        let mark = before[at + 2..].split("*/").next()?;
        if let Some(number) = mark.strip_prefix('<') {
            open.extend(number.parse::<usize>());
        } else if mark
            .strip_suffix('>')
            .is_some_and(|number| number.parse::<usize>().is_ok())
        {
            open.pop();
        }
    }
    open.pop()
}

/// The programs of the library's tests.
pub fn tests(copy: &Path) -> Vec<PathBuf> {
    let built = cargo(copy, &["test", "--no-run", "--lib", "--tests"]);
    let programs = built
        .iter()
        .filter(|message| message["profile"]["test"] == true && message["target"]["name"] != "ui");
    programs
        .filter_map(|message| message["executable"].as_str())
        .map(PathBuf::from)
        .collect()
}

fn cargo(copy: &Path, command: &[&str]) -> Vec<Value> {
    let run = Command::new("cargo")
        .args(command)
        .args([
            "--package",
            "portcullis",
            "--features",
            FEATURES,
            "--message-format",
            "json",
        ])
        .current_dir(copy)
        .env("CARGO_TARGET_DIR", copy.with_file_name("built"))
        // Lints are for people, and a debugger has nothing to see here.
        .env("RUSTFLAGS", "--cap-lints allow")
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .output()
        .expect("cargo runs");
    let lines = run.stdout.split(|&byte| byte == b'\n');
    lines
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect()
}
