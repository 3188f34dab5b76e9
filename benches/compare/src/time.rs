//! How long each operation takes beside the same in bare axum.

use std::time::Instant;

use crate::{
    apps::{ALL, Users},
    browser::Running,
    operation::Operation,
};

/// Rounds, in each of which all apps come in turn.
const ROUNDS: usize = 41;

/// Requests of one app in one round.
const REQUESTS: usize = 500;

/// Prints ratios for so many sessions, and what a session keeps in memory.
pub fn compare(sessions: usize) {
    let users = Users::new(sessions.max(REQUESTS));
    let mut bytes = Vec::new();
    let mut apps: Vec<_> = ALL
        .iter()
        .map(|make| {
            let mut running = None;
            let measured = allocation_counter::measure(|| {
                running = Some(Running::start(*make, &users, sessions));
            });
            bytes.push(measured.bytes_current / sessions as i64);
            running.expect("an app")
        })
        .collect();
    println!("\n{sessions} sessions\n");
    print!("| |");
    for app in &apps {
        print!(" {} |", app.app.name);
    }
    println!("\n|---|{}", "---|".repeat(apps.len()));
    for operation in Operation::ALL {
        print!("| {} |", operation.name());
        for (number, ratio) in ratios(&mut apps, operation).into_iter().enumerate() {
            match ratio {
                None => print!(" – |"),
                Some((nanoseconds, _)) if number == 0 => print!(" {nanoseconds:.0} ns |"),
                Some((_, ratio)) => print!(" {ratio:.2} |"),
            }
        }
        println!();
    }
    print!("| live bytes of a session |");
    for bytes in bytes {
        print!(" {bytes} |");
    }
    println!();
}

/// Of each app the median time, and the median of its ratios to the first.
fn ratios(apps: &mut [Running], operation: Operation) -> Vec<Option<(f64, f64)>> {
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); apps.len()];
    for _ in 0..ROUNDS {
        for (running, times) in apps.iter_mut().zip(&mut times) {
            if operation.is_done_by(&running.app) {
                times.push(time(running, operation));
            }
        }
    }
    let first = times[0].clone();
    let of_one = |times: Vec<f64>| {
        let ratios = times.iter().zip(&first).map(|(time, first)| time / first);
        let ratio = median(ratios.collect())?;
        Some((median(times)?, ratio))
    };
    times.into_iter().map(of_one).collect()
}

/// Nanoseconds for each request.
fn time(running: &mut Running, operation: Operation) -> f64 {
    let asked = running.asked(operation, REQUESTS);
    let start = Instant::now();
    let answers = running.send(&asked);
    let time = start.elapsed().as_nanos() as f64 / REQUESTS as f64;
    running.check(operation, &answers);
    time
}

pub fn median(mut times: Vec<f64>) -> Option<f64> {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied()
}
