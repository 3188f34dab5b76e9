#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Anonymous, Fresh, OneMinute, Pending};

type Minute = Fresh<User, OneMinute>;

fn stranger(by: &Anonymous<User>) -> Anonymous<User> {
    by.clone()
}

fn pending(by: &Pending<User>) -> Pending<User> {
    by.clone()
}

fn within(by: &Minute) -> Minute {
    by.clone()
}

fn main() {}
