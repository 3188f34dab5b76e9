#[path = "../common.rs"]
mod common;
use axum::extract::State;
use common::*;
use portcullis::Routes;

async fn list(_: State<Db>) {}

fn routes() {
    let _ = Routes::<App>::new().any("/", list);
    let _ = Routes::<App>::new().fallback(list);
    let _ = Routes::<App>::new().cross_origin("/", list);
    let _ = Routes::<App>::new().get_callback("/", list);
    let _ = Routes::<App>::new().post("/", list);
    let _ = Routes::<App>::new().put("/", list);
    let _ = Routes::<App>::new().patch("/", list);
    let _ = Routes::<App>::new().delete("/", list);
}

fn main() {}
