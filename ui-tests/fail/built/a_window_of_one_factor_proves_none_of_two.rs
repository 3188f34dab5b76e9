#[path = "../../common.rs"]
mod common;
use common::*;
use portcullis::{Fresh, FreshWindow, OneMinute, Routes};

enum BothFactors {}

impl FreshWindow for BothFactors {
    const SECONDS: u64 = 300;
    const BY_SECOND_FACTOR: bool = true;
}

async fn transfer(_: Fresh<User, OneMinute>) {}

fn main() {
    let _ = Routes::<App>::new()
        .area::<Fresh<User, BothFactors>>("/money", |area| area.post("/transfer", transfer));
}
