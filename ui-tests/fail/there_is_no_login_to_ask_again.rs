#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Anonymous, Pending, Session};

fn stranger(session: &Session<Anonymous>) {
    drop(session.recheck());
}

fn pending(session: &Session<Pending<User>>) {
    drop(session.recheck());
}

fn main() {}
