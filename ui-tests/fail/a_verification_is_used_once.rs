#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Anonymous, Session, Verified};

async fn twice(a: Session<Anonymous>, b: Session<Anonymous>, verified: Verified<User>) {
    a.login_user(verified).await.unwrap();
    b.login_user(verified).await.unwrap();
}

fn main() {}
