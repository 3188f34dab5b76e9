#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Anonymous, Fresh, OneMinute, Pending, Session, Verified};

type Minute = Fresh<User, OneMinute>;
type Club = Allowed<User, IsMember>;

async fn stranger(session: Session<Anonymous>, user: Verified<User>, again: Verified<User>) {
    session.login_user(user).await.unwrap();
    session.login_user(again).await.unwrap();
}

async fn pending(session: Session<Pending<User>>) {
    session.logout_user().await.unwrap();
    session.logout_user().await.unwrap();
}

async fn fresh(session: Session<Fresh<User>>) {
    session.logout_user().await.unwrap();
    session.logout_user().await.unwrap();
}

async fn within(session: Session<Minute>) {
    session.logout_user().await.unwrap();
    session.logout_user().await.unwrap();
}

async fn permitted(session: Session<Club>) {
    session.logout_user().await.unwrap();
    session.logout_user().await.unwrap();
}

fn main() {}
