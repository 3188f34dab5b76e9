#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Anonymous, Granted, Login, Pending};

async fn stranger(login: &Login<User>, by: &Anonymous<User>, order: Order) {
    let _ = login.allow_with::<MayCancel, _, _>(by, order, &Db).await;
}

async fn pending(login: &Login<User>, by: &Pending<User>, order: Order) {
    let _ = login.allow_with::<MayCancel, _, _>(by, order, &Db).await;
}
async fn object(login: &Login<User>, by: &Granted<User, MayCancel, Order>, order: Order) {
    let _ = login.allow_with::<MayCancel, _, _>(by, order, &Db).await;
}

fn main() {}
