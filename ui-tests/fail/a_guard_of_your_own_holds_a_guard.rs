#[path = "../common.rs"]
mod common;
use axum::http::request::Parts;
use common::*;
use portcullis::{By, HoldsProof, LoginError, NoState, Routes};

struct Mine(User);

impl HoldsProof for Mine {
    type Proof = User;
    type State = NoState;
    type Rejection = LoginError;

    async fn from_proof(user: User, _: &mut Parts, _: &NoState) -> Result<Self, LoginError> {
        Ok(Mine(user))
    }
}

async fn list(_: By<Mine>) {}

fn routes() -> Routes<App> {
    Routes::new().get("/orders", list)
}

fn main() {}
