#[path = "../common.rs"]
mod common;
use portcullis::{LoginEvent, LoginManager};

use common::*;

fn main() {
    LoginManager::builder()
        .user_loader(load_user)
        .on_event(|event: &LoginEvent<Staff>| println!("{event:?}"));
}
