#[path = "../common.rs"]
mod common;
use axum::extract::State;
use common::*;
use portcullis::{Authenticated, Routes};

type D = State<Db>;

async fn one(_: Authenticated<User>) {}
async fn two(_: Authenticated<User>, _: String) {}
async fn eight(_: Authenticated<User>, _: D, _: D, _: D, _: D, _: D, _: D, _: String) {}
#[rustfmt::skip]
#[allow(clippy::too_many_arguments)]
async fn sixteen(
    _: Authenticated<User>, _: D, _: D, _: D, _: D, _: D, _: D, _: D,
    _: D, _: D, _: D, _: D, _: D, _: D, _: D, _: String,
) {}

fn main() {
    let _: axum::Router = users().into_router(|login| {
        Routes::new()
            .get("/1", one)
            .post("/2", two)
            .post("/8", eight)
            .post("/16", sixteen)
            .with_state(App { login, db: Db })
    });
}
