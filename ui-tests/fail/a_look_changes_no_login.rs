#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::CurrentUser;

async fn log_out(who: CurrentUser<User>) {
    who.logout_user().await.unwrap();
}

fn main() {}
