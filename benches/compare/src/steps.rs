//! What each operation asks of others: users loaded, steps of the store, and
//! `Set-Cookie`s of the answer.

use crate::{
    apps::{COUNTED, Users, counted},
    browser::Running,
    operation::Operation,
};

/// So many requests, lest one be an exception.
const REQUESTS: usize = 10;

/// Prints all three for each request.
pub fn compare() {
    let users = Users::new(200);
    let start = |make: &_| Running::start(*make, &users, 10);
    let mut apps: Vec<_> = COUNTED.iter().map(start).collect();
    print!("\n| users loaded, store steps, cookies set |");
    for app in &apps {
        print!(" {} |", app.app.name);
    }
    println!("\n|---|{}", "---|".repeat(apps.len()));
    for operation in Operation::ALL {
        print!("| {} |", operation.name());
        for running in &mut apps {
            match operation.is_done_by(&running.app) {
                true => print!(" {} |", count(running, operation)),
                false => print!(" – |"),
            }
        }
        println!();
    }
}

fn count(running: &mut Running, operation: Operation) -> String {
    let asked = running.asked(operation, REQUESTS);
    counted::reset();
    let answers = running.send(&asked);
    let (users, steps) = counted::read();
    let set = answers.iter().flat_map(|answer| &answer.set_cookies);
    let cookies = set.flatten().count();
    running.check(operation, &answers);
    [users, steps, cookies]
        .map(|count| (count as f64 / REQUESTS as f64).to_string())
        .join(", ")
}
