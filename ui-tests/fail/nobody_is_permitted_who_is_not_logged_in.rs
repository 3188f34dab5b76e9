#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Anonymous, Login, Pending};

async fn stranger(login: &Login<User>, by: &Anonymous<User>, order: Order) {
    let _ = login.allow_with::<MayCancel, _, _>(by, order, &Db).await;
}

async fn pending(login: &Login<User>, by: &Pending<User>, order: Order) {
    let _ = login.allow_with::<MayCancel, _, _>(by, order, &Db).await;
}

fn main() {}
