#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Anonymous, AnySession, Fresh, OneMinute, Pending, Routes, Session};

type Minute = Fresh<User, OneMinute>;
type Club = Allowed<User, IsMember>;

async fn stranger(_: Session<Anonymous>) {}
async fn pending(_: Session<Pending<User>>) {}
async fn fresh(_: Session<Fresh<User>>) {}
async fn within(_: Session<Minute>) {}
async fn permitted(_: Session<Club>) {}
async fn any(_: AnySession<User>) {}

fn routes() {
    let _ = Routes::<App>::new().any("/", stranger);
    let _ = Routes::<App>::new().any("/", pending);
    let _ = Routes::<App>::new().any("/", fresh);
    let _ = Routes::<App>::new().any("/", within);
    let _ = Routes::<App>::new().any("/", permitted);
    let _ = Routes::<App>::new().any("/", any);
}

fn main() {}
