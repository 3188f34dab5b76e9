#[path = "../common.rs"]
mod common;
use axum::http::request::Parts;
use common::*;
use portcullis::{Allowed, Authenticated, BoxError, Policy, Routes};

#[derive(Clone)]
struct Permissions;

enum MayRefund {}

impl Policy<User> for MayRefund {
    type State = Permissions;
    type Error = BoxError;

    async fn allows(_: &Authenticated<User>, _: &Parts, _: &Permissions) -> Result<bool, BoxError> {
        Ok(true)
    }
}

async fn refund(_: Allowed<User, MayRefund>) {}

fn routes() -> Routes<App> {
    Routes::new().post("/refund", refund)
}

fn main() {}
