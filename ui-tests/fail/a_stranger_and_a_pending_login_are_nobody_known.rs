#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Anonymous, Pending};

fn stranger(by: &Anonymous<User>) {
    println!("{:?}", by.info());
}

fn pending(by: &Pending<User>) {
    println!("{:?}", by.info());
}

fn main() {}
