#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Fresh, OneMinute, Routes};

async fn transfer(_: Fresh<User>) {}

fn routes(area: Routes<App, Fresh<User, OneMinute>>) -> Routes<App, Fresh<User, OneMinute>> {
    area.post("/transfer", transfer)
}

fn main() {}
