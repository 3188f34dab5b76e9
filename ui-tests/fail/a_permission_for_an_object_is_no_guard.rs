#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Granted, Routes};

async fn cancel(_: Granted<User, MayCancel, Order>) {}

fn routes() {
    let _ = Routes::<App>::new().get("/", cancel);
    let _ = Routes::<App>::new().any("/", cancel);
    let _ = Routes::<App>::new().fallback(cancel);
    let _ = Routes::<App>::new().cross_origin("/", cancel);
    let _ = Routes::<App>::new().get_callback("/", cancel);
    let _ = Routes::<App>::new().post("/", cancel);
}

fn main() {}
