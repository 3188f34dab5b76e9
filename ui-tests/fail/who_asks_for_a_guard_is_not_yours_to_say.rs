#[path = "../common.rs"]
mod common;
use common::*;
use axum::{http::request::Parts, response::Response};
use portcullis::{Authenticated, routing::handler::Ask};

struct NoLogin;

impl Ask<NoLogin> for Authenticated<User> {
    async fn ask(_: &mut Parts, _: &NoLogin) -> Result<Self, Response> {
        todo!("hand over a proof that was kept from an earlier request")
    }
}

fn main() {}
