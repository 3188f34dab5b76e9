#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Anonymous, Session};

async fn log_in(session: Session<Anonymous>, user: User) {
    session.login_user(user).await.unwrap();
}

fn main() {}
