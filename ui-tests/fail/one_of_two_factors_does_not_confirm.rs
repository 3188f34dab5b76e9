#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Login, Session};

async fn confirm(session: Session<Authenticated<Member>>, login: Login<Member>) {
    session
        .confirm_login(login.vouch_for(Member))
        .await
        .unwrap();
}

fn main() {}
