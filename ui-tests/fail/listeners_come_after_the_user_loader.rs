#[path = "../common.rs"]
mod common;
use portcullis::{LoginEvent, LoginManager};

use common::*;

fn main() {
    LoginManager::builder()
        .on_event(|event: &LoginEvent<User>| println!("{event:?}"))
        .user_loader(load_user);
}
