//! The pages about what does not compile say what is there: `docs/guarantees.md`
//! and the programs under `ui-tests/`, `docs/compile-errors.md` and the messages
//! in `src/`. Both ways, so that neither drifts.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

const FAILS: &str = "✗";
const PASSES: &str = "✓";

/// `[✗ 3.1]: ../ui-tests/fail/a_stranger_cannot_log_out.rs`
type Definitions<'a> = BTreeMap<&'a str, &'a str>;

#[test]
fn every_program_has_its_place_and_every_place_its_program() {
    let page = read("docs/guarantees.md");
    let defined = definitions(&page);
    let there = programs();
    let named: BTreeSet<String> = defined.values().map(|path| (*path).to_owned()).collect();
    assert_eq!(named.len(), defined.len(), "two references to one program");
    let nowhere: Vec<_> = there.difference(&named).collect();
    assert!(nowhere.is_empty(), "programs without a place: {nowhere:#?}");
    let gone: Vec<_> = named.difference(&there).collect();
    assert!(gone.is_empty(), "places without a program: {gone:#?}");
    for (reference, path) in defined {
        let folder = if reference.starts_with(FAILS) {
            "ui-tests/fail/"
        } else {
            "ui-tests/pass/"
        };
        assert!(path.starts_with(folder), "{reference} is {path}");
    }
}

#[test]
fn every_reference_is_one_and_is_used() {
    let page = read("docs/guarantees.md");
    let defined = definitions(&page);
    let used = used(&page);
    for reference in &used {
        assert!(defined.contains_key(reference), "no program: {reference}");
    }
    for reference in defined.keys() {
        assert!(used.contains(reference), "no place: {reference}");
    }
}

/// `* [✗ 3.1] a stranger cannot log out`
#[test]
fn the_list_of_a_guarantee_is_the_names_of_its_programs() {
    let page = read("docs/guarantees.md");
    let mut listed = BTreeSet::new();
    let mut guarantee = "";
    for line in page.lines() {
        if let Some(title) = line.strip_prefix("### ") {
            guarantee = title;
        }
        let Some((reference, rule)) = line
            .strip_prefix("* [")
            .and_then(|line| line.split_once("] "))
            .filter(|(reference, _)| is_reference(reference))
        else {
            continue;
        };
        assert!(listed.insert(reference), "twice in a list: {reference}");
        let path = definitions(&page)[reference];
        let name = Path::new(path).file_stem().unwrap().to_str().unwrap();
        assert_eq!(rule, name.replace('_', " "), "{reference}");
        let number = reference.trim_start_matches([' ', '✗', '✓']);
        if let Some((number, _)) = number.split_once('.').filter(|(of, _)| *of != "0") {
            let title = format!("G{number}: ");
            assert!(guarantee.starts_with(&title), "{reference} in {guarantee}");
        }
    }
    let unlisted: Vec<_> = definitions(&page)
        .into_keys()
        .filter(|reference| !listed.contains(reference))
        .collect();
    assert!(unlisted.is_empty(), "in no list: {unlisted:?}");
}

#[test]
fn every_guarantee_has_programs() {
    let page = read("docs/guarantees.md");
    for number in 1..=15 {
        let title = format!("\n### G{number}: ");
        let (_, section) = page.split_once(&title).expect(&title);
        let section = section.split("\n### ").next().unwrap();
        assert!(section.contains("\n* [✗ "), "G{number} has no program");
    }
}

/// Each row has every cell, each cell names a program, and that program speaks
/// of the state and the operation.
#[test]
fn every_cell_names_a_program_that_is_about_it() {
    let page = read("docs/guarantees.md");
    let defined = definitions(&page);
    let (_, matrix) = page.split_once("\n## The matrix\n").unwrap();
    let matrix = matrix.split("\n## ").next().unwrap();
    let mut head: Vec<&str> = Vec::new();
    let mut cells = 0;
    let mut silent = BTreeSet::new();
    for line in matrix.lines() {
        let Some(row) = line.strip_prefix('|').and_then(|row| row.strip_suffix('|')) else {
            head.clear();
            continue;
        };
        let row: Vec<&str> = row.split('|').map(str::trim).collect();
        if head.is_empty() {
            head = row;
            continue;
        }
        assert_eq!(row.len(), head.len(), "cells are missing: {line}");
        if row.iter().all(|cell| *cell == "---") {
            continue;
        }
        for (column, cell) in head.iter().zip(&row).skip(1) {
            let reference = cell
                .strip_prefix('[')
                .and_then(|cell| cell.strip_suffix(']'))
                .filter(|reference| is_reference(reference));
            let Some(reference) = reference else {
                panic!("`{cell}` names no program: {line}");
            };
            let path = defined[reference];
            let program = read(path);
            for about in [row[0], column] {
                if !speaks_of(&program, about) {
                    silent.insert(format!("{path} says nothing of {about}"));
                }
            }
            cells += 1;
        }
    }
    assert!(silent.is_empty(), "{silent:#?}");
    assert!(cells > 400, "the matrix has but {cells} cells");
}

