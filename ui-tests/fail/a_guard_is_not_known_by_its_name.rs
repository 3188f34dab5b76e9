#[path = "../common.rs"]
mod common;
use axum::{extract::FromRequestParts, http::request::Parts};
use common::*;
use portcullis::Routes;
use std::convert::Infallible;

struct Authenticated<U>(U);

impl FromRequestParts<App> for Authenticated<User> {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, _: &App) -> Result<Self, Infallible> {
        let name = "whoever".to_owned();
        Ok(Self(User { name }))
    }
}

async fn list(user: Authenticated<User>) -> String {
    user.0.name
}

fn routes() -> Routes<App> {
    Routes::new().get("/orders", list)
}

fn main() {}
