#[path = "../common.rs"]
mod common;
use portcullis::{OneTimeToken, Purpose};

enum Reset {}

impl Purpose for Reset {
    const NAME: &'static str = "reset";
}

fn twice(token: &OneTimeToken<Reset>) -> OneTimeToken<Reset> {
    token.clone()
}

fn main() {}
