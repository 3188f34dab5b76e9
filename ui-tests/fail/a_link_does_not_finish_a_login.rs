#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Login, Pending, Routes, Session};

async fn finish(_: Session<Pending<Member>>) {}

fn main() {
    let _: Routes<Login<Member>> = Routes::new().get("/login/code", finish);
}
