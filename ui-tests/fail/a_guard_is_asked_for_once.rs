#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Anonymous, Authenticated, Fresh, OneMinute, Pending, Routes, Session};

type Minute = Fresh<User, OneMinute>;

async fn stranger(_: Anonymous<User>, _: Anonymous<User>) {}
async fn pending(_: Pending<User>, _: Pending<User>) {}
async fn user(_: Authenticated<User>, _: Authenticated<User>) {}
async fn within(_: Minute, _: Minute) {}
async fn session(_: Session<Authenticated<User>>, _: Session<Authenticated<User>>) {}

fn routes() {
    let _ = Routes::<App>::new().post("/", stranger);
    let _ = Routes::<App>::new().post("/", pending);
    let _ = Routes::<App>::new().post("/", user);
    let _ = Routes::<App>::new().post("/", within);
    let _ = Routes::<App>::new().post("/", session);
}

fn main() {}
