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
                assert!(speaks_of(&program, about), "{path} says nothing of {about}");
            }
            cells += 1;
        }
    }
    assert!(cells > 400, "the matrix has but {cells} cells");
}

/// Does a program name the state, and something of what the code in a heading does?
fn speaks_of(program: &str, heading: &str) -> bool {
    let names: &[&str] = match heading {
        "stranger" => &["Anonymous"],
        "pending" => &["Pending"],
        "user" => &["Authenticated"],
        "fresh" => &["Fresh"],
        "within" => &["OneMinute", "FiveMinutes"],
        "permitted" => &["Allowed"],
        "object" => &["Granted"],
        "a session" => &["Session"],
        "a look" => &["CurrentUser"],
        _ => &[""],
    };
    let mut code = heading.split('`').skip(1).step_by(2).peekable();
    let says_all = |code: &str| {
        code.split(|c: char| !c.is_alphanumeric() && c != '_')
            .filter(|word| word.len() > 2)
            .all(|word| program.contains(word))
    };
    names.iter().any(|name| program.contains(name)) && (code.peek().is_none() || code.any(says_all))
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
