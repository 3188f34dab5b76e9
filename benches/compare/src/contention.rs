//! What a second thread adds to the first: twice as much, or do they wait for each other?

use std::{
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use crate::{
    apps::{ALL, Users},
    browser::{Asked, Running},
    operation::Operation,
    time::median,
};

const SESSIONS: usize = 10_000;

/// Rounds, in each of which one thread and two come in turn.
const ROUNDS: usize = 21;

/// Requests of one thread in one round.
const REQUESTS: usize = 10_000;

/// Prints the throughput of two threads over that of one. Of bare axum it says
/// what the machine can do.
pub fn compare() {
    let users = Users::new(SESSIONS);
    println!("| two threads over one | one session | {SESSIONS} sessions |\n|---|---|---|");
    for make in ALL {
        let running = Running::start(*make, &users, SESSIONS);
        let one = ratio([running.beside(0..1), running.beside(0..1)]);
        let half = SESSIONS / 2;
        let many = ratio([running.beside(0..half), running.beside(half..SESSIONS)]);
        println!("| {} | {one:.2} | {many:.2} |", running.app.name);
    }
}

fn ratio(mut threads: [Running; 2]) -> f64 {
    let asked = threads
        .each_mut()
        .map(|running| running.asked(Operation::Protected, REQUESTS));
    let round = |_| {
        let alone = together(&mut threads[..1], &asked);
        let both = together(&mut threads, &asked);
        2.0 * alone.as_secs_f64() / both.as_secs_f64()
    };
    median((0..ROUNDS).map(round).collect()).expect("some rounds")
}

/// From the start of all to the end of the last.
fn together(threads: &mut [Running], asked: &[Vec<Asked>; 2]) -> Duration {
    let barrier = Barrier::new(threads.len());
    let send = |running: &mut Running, asked| {
        barrier.wait();
        let start = Instant::now();
        let answers = running.send(asked);
        let end = Instant::now();
        running.expect(Operation::Protected, &answers);
        (start, end)
    };
    thread::scope(|scope| {
        let each = threads.iter_mut().zip(asked);
        let each: Vec<_> = each
            .map(|(running, asked)| scope.spawn(|| send(running, asked)))
            .collect();
        let times = each
            .into_iter()
            .map(|thread| thread.join().expect("a thread"));
        let times: Vec<_> = times.collect();
        let start = times.iter().map(|(start, _)| *start).min();
        let end = times.iter().map(|(_, end)| *end).max();
        end.expect("a thread") - start.expect("a thread")
    })
}
