#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, routing::handler::Proves};

impl Proves<Authenticated<User>> for User {}

fn main() {}
