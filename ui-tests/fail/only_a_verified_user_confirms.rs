#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Session};

async fn confirm(session: Session<Authenticated<User>>, user: User) {
    session.confirm_login(user).await.unwrap();
}

fn main() {}
