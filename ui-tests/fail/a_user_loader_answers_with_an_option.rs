#[path = "../common.rs"]
mod common;
use std::convert::Infallible;

use portcullis::LoginManager;

use common::*;

async fn load(name: String) -> Result<User, Infallible> {
    Ok(User { name })
}

fn main() {
    LoginManager::builder().user_loader(load);
}
