#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Anonymous, Fresh, Granted, Pending};

type Club = Allowed<User, IsMember>;

type Cancellable = Granted<User, MayCancel, Order>;

fn asks(_: &Fresh<User>) {}

fn stranger(by: &Anonymous<User>) {
    asks(by);
}

fn pending(by: &Pending<User>) {
    asks(by);
}

fn permitted(by: &Club) {
    asks(by);
}

fn object(by: &Cancellable) {
    asks(by);
}

fn main() {}
