#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::LoginManager;

fn main() {
    let _ = LoginManager::builder()
        .user_loader(load_user)
        .user_loader(load_staff);
}
