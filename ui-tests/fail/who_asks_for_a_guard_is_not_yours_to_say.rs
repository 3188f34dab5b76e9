#[path = "../common.rs"]
mod common;
use axum::{http::request::Parts, response::Response};
use common::*;
use portcullis::{
    Authenticated,
    routing::handler::{Ask, sealed::Seal},
};

struct NoLogin;

impl Ask<NoLogin> for Authenticated<User> {
    async fn ask(_: &mut Parts, _: &NoLogin, _: Seal) -> Result<Self, Response> {
        todo!("hand over a proof that was kept from an earlier request")
    }
}

fn main() {}
