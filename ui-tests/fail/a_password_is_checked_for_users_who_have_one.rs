#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Login, Password};

async fn check(login: Login<User>, user: User, password: Password) {
    let _ = login
        .check_password("leafstorm", Some(user), &password)
        .await;
}

fn main() {}
