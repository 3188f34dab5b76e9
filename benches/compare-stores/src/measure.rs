//! How long a request takes alone, and how many there are a second when many come at once.

use std::time::Instant;

use tokio::task::JoinSet;

use crate::{
    browser::{Answer, Asked, Running, send},
    operation::Operation,
};

/// Of a pool, and requests that come at once.
pub const CONNECTIONS: u32 = 8;
const AT_ONCE: usize = 32;

const REQUESTS: usize = 1_600;

const OPERATIONS: [Operation; 3] = [Operation::LogIn, Operation::Protected, Operation::LogOut];

pub fn head() {
    print!("| µs alone, requests a second at once |");
    for operation in OPERATIONS {
        print!(" {} | |", operation.name());
    }
    println!("\n|---|{}", "---|".repeat(OPERATIONS.len() * 2));
}

pub fn print(name: &str, running: &mut Running) {
    print!("| {name} |");
    for operation in OPERATIONS {
        let asked = running.asked(operation, REQUESTS);
        let mut times: Vec<_> = asked
            .iter()
            .map(|asked| alone(running, operation, asked))
            .collect();
        times.sort_unstable();
        let asked = running.asked(operation, REQUESTS);
        let start = Instant::now();
        let answers = at_once(running, &asked);
        let rate = REQUESTS as f64 / start.elapsed().as_secs_f64();
        running.check(operation, &answers);
        print!(" {} | {rate:.0} |", times[REQUESTS / 2]);
    }
    println!();
}

/// Microseconds.
fn alone(running: &mut Running, operation: Operation, asked: &Asked) -> u128 {
    let start = Instant::now();
    let answers = running.send(std::slice::from_ref(asked));
    let time = start.elapsed().as_micros();
    running.check(operation, &answers);
    time
}

fn at_once(running: &Running, asked: &[Asked]) -> Vec<Answer> {
    running.runtime.block_on(async {
        let mut browsers = JoinSet::new();
        for asked in asked.chunks(asked.len().div_ceil(AT_ONCE)) {
            let mut router = running.app.router.clone();
            let requests: Vec<_> = asked.iter().map(Asked::request).collect();
            browsers.spawn(async move {
                let mut answers = Vec::new();
                for request in requests {
                    answers.push(send(&mut router, request).await);
                }
                answers
            });
        }
        browsers.join_all().await.into_iter().flatten().collect()
    })
}
