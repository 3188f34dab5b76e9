#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Anonymous, Fresh, OneMinute, Pending, Session};

type Minute = Fresh<User, OneMinute>;
type Club = Allowed<User, IsMember>;

fn stranger(session: Session<Anonymous<User>>) -> Anonymous<User> {
    *session
}

fn pending(session: Session<Pending<User>>) -> Pending<User> {
    *session
}

fn fresh(session: Session<Fresh<User>>) -> Fresh<User> {
    *session
}

fn within(session: Session<Minute>) -> Minute {
    *session
}

fn permitted(session: Session<Club>) -> Club {
    *session
}

fn main() {}
