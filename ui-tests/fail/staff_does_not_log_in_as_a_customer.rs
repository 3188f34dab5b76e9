#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Anonymous, Session, Verified};

async fn log_in(session: Session<Anonymous<User>>, verified: Verified<Staff>) {
    session.login_user(verified).await.unwrap();
}

fn main() {}
