#[path = "../common.rs"]
mod common;
use portcullis::routing::handler::MayBeGet;

enum Mine {}

impl MayBeGet for Mine {}

fn main() {}
