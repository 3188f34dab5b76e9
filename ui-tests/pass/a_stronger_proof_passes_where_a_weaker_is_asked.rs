#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Authenticated, FiveMinutes, Fresh, LoginError, OneMinute, Session};

fn order(by: &Authenticated<User>) -> &str {
    &by.name
}

fn transfer(by: &Fresh<User>) -> &str {
    order(by)
}

async fn handler(session: Session<Fresh<User>>) -> Result<String, LoginError> {
    transfer(&session);
    order(&session);
    let name = session.user().name.clone();
    session.logout_user().await?;
    Ok(name)
}

async fn narrow(user: Authenticated<User>) -> Result<String, LoginError> {
    let user = user.into_fresh()?;
    Ok(transfer(&user).to_owned())
}

fn in_five_minutes(by: &Fresh<User, FiveMinutes>) -> &str {
    transfer(by)
}

async fn within(session: Session<Fresh<User, OneMinute>>) -> Result<(), LoginError> {
    in_five_minutes(&session.widen());
    transfer(&session);
    order(&session);
    session.logout_user().await.map(drop)
}

async fn permitted(by: Allowed<User, IsMember>) -> Result<(), LoginError> {
    order(&by);
    let by = by.into_authenticated().into_fresh()?;
    in_five_minutes(&by.into_fresh_within()?);
    Ok(())
}

fn main() {
    let _ = (handler, narrow, within, permitted);
}
