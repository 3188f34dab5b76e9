#[path = "../../common.rs"]
mod common;
use axum::http::request::Parts;
use common::*;
use portcullis::{By, FiveMinutes, Fresh, HoldsProof, LoginError, NoState, OneMinute, Routes};

struct Trader;

impl HoldsProof for Trader {
    type Proof = Fresh<User, FiveMinutes>;
    type State = NoState;
    type Rejection = LoginError;

    async fn from_proof(_: Self::Proof, _: &mut Parts, _: &NoState) -> Result<Self, LoginError> {
        Ok(Trader)
    }
}

async fn transfer(_: By<Trader>) {}

fn main() {
    let _ = Routes::<App>::new()
        .area::<Fresh<User, OneMinute>>("/money", |area| area.post("/transfer", transfer));
}
