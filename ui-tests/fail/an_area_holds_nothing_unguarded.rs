#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Fresh, Routes};

fn admin(area: Routes<App, Fresh<User>>) -> Routes<App, Fresh<User>> {
    area.unguarded("/old", "not yet", axum::Router::new())
}

fn main() {}
