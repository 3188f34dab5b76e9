//! One table, at the end.

use crate::{
    checks::{Checks, WRONGS},
    faults::{FAULTS, Faults},
    growth::Sample,
    options::Options,
};

pub struct Events {
    pub counted: u64,
    pub told: u64,
    pub missed: u64,
}

pub fn print(
    options: &Options,
    checks: &Checks,
    faults: &Faults,
    samples: &[Sample],
    events: &Events,
) {
    let requests = checks.requests.load(std::sync::atomic::Ordering::Relaxed);
    let resets = checks.resets.load(std::sync::atomic::Ordering::Relaxed);
    let failed = checks.failed.load(std::sync::atomic::Ordering::Relaxed);
    row("store", &options.store);
    row(
        "users",
        format!("{}, of two browsers and two accounts each", options.users),
    );
    row(
        "requests",
        format!("{requests}, {} a second", requests / options.seconds.max(1)),
    );
    for fault in FAULTS {
        row(&format!("fault: {fault:?}"), faults.count(fault));
    }
    row("fault: broken off by the client", resets);
    row("answers 500 and 503, each to a fault", failed);
    row("checks", checks.made());
    for wrong in WRONGS {
        row(&format!("wrong: {wrong:?}"), checks.wrong(wrong));
    }
    let at_four = |of: fn(&Sample) -> u64| {
        let quarters = (1..=4).map(|quarter| samples.len() * quarter / 4);
        let seen: Vec<_> = quarters
            .filter_map(|end| Some(of(samples.get(end.checked_sub(1)?)?).to_string()))
            .collect();
        seen.join(", ")
    };
    row(
        "resident KiB, each quarter",
        at_four(|sample| sample.memory),
    );
    row("records, each quarter", at_four(|sample| sample.records));
    row(
        "events counted, heard, missed",
        format!("{}, {}, {}", events.counted, events.told, events.missed),
    );
    let [half, most, all] = [500, 990, 1_000].map(|thousandths| checks.times.within(thousandths));
    row(
        "p50, p99, max where nothing was injected",
        format!("{half}, {most}, {all}"),
    );
}

fn row(name: &str, value: impl std::fmt::Display) {
    println!("{name:<42} {value}");
}
