#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::LoginManager;

fn main() {
    let _ = LoginManager::builder().secret_key(key()).build();
}
