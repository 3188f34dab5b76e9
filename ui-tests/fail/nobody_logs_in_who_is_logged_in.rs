#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Login, Session};

async fn handler(session: Session<Authenticated<User>>, login: Login<User>, user: User) {
    session.login_user(login.vouch_for(user)).await.unwrap();
}

fn main() {}
