#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Anonymous, Login, Session};

async fn log_in(session: Session<Anonymous>, login: Login<User>, user: User) {
    session.begin_login(login.vouch_for(user)).await.unwrap();
}

fn main() {}
