#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Fresh, Routes};

fn admin(area: Routes<App, Fresh<User>>) -> Routes<App, Fresh<User>> {
    area.get("/", |_| async { "whoever that is" })
}

fn main() {}
