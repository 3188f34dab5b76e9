#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Anonymous, Login, Session};

async fn log_in(session: Session<Anonymous>, login: Login<Member>, member: Member) {
    session.login_user(login.vouch_for(member)).await.unwrap();
}

fn main() {}
