#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::Authenticated;
use portcullis::routing::handler::Fits;

struct Mine;

impl Fits<Authenticated<User>> for Mine {}

fn main() {}
