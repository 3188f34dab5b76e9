#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Anonymous, Authenticated, CurrentUser, Routes, public};

async fn stranger(_: Anonymous<User>) {}
async fn look(_: CurrentUser<User>) {}
async fn maybe(_: Option<Authenticated<User>>) {}

type Area = Routes<App, Authenticated<User>>;

fn guarded(area: fn() -> Area) {
    let _ = area().get("/", stranger);
    let _ = area().get("/", look);
    let _ = area().get("/", maybe);
    let _ = area().get("/", public("open"));
}

fn main() {}
