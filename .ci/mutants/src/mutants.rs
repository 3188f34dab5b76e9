//! The list of mutants, as cargo-mutants makes it.

use std::{path::Path, process::Command};

use serde::Deserialize;

#[derive(Deserialize)]
pub struct Mutant {
    pub name: String,
    pub file: String,
    pub span: Extent,
    pub replacement: String,
}

#[derive(Deserialize)]
pub struct Extent {
    pub start: Place,
    pub end: Place,
}

/// Both count from 1.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq, Hash)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

/// All mutants of some files or folders of the crate.
pub fn list(root: &Path, parts: &[String]) -> Vec<Mutant> {
    let mut command = Command::new("cargo");
    command.args(["mutants", "--list", "--json", "--package", "portcullis"]);
    for part in parts {
        command.args(["--file", part]);
    }
    let listed = command
        .current_dir(root)
        .output()
        .expect("cargo-mutants is installed");
    assert!(
        listed.status.success(),
        "{}",
        String::from_utf8_lossy(&listed.stderr)
    );
    serde_json::from_slice(&listed.stdout).expect("the JSON of cargo-mutants")
}
