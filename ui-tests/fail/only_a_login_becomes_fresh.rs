#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Anonymous, Granted, OneMinute, Pending};

type Club = Allowed<User, IsMember>;

fn stranger(by: Anonymous<User>) {
    let _ = by.into_fresh_within::<OneMinute>();
}

fn pending(by: Pending<User>) {
    let _ = by.into_fresh_within::<OneMinute>();
}

fn permitted(by: Club) {
    let _ = by.into_fresh_within::<OneMinute>();
}

fn object(by: Granted<User, MayCancel, Order>) {
    let _ = by.into_fresh_within::<OneMinute>();
}

fn main() {}
