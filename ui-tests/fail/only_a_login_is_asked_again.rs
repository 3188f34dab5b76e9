#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Anonymous, Granted, Pending};

type Club = Allowed<User, IsMember>;

async fn stranger(by: Anonymous<User>) {
    let _ = by.recheck().await;
}

async fn pending(by: Pending<User>) {
    let _ = by.recheck().await;
}

async fn permitted(by: Club) {
    let _ = by.recheck().await;
}

async fn object(by: Granted<User, MayCancel, Order>) {
    let _ = by.recheck().await;
}

fn main() {}
