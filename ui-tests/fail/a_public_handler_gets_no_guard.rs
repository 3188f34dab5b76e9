#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{
    Allowed, Anonymous, Authenticated, Fresh, OneMinute, Pending, Routes, Session, public,
};

type Minute = Fresh<User, OneMinute>;
type Club = Allowed<User, IsMember>;

async fn stranger(_: Anonymous<User>) {}
async fn pending(_: Pending<User>) {}
async fn fresh(_: Fresh<User>) {}
async fn within(_: Minute) {}
async fn permitted(_: Club) {}
async fn session(_: Session<Authenticated<User>>) {}

fn routes() {
    let _ = Routes::<App>::new().post("/", public(stranger));
    let _ = Routes::<App>::new().post("/", public(pending));
    let _ = Routes::<App>::new().post("/", public(fresh));
    let _ = Routes::<App>::new().post("/", public(within));
    let _ = Routes::<App>::new().post("/", public(permitted));
    let _ = Routes::<App>::new().post("/", public(session));
}

fn main() {}
