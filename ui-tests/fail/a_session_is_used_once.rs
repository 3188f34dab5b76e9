#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Session};

async fn log_out(session: Session<Authenticated<User>>) {
    session.logout_user().await.unwrap();
    session.logout_user().await.unwrap();
}

fn main() {}
