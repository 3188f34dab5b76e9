#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Fresh, Routes};

async fn dashboard(user: Authenticated<User>) -> String {
    user.name.clone()
}

fn admin(area: Routes<App, Fresh<User>>) -> Routes<App, Fresh<User>> {
    area.get("/", dashboard)
}

fn main() {}
