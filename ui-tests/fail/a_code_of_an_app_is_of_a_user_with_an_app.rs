#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Pending, Session, TotpCode};

async fn finish(session: Session<Pending<Member>>, code: TotpCode) {
    session.finish_login(code).await.unwrap();
}

fn main() {}
