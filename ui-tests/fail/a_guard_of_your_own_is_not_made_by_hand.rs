#[path = "../common.rs"]
mod common;
use portcullis::By;

struct Mine;

fn forge() -> By<Mine> {
    By { held: Mine }
}

fn main() {}
