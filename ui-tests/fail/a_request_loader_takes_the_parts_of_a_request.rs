#[path = "../common.rs"]
mod common;
use axum::http::HeaderMap;
use portcullis::LoginManager;

use common::*;

async fn by_key(_: HeaderMap) -> Result<Option<User>, std::io::Error> {
    Ok(None)
}

fn main() {
    LoginManager::builder()
        .user_loader(load_user)
        .request_loader(by_key);
}
