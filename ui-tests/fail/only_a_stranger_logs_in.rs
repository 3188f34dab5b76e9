#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Fresh, OneMinute, Pending, Session, Verified};

type Minute = Fresh<User, OneMinute>;
type Club = Allowed<User, IsMember>;

async fn pending(session: Session<Pending<User>>, user: Verified<User>) {
    session.login_user(user).await.unwrap();
}

async fn fresh(session: Session<Fresh<User>>, user: Verified<User>) {
    session.login_user(user).await.unwrap();
}

async fn within(session: Session<Minute>, user: Verified<User>) {
    session.login_user(user).await.unwrap();
}

async fn permitted(session: Session<Club>, user: Verified<User>) {
    session.login_user(user).await.unwrap();
}

fn main() {}
