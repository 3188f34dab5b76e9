#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Anonymous, Authenticated, Fresh, OneMinute};
use std::marker::PhantomData;

type Minute = Fresh<User, OneMinute>;

fn stranger() -> Anonymous<User> {
    Anonymous { user: PhantomData }
}

fn fresh(by: Authenticated<User>) -> Fresh<User> {
    Fresh { by }
}

fn within(by: Authenticated<User>) -> Minute {
    Fresh { by }
}

fn main() {}
