#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::Granted;

async fn leave(order: Granted<User, MayCancel, Order>) {
    order.logout_user().await.unwrap();
}

fn main() {}
