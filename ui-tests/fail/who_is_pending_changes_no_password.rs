#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Pending, Session};

async fn change_password(session: Session<Pending<Member>>) {
    session.credentials_changed(Member).await.unwrap();
}

fn main() {}
