#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Session, TotpCode};

async fn finish(session: Session<Authenticated<Member>>, code: TotpCode) {
    session.finish_login(code).await.unwrap();
}

fn main() {}
