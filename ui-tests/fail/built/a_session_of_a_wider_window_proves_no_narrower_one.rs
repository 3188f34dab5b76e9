#[path = "../../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, FiveMinutes, Fresh, OneMinute, Routes, Session};

async fn transfer(_: (Session<Fresh<User, FiveMinutes>>, Authenticated<Staff>)) {}

fn main() {
    let _ = Routes::<TwoRealms>::new()
        .area::<Fresh<User, OneMinute>>("/money", |area| area.post("/transfer", transfer));
}
