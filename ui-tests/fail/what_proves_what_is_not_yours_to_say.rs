#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, CurrentUser, routing::handler::Proves};

struct Members;

impl Proves<Members> for CurrentUser<User> {}

impl Proves<Authenticated<User>> for User {}

fn main() {}
