#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Authenticated, Fresh, LoginError, OneMinute, Session, Verified};

type Minute = Fresh<User, OneMinute>;
type Club = Allowed<User, IsMember>;

async fn confirm(minute: Session<Minute>, club: Session<Club>, user: [Verified<User>; 2]) {
    let [one, other] = user;
    let _: Result<Session<Fresh<User>>, LoginError> = minute.confirm_login(one).await;
    let _: Result<Session<Fresh<User>>, LoginError> = club.confirm_login(other).await;
}

async fn switch(minute: Session<Minute>, club: Session<Club>, user: [Verified<User>; 2]) {
    let [one, other] = user;
    let _: Result<Session<Fresh<User>>, LoginError> = minute.switch_user(one).await;
    let _: Result<Session<Fresh<User>>, LoginError> = club.switch_user(other).await;
}

async fn become_another(session: Session<Authenticated<User>>, user: Verified<User>) {
    let _: Result<Session<Fresh<User>>, LoginError> = session.switch_user(user).await;
}

async fn leave(minute: Session<Minute>, club: Session<Club>) -> Result<(), LoginError> {
    minute.logout_user().await?;
    club.logout_user().await.map(drop)
}

async fn change(minute: Session<Minute>, user: User) -> Result<(), LoginError> {
    minute.credentials_changed(user).await.map(drop)
}

async fn once_more(fresh: Session<Fresh<User>>, user: Verified<User>) -> Result<(), LoginError> {
    fresh.confirm_login(user).await.map(drop)
}

fn main() {
    let _ = (confirm, switch, leave, change, once_more, become_another);
}
