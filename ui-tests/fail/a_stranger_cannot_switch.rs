#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Anonymous, Login, Session};

async fn handler(session: Session<Anonymous>, login: Login<User>, user: User) {
    session.switch_user(login.vouch_for(user)).await.unwrap();
}

fn main() {}
