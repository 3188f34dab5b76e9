#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Anonymous, Authenticated, Fresh, Granted, OneMinute, Pending};

type Minute = Fresh<User, OneMinute>;
type Club = Allowed<User, IsMember>;

fn read<T: serde::de::DeserializeOwned>() -> T {
    todo!()
}

fn stranger() -> Anonymous<User> {
    read()
}

fn pending() -> Pending<User> {
    read()
}

fn user() -> Authenticated<User> {
    read()
}

fn fresh() -> Fresh<User> {
    read()
}

fn within() -> Minute {
    read()
}

fn permitted() -> Club {
    read()
}

fn object() -> Granted<User, MayCancel, Order> {
    read()
}

fn main() {}
