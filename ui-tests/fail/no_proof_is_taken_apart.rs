#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Anonymous, Authenticated, Fresh, Granted, OneMinute};

type Minute = Fresh<User, OneMinute>;
type Club = Allowed<User, IsMember>;

fn stranger(by: Anonymous<User>) {
    let Anonymous { core: _known, .. } = by;
}

fn within(by: Minute) -> Authenticated<User> {
    let Fresh { by, .. } = by;
    by
}

fn fresh(by: Fresh<User>) -> Authenticated<User> {
    let Fresh { by, .. } = by;
    by
}

fn permitted(by: Club) -> Authenticated<User> {
    let Allowed { by, .. } = by;
    by
}

fn object(order: Granted<User, MayCancel, Order>) -> Authenticated<User> {
    let Granted { by, .. } = order;
    by
}

fn main() {}
