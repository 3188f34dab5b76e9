#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::Routes;
use std::{future::Future, pin::Pin, sync::Arc};

type Boxed = Pin<Box<dyn Future<Output = String> + Send>>;

fn routes(handler: Arc<dyn Fn(String) -> Boxed + Send + Sync>) -> Routes<App> {
    Routes::new().post("/orders", move |body| handler(body))
}

fn main() {}
