#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Anonymous, Authenticated, Fresh, Granted, OneMinute, Pending, Session};
use std::marker::PhantomData;

struct Of<T>(PhantomData<T>);
type Weak = Of<for<'a> fn(&'a ())>;
type Strong = Of<fn(&'static ())>; // of which `Weak` is a subtype

fn login(by: Authenticated<Weak>) -> Authenticated<Strong> {
    by
}

fn fresh(by: Fresh<Weak>) -> Fresh<Strong> {
    by
}

fn within(by: Fresh<Weak, OneMinute>) -> Fresh<Strong, OneMinute> {
    by
}

fn pending(by: Pending<Weak>) -> Pending<Strong> {
    by
}

fn permitted(by: Allowed<User, Weak>) -> Allowed<User, Strong> {
    by
}

fn stranger(by: Anonymous<Weak>) -> Anonymous<Strong> {
    by
}

fn session(by: Session<Authenticated<Weak>>) -> Session<Authenticated<Strong>> {
    by
}

fn policy(by: Granted<User, Weak, Order>) -> Granted<User, Strong, Order> {
    by
}

fn main() {}
