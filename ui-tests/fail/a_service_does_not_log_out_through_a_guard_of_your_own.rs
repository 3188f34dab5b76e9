#[path = "../common.rs"]
mod common;
use axum::http::request::Parts;
use common::*;
use portcullis::{Authenticated, By, HoldsProof, LoginError, NoState, Routes, Session};

struct Out;

impl HoldsProof for Out {
    type Proof = Session<Authenticated<User>>;
    type State = NoState;
    type Rejection = LoginError;

    async fn from_proof(out: Self::Proof, _: &mut Parts, _: &NoState) -> Result<Self, LoginError> {
        out.logout_user().await?;
        Ok(Out)
    }
}

fn routes(files: axum::Router) -> Routes<App> {
    Routes::new().area::<By<Out>>("/files", |area| area.service("/", files))
}

fn main() {}
