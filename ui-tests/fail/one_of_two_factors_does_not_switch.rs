#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Login, Session};

async fn switch(session: Session<Authenticated<Member>>, login: Login<Member>) {
    session.switch_user(login.vouch_for(Member)).await.unwrap();
}

fn main() {}
