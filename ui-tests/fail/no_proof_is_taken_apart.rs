#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Authenticated, Fresh, Granted};

type Club = Allowed<User, IsMember>;

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
