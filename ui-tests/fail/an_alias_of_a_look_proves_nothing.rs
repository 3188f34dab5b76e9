#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Routes};

type LoggedInUser = Option<Authenticated<User>>;

async fn dashboard(_: LoggedInUser) {}

fn admin(area: Routes<App, Authenticated<User>>) -> Routes<App, Authenticated<User>> {
    area.get("/", dashboard)
}

fn main() {}
