#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Authenticated, Fresh, HalfVerified, OneMinute, Pending, Session};

type Minute = Fresh<User, OneMinute>;
type Club = Allowed<User, IsMember>;

async fn pending(session: Session<Pending<User>>, user: HalfVerified<User>) {
    session.begin_login(user).await.unwrap();
}

async fn user(session: Session<Authenticated<User>>, user: HalfVerified<User>) {
    session.begin_login(user).await.unwrap();
}

async fn fresh(session: Session<Fresh<User>>, user: HalfVerified<User>) {
    session.begin_login(user).await.unwrap();
}

async fn within(session: Session<Minute>, user: HalfVerified<User>) {
    session.begin_login(user).await.unwrap();
}

async fn permitted(session: Session<Club>, user: HalfVerified<User>) {
    session.begin_login(user).await.unwrap();
}

fn main() {}
