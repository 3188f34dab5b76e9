#[path = "../common.rs"]
mod common;
use axum::{
    extract::Request,
    handler::Handler,
    response::{IntoResponse, Response},
};
use common::*;
use portcullis::Authenticated;
use portcullis::routing::handler::Ask;
use std::pin::Pin;

#[derive(Clone)]
struct Mine;

impl Handler<((), Authenticated<User>), App> for Mine {
    type Future = Pin<Box<dyn Future<Output = Response> + Send>>;

    fn call(self, request: Request, app: App) -> Self::Future {
        Box::pin(async move {
            let (mut parts, _) = request.into_parts();
            let user = Authenticated::<User>::ask(&mut parts, &app).await;
            user.unwrap().name.clone().into_response()
        })
    }
}

fn main() {}
