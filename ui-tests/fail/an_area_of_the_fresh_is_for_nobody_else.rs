#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Anonymous, Authenticated, Fresh, Pending, Routes};

type Club = Allowed<User, IsMember>;

async fn stranger(_: Anonymous<User>) {}
async fn pending(_: Pending<User>) {}
async fn permitted(_: Club) {}
async fn maybe(_: Option<Authenticated<User>>) {}

type Area = Routes<App, Fresh<User>>;

fn guarded(area: fn() -> Area) {
    let _ = area().get("/", stranger);
    let _ = area().get("/", pending);
    let _ = area().get("/", permitted);
    let _ = area().get("/", maybe);
}

fn main() {}
