#[path = "../common.rs"]
mod common;
use portcullis::{HalfVerified, Login, Verified};
use std::marker::PhantomData;

struct Of<T>(PhantomData<T>);
type Weak = Of<for<'a> fn(&'a ())>;
type Strong = Of<fn(&'static ())>; // of which `Weak` is a subtype

fn verified(by: Verified<Weak>) -> Verified<Strong> {
    by
}

fn half(by: HalfVerified<Weak>) -> HalfVerified<Strong> {
    by
}

fn login(by: Login<Weak>) -> Login<Strong> {
    by
}

fn main() {}
