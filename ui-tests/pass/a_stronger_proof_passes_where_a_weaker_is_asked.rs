#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Fresh, LoginError, Session};

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

fn main() {
    let _ = (handler, narrow);
}
