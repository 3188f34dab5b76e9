#[path = "../../common.rs"]
mod common;
use common::*;
use portcullis::{Fresh, FreshWindow, Routes};

enum Never {}

impl FreshWindow for Never {
    const SECONDS: u64 = 0;
}

async fn transfer(_: Fresh<User, Never>) {}

fn main() {
    let _ = Routes::<App>::new().post("/transfer", transfer);
}
