#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{By, Routes};
use std::marker::PhantomData;

type Weak = PhantomData<for<'a> fn(&'a ())>;
type Strong = PhantomData<fn(&'static ())>; // of which `Weak` is a subtype

fn smuggle(weak: Routes<App, By<Weak>>) -> Routes<App, By<Strong>> {
    weak
}

fn main() {}
