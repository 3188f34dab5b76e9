#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Login, LoginError};

async fn cancel(by: Authenticated<User>, login: Login<User>) -> Result<(), LoginError> {
    login.allow::<IsMember, _>(&by, Order).await?;
    Ok(())
}

fn main() {}
