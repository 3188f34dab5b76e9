//! What a login costs beside bare axum, and beside the other libraries.
//!
//! | command | |
//! |---|---|
//! | `cargo run --release -p portcullis-compare --features peers` | a table of ratios, all apps in turn in one run, and one of steps |
//! | `… -- time 1000` | the first with a thousand sessions |
//! | `… -- steps` | users loaded, steps of the store and cookies set for each request |
//! | `… -- contention` | what a second thread adds, on one session and on many |
//! | `… -- sweep` | the slowest requests while a million expired records are swept |
//! | `… -- serve portcullis 3000` | one of the apps, for `benches/loopback.sh` |
//! | `cargo run --release -p portcullis-compare -- counts` | instructions (by callgrind) and allocations of a request, compared with `counts.txt` |
//! | `… -- counts --update` | writes them there |

mod apps;
mod browser;
mod contention;
mod counts;
mod operation;
mod serve;
mod steps;
mod sweep;
mod time;

use std::{env, process::ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        [] => {
            [1, 10_000, 1_000_000].into_iter().for_each(time::compare);
            steps::compare();
        }
        ["steps"] => steps::compare(),
        ["time", sessions] => time::compare(sessions.parse().expect("a number")),
        ["contention"] => contention::compare(),
        ["sweep"] => sweep::compare(),
        ["serve", app, port] => serve::serve(app, port.parse().expect("a number")),
        ["counts"] => return counts::counts(false),
        ["counts", "--update"] => return counts::counts(true),
        ["repeat", app, operation, times] => {
            let number = app.parse().expect("a number");
            counts::repeat(number, operation, times.parse().expect("a number"));
        }
        _ => {
            eprintln!("see the first lines of src/main.rs");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
