#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Anonymous, Session};

type Club = Allowed<User, IsMember>;

async fn stranger(session: Session<Anonymous<User>>, user: User) {
    session.credentials_changed(user).await.unwrap();
}

async fn permitted(session: Session<Club>, user: User) {
    session.credentials_changed(user).await.unwrap();
}

fn main() {}
