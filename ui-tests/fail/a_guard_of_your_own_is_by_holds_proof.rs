#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Anyone, routing::handler::{Access, Reads}};

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
