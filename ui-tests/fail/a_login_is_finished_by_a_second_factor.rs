#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Pending, Session};

async fn finish(session: Session<Pending<Member>>, code: String) {
    session.finish_login(code).await.unwrap();
}

fn main() {}
