#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Session};

fn forge(user: User) -> Authenticated<User> {
    Authenticated(user)
}

fn wrap(proof: Authenticated<User>) -> Session<Authenticated<User>> {
    Session { proof, ticket: () }
}

fn main() {}
