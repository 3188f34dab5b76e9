#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{CurrentUser, Fresh, Routes};

async fn dashboard(who: CurrentUser<User>) -> String {
    format!("{who:?}")
}

fn admin(area: Routes<App, Fresh<User>>) -> Routes<App, Fresh<User>> {
    area.get("/", dashboard)
}

fn main() {}
