#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Login, OneTimeToken, Purpose};

enum Reset {}

impl Purpose for Reset {
    const NAME: &'static str = "reset";
}

enum LoginLink {}

impl Purpose for LoginLink {
    const NAME: &'static str = "login-link";
}

async fn reset(login: Login<User>, token: OneTimeToken<LoginLink>) {
    login.redeem::<Reset>(token).await.unwrap();
}

fn main() {}
