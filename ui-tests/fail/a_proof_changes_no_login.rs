#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Anonymous, Authenticated, Fresh, OneMinute, Pending, Verified};

type Minute = Fresh<User, OneMinute>;
type Club = Allowed<User, IsMember>;

async fn stranger(by: Anonymous<User>, user: Verified<User>) {
    by.login_user(user).await.unwrap();
}

async fn pending(by: Pending<User>) {
    by.logout_user().await.unwrap();
}

async fn user(by: Authenticated<User>) {
    by.logout_user().await.unwrap();
}

async fn fresh(by: Fresh<User>, user: User) {
    by.credentials_changed(user).await.unwrap();
}

async fn within(by: Minute, user: User) {
    by.credentials_changed(user).await.unwrap();
}

async fn permitted(by: Club, user: Verified<User>) {
    by.switch_user(user).await.unwrap();
}

fn main() {}
