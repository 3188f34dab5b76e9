#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Anonymous, Granted, Pending};

async fn stranger(by: Anonymous<User>) {
    by.revoked().await;
}

async fn pending(by: Pending<User>) {
    by.revoked().await;
}

async fn object(by: Granted<User, MayCancel, Order>) {
    by.revoked().await;
}

fn main() {}
