//! Instructions and allocations: the same on every run, so that a change is seen.

use std::{
    env, fs,
    process::{Command, ExitCode, Stdio},
};

use crate::{
    apps::{ALL, Make, Users},
    browser::{Operation, Running},
};

/// Where the counts of the last change are.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/counts.txt");

/// How much more instructions may be, in percent: hashes of random ids differ.
const TOLERANCE: u64 = 3;

/// One row: an operation of an app.
struct Row {
    name: String,
    instructions: u64,
    allocations: u64,
}

/// Compares with the file, or writes it.
pub fn counts(update: bool) -> ExitCode {
    let before = fs::read_to_string(FILE).unwrap_or_default();
    let mut text = String::from("# instructions and allocations of one request\n");
    let mut is_worse = false;
    for (number, make) in ALL.iter().enumerate() {
        for operation in Operation::ALL {
            let Some(row) = count(number, *make, operation) else {
                continue;
            };
            let Row {
                name,
                instructions,
                allocations,
            } = &row;
            let line = format!("{name:<45}{instructions:>9}{allocations:>5}\n");
            print!("{line}");
            text.push_str(&line);
            if !update && let Some(worse) = row.worse_than(&before) {
                println!("    before: {worse}");
                is_worse = true;
            }
        }
    }
    if update {
        fs::write(FILE, text).expect("the file is written");
    }
    match is_worse {
        false => ExitCode::SUCCESS,
        true => {
            println!(
                "more than before; if it is worth it: cargo run --release -p portcullis-compare -- counts --update"
            );
            ExitCode::FAILURE
        }
    }
}

impl Row {
    /// What the file says, if that is less, or nothing.
    fn worse_than<'a>(&self, before: &'a str) -> Option<&'a str> {
        let line = before
            .lines()
            .find_map(|line| line.strip_prefix(&*self.name));
        let Some(line) = line else {
            return Some("nothing");
        };
        let mut numbers = line
            .split_whitespace()
            .map(|number| number.parse().unwrap_or(0));
        let (instructions, allocations): (u64, u64) = (numbers.next()?, numbers.next()?);
        let is_worse = self.allocations > allocations
            || self.instructions * 100 > instructions * (100 + TOLERANCE);
        is_worse.then_some(line.trim())
    }
}

fn count(number: usize, make: Make, operation: Operation) -> Option<Row> {
    let mut running = Running::start(make, &Users::new(200), 1);
    if !operation.is_done_by(&running.app) {
        return None;
    }
    let allocations = allocations(&mut running, operation);
    let instructions = |times: u64| {
        let run = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(env::current_exe().expect("this program"))
            .args([
                "repeat",
                &number.to_string(),
                operation.name(),
                &times.to_string(),
            ])
            .stdin(Stdio::null())
            .output();
        let output = run.expect("valgrind is installed");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let refs = text.lines().find_map(|line| line.split("refs:").nth(1));
        let refs = refs.map(|refs| refs.replace(',', ""));
        refs.and_then(|refs| refs.trim().parse::<u64>().ok())
            .unwrap_or_else(|| panic!("{text}"))
    };
    Some(Row {
        name: format!("{}: {}", running.app.name, operation.name()),
        instructions: (instructions(FEW + MORE) - instructions(FEW)) / MORE,
        allocations,
    })
}

fn allocations(running: &mut Running, operation: Operation) -> u64 {
    for _ in 0..2 {
        let asked = running.asked(operation, 1); // the first is another story
        running.send(&asked);
    }
    let asked = running.asked(operation, 10);
    let mut answers = Vec::new();
    let counted = allocation_counter::measure(|| answers = running.send(&asked));
    running.check(operation, &answers);
    counted.count_total.div_ceil(10)
}

/// Sends so many requests, for callgrind to count.
///
/// The requests are prepared all the same for few, so that only sending them differs.
pub fn repeat(number: usize, operation: &str, times: usize) {
    let mut running = Running::start(ALL[number], &Users::new(200), 1);
    let operation = Operation::ALL
        .into_iter()
        .find(|one| one.name() == operation);
    let operation = operation.expect("an operation");
    let asked = running.asked(operation, times.max((FEW + MORE) as usize));
    running.send(&asked[..times]);
}

const FEW: u64 = 20;
const MORE: u64 = 100;