/// Does a program name the state, and something of what the code in a heading does?
fn speaks_of(program: &str, heading: &str) -> bool {
    let mut code = heading.split('`').skip(1).step_by(2).peekable();
    if code.peek().is_none() {
        return words_of(heading).iter().any(|word| program.contains(word));
    }
    let says_all = |code: &str| {
        code.split(|c: char| !c.is_alphanumeric() && c != '_')
            .filter(|word| word.len() > 2)
            .all(|word| program.contains(word))
    };
    code.any(says_all)
}

/// One of which a program must have that is about a heading without code.
fn words_of(heading: &str) -> &'static [&'static str] {
    match heading {
        // States.
        "stranger" => &["Anonymous"],
        "pending" => &["Pending"],
        "user" => &["Authenticated"],
        "fresh" => &["Fresh"],
        "within" => &["OneMinute", "FiveMinutes"],
        "permitted" => &["Allowed"],
        "object" => &["Granted"],
        "a session" => &["Session"],
        "a look" => &["CurrentUser"],
        "no guard" => &["State<", "Path<"],
        // Areas.
        "strangers" => &["App, Anonymous<User>>", "Anonymous<User>: "],
        "the pending" => &["App, Pending<User>>", "Pending<User>: "],
        "users" => &[
            "App, Authenticated<User>>",
            "Authenticated<User>: ",
            "area::<Authenticated<",
        ],
        "the fresh" => &["App, Fresh<User>>", "Fresh<User>: "],
        "a window" => &["App, Minute>", "App, Fresh<User, OneMinute>>", "Minute: "],
        "a permission" => &["App, Club>", "App, Member>", "Club: "],
        "a fallback" => &[".fallback("],
        "an area" | "an area of a window" => &[".area::<"],
        "a service" => &[".service("],
        "what proves it" | "what does not" => &["Routes"],
        // Operations.
        "a transition" | "use it after a transition" | "use its proof after a transition" => &[
            ".login_user(",
            ".logout_user(",
            ".switch_user(",
            ".confirm_login(",
        ],
        "take the proof out of it" => &["*session"],
        "as first argument" => &["async |_: $guard"],
        "once more, in a later place" => &["async fn"],
        "on an axum router" => &["use axum::{Router", "axum::Router"],
        "clone it" => &[".clone()"],
        "make it by hand" => &[
            "fn forge",
            "Session { proof }",
            "Fresh { by }",
            "Anonymous { user",
        ],
        "make it by default" => &["Default::default()", "Default"],
        "take it apart" => &[
            "let Session {",
            "let Fresh {",
            "let Allowed {",
            "let Authenticated",
        ],
        "write it down" => &["serde::Serialize"],
        "read it from a request" => &["DeserializeOwned", "axum::Json"],
        "pass it for one of a supertype" => &["for<'a> fn(&'a ())"],
        "send it to another task" => &["spawn"],
        other => panic!("what is a program about `{other}` to have?"),
    }
}

#[test]
fn what_is_tested_at_run_time_is_tested_there() {
    let page = read("docs/guarantees.md");
    let mut files = 0;
    for part in page.split('`').filter(|part| part.starts_with("tests/")) {
        assert!(Path::new(part).exists(), "{part} is not there");
        files += 1;
    }
    assert!(files > 5);
}

#[test]
fn every_message_is_explained_and_every_explanation_is_a_message() {
    let page = read("docs/compile-errors.md");
    let explained: BTreeSet<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .map(str::to_owned)
        .collect();
    let mut said = BTreeSet::new();
    sources(Path::new("src"), &mut said);
    assert!(said.len() > 30, "only {} messages were found", said.len());
    let unexplained: Vec<_> = said.difference(&explained).collect();
    assert!(unexplained.is_empty(), "not explained: {unexplained:#?}");
    let unsaid: Vec<_> = explained.difference(&said).collect();
    assert!(unsaid.is_empty(), "said nowhere: {unsaid:#?}");
}

