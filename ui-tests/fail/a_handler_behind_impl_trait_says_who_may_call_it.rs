#[path = "../common.rs"]
mod common;
use axum::extract::State;
use common::*;
use portcullis::Routes;
use std::future::{Ready, ready};

fn made() -> impl Fn(State<Db>) -> Ready<&'static str> + Clone + Send + Sync {
    |_| ready("every order of every customer")
}

fn routes() -> Routes<App> {
    Routes::new().get("/orders", made())
}

fn main() {}
