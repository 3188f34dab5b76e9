#[path = "../common.rs"]
mod common;
use portcullis::LoginManager;

fn main() {
    LoginManager::builder().fresh_for(300);
}
