#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Session, Verified};

async fn confirm(session: Session<Authenticated<User>>, verified: Verified<Staff>) {
    session.confirm_login(verified).await.unwrap();
}

fn main() {}
