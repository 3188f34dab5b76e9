#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Fresh, OneMinute, Routes, Session};

type Minute = Fresh<User, OneMinute>;
type Club = Allowed<User, IsMember>;

async fn fresh(_: Session<Fresh<User>>) {}
async fn within(_: Session<Minute>) {}
async fn permitted(_: Session<Club>) {}

fn routes() {
    let _ = Routes::<App>::new().get_callback("/", fresh);
    let _ = Routes::<App>::new().get_callback("/", within);
    let _ = Routes::<App>::new().get_callback("/", permitted);
}

fn main() {}
