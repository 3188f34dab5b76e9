#[path = "../common.rs"]
mod common;
use axum::{extract::FromRequestParts, http::request::Parts};
use common::*;
use portcullis::{Authenticated, LoginError};

struct Mine(Authenticated<User>);

impl FromRequestParts<App> for Mine {
    type Rejection = LoginError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, LoginError> {
        Ok(Mine(Authenticated::from_request_parts(parts, app).await?))
    }
}

fn main() {}
