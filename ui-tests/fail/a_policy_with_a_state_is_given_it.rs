#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Granted, Login, LoginError};

fn cancel(_: Granted<User, MayCancel, Order>) {}

async fn handler(by: Authenticated<User>, login: Login<User>) -> Result<(), LoginError> {
    cancel(login.allow(&by, Order).await?);
    Ok(())
}

fn main() {}
