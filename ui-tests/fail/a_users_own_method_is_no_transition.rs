#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Session};

impl User {
    async fn credentials_changed(&self, _: User) {}
}

async fn change_password(session: Session<Authenticated<User>>, user: User) {
    session.credentials_changed(user).await.unwrap();
}

fn main() {}
