#[path = "../common.rs"]
mod common;
use axum::http::request::Parts;
use common::*;
use portcullis::{By, CurrentUser, Fresh, HoldsProof, LoginError, NoState, Routes};

struct Liar;

impl HoldsProof for Liar {
    type Proof = CurrentUser<User>;
    type State = NoState;
    type Rejection = LoginError;

    async fn from_proof(
        _: CurrentUser<User>,
        _: &mut Parts,
        _: &NoState,
    ) -> Result<Self, LoginError> {
        Ok(Liar)
    }
}

async fn dashboard(_: By<Liar>) {}

fn admin(area: Routes<App, Fresh<User>>) -> Routes<App, Fresh<User>> {
    area.get("/", dashboard)
}

fn main() {}
