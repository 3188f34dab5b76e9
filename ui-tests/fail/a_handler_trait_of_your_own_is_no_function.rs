#[path = "../common.rs"]
mod common;
use axum::{
    extract::Request,
    handler::Handler,
    response::{IntoResponse, Response},
};
use common::*;
use portcullis::{Authenticated, Routes};
use std::future::{Ready, ready};

#[derive(Clone)]
struct AsksNothing;

impl Handler<((), Authenticated<User>), App> for AsksNothing {
    type Future = Ready<Response>;

    fn call(self, _: Request, _: App) -> Ready<Response> {
        ready("every order of every customer".into_response())
    }
}

fn routes() -> Routes<App> {
    Routes::new().get("/orders", AsksNothing)
}

fn main() {}
