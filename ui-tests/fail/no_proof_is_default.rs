#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Anonymous, Authenticated, Fresh, Granted, OneMinute, Pending, Session};

type Minute = Fresh<User, OneMinute>;
type Club = Allowed<User, IsMember>;

type Cancellable = Granted<User, MayCancel, Order>;

fn stranger() -> Anonymous<User> {
    Default::default()
}
fn pending() -> Pending<User> {
    Default::default()
}
fn fresh() -> Fresh<User> {
    Default::default()
}
fn within() -> Minute {
    Default::default()
}
fn permitted() -> Club {
    Default::default()
}
fn object() -> Cancellable {
    Default::default()
}
fn session() -> Session<Authenticated<User>> {
    Default::default()
}

fn main() {}
