#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{
    Allowed, Anonymous, Authenticated, Fresh, Granted, OneMinute, Pending, Session, Verified,
};

type Minute = Fresh<User, OneMinute>;
type Club = Allowed<User, IsMember>;
type Cancellable = Granted<User, MayCancel, Order>;

fn stranger(_: &Anonymous<User>) {}
fn pending(_: &Pending<User>) {}
fn user(_: &Authenticated<User>) {}
fn fresh(_: &Fresh<User>) {}
fn within(_: &Minute) {}
fn permitted(_: &Club) {}
fn object(_: &Cancellable) {}
fn verified(_: Verified<User>) {}

fn proofs(a: Anonymous<User>, b: Pending<User>, c: Minute, d: Club, e: Cancellable) {
    stranger(&a);
    pending(&b);
    (user(&c), fresh(&c), within(&c));
    (user(&d), permitted(&d));
    object(&e);
}

fn sessions(
    a: Session<Anonymous<User>>,
    b: Session<Pending<User>>,
    c: Session<Authenticated<User>>,
    d: Session<Fresh<User>>,
    e: Session<Minute>,
    f: Session<Club>,
) {
    stranger(&a);
    pending(&b);
    user(&c);
    (user(&d), fresh(&d));
    (user(&e), fresh(&e), within(&e));
    (user(&f), permitted(&f));
}

fn main() {
    let _ = (proofs, sessions, verified);
}
