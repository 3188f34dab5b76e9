#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Anonymous, Fresh, OneMinute, Pending, Session, Verified};

type Minute = Fresh<User, OneMinute>;
type Club = Allowed<User, IsMember>;

async fn stranger(session: Session<Anonymous<User>>, user: Verified<User>) {
    let by: &Anonymous<User> = &session;
    session.login_user(user).await.unwrap();
    println!("{by:?}");
}

async fn pending(session: Session<Pending<User>>) {
    let by: &Pending<User> = &session;
    session.logout_user().await.unwrap();
    println!("{by:?}");
}

async fn fresh(session: Session<Fresh<User>>) {
    let by: &Fresh<User> = &session;
    session.logout_user().await.unwrap();
    println!("{by:?}");
}

async fn within(session: Session<Minute>) {
    let by: &Minute = &session;
    session.logout_user().await.unwrap();
    println!("{by:?}");
}

async fn permitted(session: Session<Club>) {
    let by: &Club = &session;
    session.logout_user().await.unwrap();
    println!("{by:?}");
}

fn main() {}
