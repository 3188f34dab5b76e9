#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Anonymous, Authenticated, Fresh, Granted, OneMinute, Pending, Session};

type Minute = Fresh<User, OneMinute>;
type Club = Allowed<User, IsMember>;

fn write<T: serde::Serialize>(_: &T) {}

fn stranger(by: &Anonymous<User>) {
    write(by);
}

fn pending(by: &Pending<User>) {
    write(by);
}

fn user(by: &Authenticated<User>) {
    write(by);
}

fn fresh(by: &Fresh<User>) {
    write(by);
}

fn within(by: &Minute) {
    write(by);
}

fn permitted(by: &Club) {
    write(by);
}

fn object(by: &Granted<User, MayCancel, Order>) {
    write(by);
}

fn session(by: &Session<Authenticated<User>>) {
    write(by);
}

fn main() {}
