#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Anonymous, Granted, Login, Pending};

type Club = Allowed<User, IsMember>;

fn stranger(login: &Login<User>, by: &Anonymous<User>) {
    let _ = login.sessions(by);
}

fn pending(login: &Login<User>, by: &Pending<User>) {
    let _ = login.sessions(by);
}

fn permitted(login: &Login<User>, by: &Club) {
    let _ = login.sessions(by);
}
fn object(login: &Login<User>, by: &Granted<User, MayCancel, Order>) {
    let _ = login.sessions(by);
}

fn main() {}
