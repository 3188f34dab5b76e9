#[path = "../common.rs"]
mod common;
use axum::{Router, routing::get};
use common::*;
use portcullis::{Allowed, Anonymous, Authenticated, Fresh, Login, OneMinute, Pending};

type Minute = Fresh<User, OneMinute>;
type Club = Allowed<User, IsMember>;

async fn stranger(_: Anonymous<User>) {}
async fn pending(_: Pending<User>) {}
async fn user(_: Authenticated<User>) {}
async fn fresh(_: Fresh<User>) {}
async fn within(_: Minute) {}
async fn permitted(_: Club) {}

fn routes(leaked: Login<User>) {
    let _ = Router::<Login<User>>::new()
        .route("/", get(stranger))
        .with_state(leaked.clone());
    let _ = Router::<Login<User>>::new()
        .route("/", get(pending))
        .with_state(leaked.clone());
    let _ = Router::<Login<User>>::new()
        .route("/", get(user))
        .with_state(leaked.clone());
    let _ = Router::<Login<User>>::new()
        .route("/", get(fresh))
        .with_state(leaked.clone());
    let _ = Router::<Login<User>>::new()
        .route("/", get(within))
        .with_state(leaked.clone());
    let _ = Router::<Login<User>>::new()
        .route("/", get(permitted))
        .with_state(leaked.clone());
}

fn main() {}
