#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{
    Allowed, Anonymous, Authenticated, CurrentUser, Fresh, OneMinute, Pending, Routes, public,
};

type Minute = Fresh<User, OneMinute>;
type Club = Allowed<User, IsMember>;

async fn stranger(_: Anonymous<User>) {}
async fn user(_: Authenticated<User>) {}
async fn fresh(_: Fresh<User>) {}
async fn within(_: Minute) {}
async fn permitted(_: Club) {}
async fn look(_: CurrentUser<User>) {}
async fn maybe(_: Option<Authenticated<User>>) {}

type Area = Routes<App, Pending<User>>;

fn guarded(area: fn() -> Area) {
    let _ = area().get("/", stranger);
    let _ = area().get("/", user);
    let _ = area().get("/", fresh);
    let _ = area().get("/", within);
    let _ = area().get("/", permitted);
    let _ = area().get("/", look);
    let _ = area().get("/", maybe);
    let _ = area().get("/", public("open"));
}

fn main() {}
