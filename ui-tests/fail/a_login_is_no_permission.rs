#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Authenticated, Routes};

type Member = Allowed<User, IsMember>;

async fn club(user: Authenticated<User>) -> String {
    user.name.clone()
}

fn members(area: Routes<App, Member>) -> Routes<App, Member> {
    area.get("/", club)
}

fn main() {}
