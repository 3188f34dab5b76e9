#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Anonymous, Login, Session};

async fn handler(session: Session<Anonymous>, login: Login<User>, user: User) {
    session.confirm_login(login.vouch_for(user)).await.unwrap();
}

fn main() {}
