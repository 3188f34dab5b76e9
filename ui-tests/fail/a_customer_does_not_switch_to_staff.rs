#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Session, Verified};

async fn switch(session: Session<Authenticated<User>>, verified: Verified<Staff>) {
    session.switch_user(verified).await.unwrap();
}

fn main() {}
