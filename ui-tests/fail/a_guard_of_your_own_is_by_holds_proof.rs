#[path = "../common.rs"]
mod common;
use portcullis::routing::handler::{Access, Reads};

struct Mine;

impl Access for Mine {
    type Right = Reads;
    type Guard = Mine;
    type With<Args> = Args;

    fn from_guard(guard: Mine) -> Mine {
        guard
    }
}

fn main() {}
