#[path = "../common.rs"]
mod common;
use axum::http::request::Parts;
use common::*;
use portcullis::{Authenticated, By, HoldsProof, LoginError, Routes};

#[derive(Clone)]
struct Members;

struct Member;

impl HoldsProof for Member {
    type Proof = Authenticated<User>;
    type State = Members;
    type Rejection = LoginError;

    async fn from_proof(_: Self::Proof, _: &mut Parts, _: &Members) -> Result<Self, LoginError> {
        Ok(Member)
    }
}

async fn club(_: By<Member>) {}

fn routes() -> Routes<App> {
    Routes::new().get("/club", club)
}

fn main() {}
