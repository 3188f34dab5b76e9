#[path = "../../common.rs"]
mod common;
use common::*;
use portcullis::{FiveMinutes, Fresh, OneMinute, Routes};

fn transfer(_: &Fresh<User, OneMinute>) {}

async fn handler(by: Fresh<User, FiveMinutes>) {
    transfer(&by.widen());
}

fn main() {
    let _ = Routes::<App>::new().post("/transfer", handler);
}
