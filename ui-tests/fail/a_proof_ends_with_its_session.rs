#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Session};

async fn log_out(session: Session<Authenticated<User>>) -> String {
    let user: &Authenticated<User> = &session;
    session.logout_user().await.unwrap();
    user.name.clone()
}

fn main() {}
