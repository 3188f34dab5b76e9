#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Login, Pending, Session};

async fn switch(session: Session<Pending<Member>>, login: Login<Member>) {
    let verified = login.vouch_for_all_factors(Member);
    session.switch_user(verified).await.unwrap();
}

fn main() {}
