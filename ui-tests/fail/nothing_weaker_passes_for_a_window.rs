#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Anonymous, Authenticated, Fresh, Granted, OneMinute, Pending};

type Minute = Fresh<User, OneMinute>;
type Club = Allowed<User, IsMember>;

type Cancellable = Granted<User, MayCancel, Order>;

fn asks(_: &Minute) {}

fn stranger(by: &Anonymous<User>) {
    asks(by);
}

fn pending(by: &Pending<User>) {
    asks(by);
}

fn user(by: &Authenticated<User>) {
    asks(by);
}

fn permitted(by: &Club) {
    asks(by);
}

fn object(by: &Cancellable) {
    asks(by);
}

fn main() {}
