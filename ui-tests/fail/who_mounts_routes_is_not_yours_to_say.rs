#[path = "../common.rs"]
mod common;
use portcullis::Realms;

struct Mine;

impl Realms for Mine {}

fn main() {}
