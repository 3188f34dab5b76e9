#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::Granted;
use std::marker::PhantomData;

struct Of<T>(PhantomData<T>);
type Weak = Of<for<'a> fn(&'a ())>;
type Strong = Of<fn(&'static ())>; // of which `Weak` is a subtype

fn object(by: Granted<User, MayCancel, Weak>) -> Granted<User, MayCancel, Strong> {
    by
}

fn main() {}
