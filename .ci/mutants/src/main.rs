//! Writes mutants into the sources, each behind a question whether it is on.
//!
//! `try.py` calls it, and tells the story. It takes the list of cargo-mutants and the
//! numbers of the mutants to write, reads `pristine/` and writes `src/`, and prints the numbers
//! of those that have no place there.

mod weave;

use std::{
    collections::{BTreeMap, HashSet},
    env,
    error::Error,
    fs,
};

use serde::Deserialize;

/// As cargo-mutants lists it.
#[derive(Deserialize)]
struct Mutant {
    file: String,
    span: Extent,
    replacement: String,
}

#[derive(Deserialize)]
struct Extent {
    start: Place,
    end: Place,
}

/// Both count from 1.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq, Hash)]
struct Place {
    line: usize,
    column: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let list = arguments.next().ok_or("which list?")?;
    let list: Vec<Mutant> = serde_json::from_str(&fs::read_to_string(list)?)?;
    let wanted = arguments.map(|number| number.parse());
    let wanted = wanted.collect::<Result<HashSet<usize>, _>>()?;
    let mut files = BTreeMap::<&str, Vec<(usize, &Mutant)>>::new();
    for (number, mutant) in list.iter().enumerate() {
        let mutants = files.entry(&mutant.file).or_default();
        mutants.extend(wanted.contains(&number).then_some((number, mutant)));
    }
    for (file, mutants) in files {
        let source = fs::read_to_string(file.replacen("src", "pristine", 1))?;
        let (woven, placeless) = weave::weave(&source, &mutants);
        fs::write(file, woven)?;
        placeless.iter().for_each(|number| println!("{number}"));
    }
    Ok(())
}