/// A page could explain what nobody is told: rustc says it in some program's words.
#[test]
fn every_message_is_met_by_a_program() {
    let page = read("docs/compile-errors.md");
    let folders = ["ui-tests/fail", "ui-tests/fail/built"];
    let files = folders
        .into_iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap());
    let files = files.map(|entry| entry.unwrap().path());
    let told: Vec<String> = files
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "stderr")
        })
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let is_in = |line: &str, message: &str| {
        let mut rest = line;
        message.split('…').all(|part| {
            let found = rest.find(part);
            rest = found.map_or(rest, |at| &rest[at + part.len()..]);
            found.is_some()
        })
    };
    let headings = page.lines().filter_map(|line| line.strip_prefix("### "));
    let untold: Vec<&str> = headings
        .filter(|message| {
            let mut lines = told.iter().flat_map(|told| told.lines());
            !lines.any(|line| line.starts_with("error") && is_in(line, message))
        })
        .collect();
    assert!(untold.is_empty(), "in no program: {untold:#?}");
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap()
}

fn is_reference(text: &str) -> bool {
    text.strip_prefix(FAILS)
        .or(text.strip_prefix(PASSES))
        .and_then(|number| number.strip_prefix(' '))
        .is_some_and(|number| {
            !number.is_empty() && number.chars().all(|c| c.is_ascii_digit() || c == '.')
        })
}

fn definitions(page: &str) -> Definitions<'_> {
    let mut definitions = BTreeMap::new();
    for line in page.lines() {
        let Some((reference, path)) = line
            .strip_prefix('[')
            .and_then(|line| line.split_once("]: ../"))
        else {
            continue;
        };
        let before = definitions.insert(reference, path);
        assert_eq!(before, None, "{reference} is two programs");
    }
    definitions
}

/// The references outside of their definitions.
fn used(page: &str) -> BTreeSet<&str> {
    page.lines()
        .filter(|line| !line.contains("]: ../"))
        .flat_map(|line| line.split('[').skip(1))
        .filter_map(|part| part.split(']').next())
        .filter(|text| is_reference(text))
        .collect()
}

fn programs() -> BTreeSet<String> {
    ["ui-tests/fail", "ui-tests/fail/built", "ui-tests/pass"]
        .into_iter()
        .flat_map(|folder| {
            fs::read_dir(folder)
                .unwrap()
                .map(move |file| format!("{folder}/{}", file.unwrap().file_name().display()))
        })
        .filter(|path| path.ends_with(".rs"))
        .collect()
}

/// The messages of all `on_unimplemented`, and what `const` assertions say.
fn sources(folder: &Path, said: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, said);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).unwrap();
            let code = source.split("\nmod tests {").next().unwrap();
            let traits = code.split("on_unimplemented(").skip(1);
            said.extend(
                traits
                    .filter_map(|rest| rest.split_once("message = "))
                    .map(|(_, rest)| message(rest)),
            );
            for function in code.split("-> Fault {").skip(1) {
                let function = function.split("\n}").next().unwrap();
                said.extend(
                    function
                        .split("Some(")
                        .skip(1)
                        .filter_map(|rest| Some(message(&rest[rest.find('"')?..]))),
                );
            }
            let constants = code.split("const ").skip(1);
            let constants = constants.filter_map(|rest| {
                let rest = rest.trim_start_matches(|c: char| c != '{' && c != ';' && c != '\n');
                rest.strip_prefix('{')
            });
            for block in constants {
                // To the end of the block: its closing brace stands alone or with a `;`.
                let block = block.split("\n    }").next().unwrap();
                said.extend(
                    block
                        .split("assert!(")
                        .skip(1)
                        .filter_map(|rest| Some(message(&rest[rest.find('"')?..]))),
                );
            }
        }
    }
}

/// A string literal, with `…` for each type in it.
fn message(literal: &str) -> String {
    let mut characters = literal.trim_start().strip_prefix('"').unwrap().chars();
    let mut text = String::new();
    while let Some(character) = characters.next() {
        match character {
            '"' => break,
            '\\' => text.extend(characters.next()),
            '{' => {
                characters.by_ref().find(|c| *c == '}');
                text.push('…');
            }
            other => text.push(other),
        }
    }
    text
}
