#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Routes, Session};
use std::sync::Arc;

async fn shared(_: Arc<Authenticated<User>>) {}
async fn boxed(_: Box<Session<Authenticated<User>>>) {}
async fn borrowed(_: &Authenticated<User>) {}

fn routes() {
    let _ = Routes::<App>::new().get("/", shared);
    let _ = Routes::<App>::new().post("/", boxed);
    let _ = Routes::<App>::new().get("/", borrowed);
}

fn main() {}
