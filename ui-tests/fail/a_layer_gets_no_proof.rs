#[path = "../common.rs"]
mod common;
use axum::{
    extract::Request,
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use common::*;
use portcullis::{Authenticated, Login, Routes};

async fn check(_: Authenticated<User>, request: Request, next: Next) -> Response {
    next.run(request).await
}

fn routes(login: Login<User>) -> Routes<App> {
    Routes::new().layer(from_fn_with_state(login, check))
}

fn main() {}
