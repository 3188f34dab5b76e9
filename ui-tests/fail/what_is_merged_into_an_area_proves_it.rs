#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Fresh, Routes};

fn admin(area: Routes<App, Fresh<User>>) -> Routes<App, Fresh<User>> {
    area.merge(open())
}

fn open() -> Routes<App> {
    Routes::new()
}

fn main() {}
