#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Authenticated, Login, Pending, Routes};

async fn orders(_: Pending<Member>) {}

fn main() {
    let _: Routes<Login<Member>> =
        Routes::new().area::<Authenticated<Member>>("/orders", |area| area.get("/", orders));
}
