#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{
    Allowed, Anonymous, Authenticated, CurrentUser, Fresh, OneMinute, Pending, Routes, public,
};

type Minute = Fresh<User, OneMinute>;
type Club = Allowed<User, IsMember>;

async fn stranger(_: Anonymous<User>) {}
async fn pending(_: Pending<User>) {}
async fn user(_: Authenticated<User>) {}
async fn fresh(_: Fresh<User>) {}
async fn within(_: Minute) {}
async fn permitted(_: Club) {}
async fn look(_: CurrentUser<User>) {}
async fn maybe(_: Option<Authenticated<User>>) {}

fn routes() {
    let _ = Routes::<App>::new().get_callback("/", stranger);
    let _ = Routes::<App>::new().get_callback("/", pending);
    let _ = Routes::<App>::new().get_callback("/", user);
    let _ = Routes::<App>::new().get_callback("/", fresh);
    let _ = Routes::<App>::new().get_callback("/", within);
    let _ = Routes::<App>::new().get_callback("/", permitted);
    let _ = Routes::<App>::new().get_callback("/", look);
    let _ = Routes::<App>::new().get_callback("/", maybe);
    let _ = Routes::<App>::new().get_callback("/", public("open"));
}

fn main() {}
