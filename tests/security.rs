//! `docs/security.md` names tests that are there, and a test for all that it says is met.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A row of one of the tables of the standards.
struct Row<'a> {
    item: &'a str,
    how: &'a str,
    tests: Vec<&'a str>,
}

#[test]
fn every_test_that_is_named_is_there() {
    let page = read(&root().join("docs/security.md"));
    for Row { item, tests, .. } in rows(&page) {
        for test in tests {
            let (file, name) = place(test).unwrap_or_else(|| panic!("{item}: what is `{test}`?"));
            let source = file.is_file().then(|| read(&file));
            let is_there = source.is_some_and(|source| has_test(&source, &name));
            assert!(is_there, "{item}: no `{test}`, in {}", file.display());
        }
    }
}

#[test]
fn what_is_met_is_proved() {
    let page = read(&root().join("docs/security.md"));
    let met = rows(&page).filter(|row| row.how.starts_with("Met"));
    let mut rows = 0;
    for Row { item, tests, .. } in met {
        assert!(!tests.is_empty() || BY_LOOKING.contains(&item), "{item}");
        rows += 1;
    }
    assert!(rows > 80, "the tables are read: {rows}");
}

/// Met by what CI does or what can be read, which no test of the program proves.
const BY_LOOKING: &[&str] = &["15.1.2 (L2), 15.2.4 (L3)"];

/// The rows of four cells below the headings of the standards.
fn rows(page: &str) -> impl Iterator<Item = Row<'_>> {
    let (_, tables) = page.split_once("\n## OWASP ASVS").unwrap();
    tables.lines().filter_map(|line| {
        let cells: Vec<_> = line
            .strip_prefix("| ")?
            .strip_suffix('|')?
            .split(" | ")
            .collect();
        let [item, _, how, tests] = cells[..] else {
            return None;
        };
        let tests = tests.split('`').skip(1).step_by(2);
        let tests = tests.filter(|name| name.contains("::") || name.contains(": "));
        (item != "item" && item != "section").then(|| Row {
            item,
            how,
            tests: tests.collect(),
        })
    })
}

/// The file that a name is said to be in, and the name there.
fn place(test: &str) -> Option<(PathBuf, String)> {
    let root = root();
    if let Some(program) = test.strip_prefix("ui: ") {
        let file = root
            .join("ui-tests/fail")
            .join(program)
            .with_extension("rs");
        return Some((file, "main".to_owned()));
    }
    if let Some(rule) = test.strip_prefix("rule: ") {
        let folder = root.join("src/testing/conformance");
        let mut files = fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().path());
        let file = files.find(|file| has_test(&read(file), rule))?;
        return Some((file, rule.to_owned()));
    }
    let (file, name) = test.split_once("::")?;
    let file = match file.split_once('/') {
        _ if file.starts_with("src: ") => Path::new("src").join(&file["src: ".len()..]),
        Some(("apps", file)) => Path::new("tests/apps/tests").join(file),
        _ if file == "oauth" => "examples/oauth/tests/oauth".into(),
        _ => Path::new("tests").join(file),
    };
    let file = root.join(file).with_extension("rs");
    let folder = file.with_extension("").join("main.rs");
    Some((if file.is_file() { file } else { folder }, name.to_owned()))
}

/// A function of the name, or what a macro makes one of.
fn has_test(source: &str, name: &str) -> bool {
    let is_made = |line: &str| {
        let rest = line.trim_start().strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with([':', ',', ';', '(', ' ']))
    };
    source.contains(&format!("fn {name}")) || source.lines().any(is_made)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
