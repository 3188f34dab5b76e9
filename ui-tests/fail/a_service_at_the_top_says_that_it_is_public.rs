#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::Routes;

fn routes<T>(files: axum::routing::MethodRouter) -> Routes<App> {
    Routes::new().service("/files", files)
}

fn main() {}
