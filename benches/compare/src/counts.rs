//! Instructions and allocations: the same on every run, so that a change is seen.

use std::{
    env, fs,
    process::{Command, ExitCode, Stdio},
};

use crate::{
    apps::{ALL, Make, Users},
    browser::Running,
    operation::Operation,
};

/// Where the counts of the last change are.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/counts.txt");

/// How much more instructions may be, in percent: hashes of random ids differ.
const TOLERANCE: u64 = 3;

/// The width of the names in the file.
const NAME: usize = 52;

/// One row: an operation of an app.
struct Row {
    name: String,
    instructions: u64,
    allocations: u64,
}

/// Compares with the file, or writes it.
pub fn counts(update: bool) -> ExitCode {
    let rows: Vec<_> = ALL
        .iter()
        .enumerate()
        .flat_map(|(number, make)| Operation::ALL.map(|operation| (number, *make, operation)))
        .filter_map(|(number, make, operation)| count(number, make, operation))
        .collect();
    let text: String = rows.iter().map(Row::line).collect();
    print!("{text}");
    if update {
        fs::write(FILE, text).expect("the file is written");
        return ExitCode::SUCCESS;
    }
    let before = fs::read_to_string(FILE).expect("what was counted before");
    let before: Vec<_> = before.lines().filter_map(Row::read).collect();
    // Of another processor or C library other code runs, also in bare axum.
    let is_comparable = rows
        .iter()
        .zip(&before)
        .take(Operation::ALL.len())
        .all(|(row, before)| {
            row.instructions.abs_diff(before.instructions) * 100 <= before.instructions * TOLERANCE
        });
    if !is_comparable {
        println!("this machine counts otherwise in bare axum: instructions are not compared");
    }
    let is_worse = |row: &&Row| {
        let before = before.iter().find(|before| before.name == row.name);
        before.is_none_or(|before| row.is_worse_than(before, is_comparable))
    };
    let worse: Vec<_> = rows.iter().filter(is_worse).collect();
    let missing = before
        .iter()
        .find(|before| rows.iter().all(|row| row.name != before.name));
    if let Some(Row { name, .. }) = missing {
        println!("{name} is in counts.txt and was not counted");
        return ExitCode::FAILURE;
    }
    if worse.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("\nmore than in counts.txt, which `counts --update` writes if it is worth it:");
    worse.iter().for_each(|row| print!("{}", row.line()));
    ExitCode::FAILURE
}

impl Row {
    fn line(&self) -> String {
        let Self {
            name,
            instructions,
            allocations,
        } = self;
        format!("{name:<NAME$}{instructions:>9}{allocations:>5}\n")
    }

    fn read(line: &str) -> Option<Self> {
        let (name, numbers) = line.split_at_checked(NAME)?;
        let mut numbers = numbers.split_whitespace().map(str::parse);
        Some(Self {
            name: name.trim_end().to_owned(),
            instructions: numbers.next()?.ok()?,
            allocations: numbers.next()?.ok()?,
        })
    }

    fn is_worse_than(&self, before: &Self, compare_instructions: bool) -> bool {
        let more = self.instructions * 100 > before.instructions * (100 + TOLERANCE);
        self.allocations > before.allocations || (compare_instructions && more)
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
        assert!(output.status.success(), "{text}");
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
    let answers = running.send(&asked[..times]);
    running.expect(operation, &answers);
}

const FEW: u64 = 20;
const MORE: u64 = 100;
