#[path = "../../common.rs"]
mod common;
use common::*;
use portcullis::{FiveMinutes, Fresh, OneMinute, Routes};

async fn transfer(_: Fresh<User, FiveMinutes>) {}

fn main() {
    let _ = Routes::<App>::new()
        .area::<Fresh<User, OneMinute>>("/money", |area| area.post("/transfer", transfer));
}
