#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Fresh, Routes};

fn admin(area: Routes<App, Fresh<User>>) -> Routes<App, Fresh<User>> {
    area.area::<Authenticated<User>>("/reports", |reports| reports)
}

fn main() {}
