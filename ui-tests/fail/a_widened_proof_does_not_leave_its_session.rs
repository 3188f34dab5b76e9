#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{FiveMinutes, Fresh, LoginError, OneMinute, Session};

async fn keep(session: Session<Fresh<User, OneMinute>>) -> Result<(), LoginError> {
    let wide = session.widen::<FiveMinutes>();
    session.logout_user().await?;
    println!("{}", wide.name);
    Ok(())
}

fn main() {}
