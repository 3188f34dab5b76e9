#[path = "../common.rs"]
mod common;
use axum::response::Redirect;
use common::*;
use portcullis::{Authenticated, Session};

fn go(session: Session<Authenticated<User>>, next: String) -> Redirect {
    session.next_or(next)
}

fn main() {}
