#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Anonymous, FirstFactor, Login, Session};

async fn log_in(session: Session<Anonymous>, login: Login<Member>, member: Member) {
    let FirstFactor::IsEnough(verified) = login.vouch_for(member);
    session.login_user(verified).await.unwrap();
}

fn main() {}
