#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Session};

async fn changed(session: Session<Authenticated<User>>, user: User) {
    session.credentials_changed(user).await.unwrap();
}

fn main() {}
