#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Anonymous, HalfVerified, Session};

async fn log_in(session: Session<Anonymous>, half: HalfVerified<Member>) {
    session.login_user(half).await.unwrap();
}

fn main() {}
