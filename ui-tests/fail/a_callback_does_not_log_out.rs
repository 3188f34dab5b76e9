#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Routes, Session};

async fn log_out(session: Session<Authenticated<User>>) {
    session.logout_user().await.unwrap();
}

fn routes() -> Routes<App> {
    Routes::new().get_callback("/callback", log_out)
}

fn main() {}
