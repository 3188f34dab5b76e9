#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Fresh, Routes};

fn admin(area: Routes<App, Fresh<User>>) -> Routes<App, Fresh<User>> {
    area.public_service("/files", axum::Router::new())
}

fn main() {}
