#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Anonymous, Authenticated, Fresh, Granted, OneMinute, Pending};

type Minute = Fresh<User, OneMinute>;
type Club = Allowed<User, IsMember>;

type Cancellable = Granted<User, MayCancel, Order>;

fn asks(_: &Club) {}

fn stranger(by: &Anonymous<User>) {
    asks(by);
}

fn pending(by: &Pending<User>) {
    asks(by);
}

fn user(by: &Authenticated<User>) {
    asks(by);
}

fn fresh(by: &Fresh<User>) {
    asks(by);
}

fn within(by: &Minute) {
    asks(by);
}

fn object(by: &Cancellable) {
    asks(by);
}

fn main() {}
