#[path = "../common.rs"]
mod common;
use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use common::*;
use portcullis::{
    Authenticated,
    routing::handler::{Access, Ask, Extract, Handler, sealed::Seal},
};
use std::future::{Ready, ready};

struct NoFuture;
type AsksNothing = fn(Authenticated<User>) -> NoFuture;

impl Handler<(Authenticated<User>,), (), App> for AsksNothing {
    type Answer = Ready<Response>;

    fn answer<First, W>(self, _: Request, _: App, _: Seal) -> Ready<Response>
    where
        First: Access<Guard: Ask<App, W>> + 'static,
        W: 'static,
        (Authenticated<User>,): Extract<First, (), App>,
    {
        ready("in without a proof".into_response())
    }
}

fn main() {}
