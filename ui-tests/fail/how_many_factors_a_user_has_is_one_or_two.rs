#[path = "../common.rs"]
mod common;
use portcullis::Factors;

enum NoFactor {}

impl Factors for NoFactor {
    type Either<One: Send, Two: Send> = Two;
}

fn main() {}
