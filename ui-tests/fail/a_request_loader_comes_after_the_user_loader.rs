#[path = "../common.rs"]
mod common;
use axum::http::request::Parts;
use portcullis::LoginManager;

use common::*;

async fn by_key(_: Parts) -> Result<Option<User>, std::io::Error> {
    Ok(None)
}

fn main() {
    LoginManager::builder()
        .request_loader(by_key)
        .user_loader(load_user);
}
