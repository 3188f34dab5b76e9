#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Pending};

fn transfer(_by: &Authenticated<Member>) {}

async fn second_factor(who: Pending<Member>) {
    transfer(&who);
}

fn main() {}
