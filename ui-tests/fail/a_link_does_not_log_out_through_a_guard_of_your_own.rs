#[path = "../common.rs"]
mod common;
use axum::http::request::Parts;
use common::*;
use portcullis::{Authenticated, By, HoldsProof, LoginError, NoState, Routes, Session};

struct Out(Session<Authenticated<User>>);

impl HoldsProof for Out {
    type Proof = Session<Authenticated<User>>;
    type State = NoState;
    type Rejection = LoginError;

    async fn from_proof(out: Self::Proof, _: &mut Parts, _: &NoState) -> Result<Self, LoginError> {
        Ok(Out(out))
    }
}

async fn log_out(out: By<Out>) {
    out.into_inner().0.logout_user().await.unwrap();
}

fn routes() -> Routes<App> {
    Routes::new().get("/logout", log_out)
}

fn main() {}
