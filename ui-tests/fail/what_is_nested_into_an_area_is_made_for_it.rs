#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Routes};

async fn orders(_: Authenticated<User>) {}

fn account() -> Routes<App> {
    Routes::new().get("/orders", orders)
}

fn routes() -> Routes<App> {
    Routes::new().area::<Authenticated<User>>("/account", |area| area.nest("/", account()))
}

fn main() {}
