#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Not, Or, Routes};

async fn club(_: Allowed<User, Or<IsMember, Not<IsMember>>>) {}

fn members(area: Routes<App, Allowed<User, IsMember>>) -> Routes<App, Allowed<User, IsMember>> {
    area.get("/", club)
}

fn main() {}
