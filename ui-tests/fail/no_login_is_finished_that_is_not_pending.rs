#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, Anonymous, Fresh, OneMinute, RecoveryCode, Session};

type Minute = Fresh<User, OneMinute>;
type Club = Allowed<User, IsMember>;

async fn stranger(session: Session<Anonymous<User>>, code: RecoveryCode) {
    session.finish_login(code.spent_by(spend)).await.unwrap();
}

async fn fresh(session: Session<Fresh<User>>, code: RecoveryCode) {
    session.finish_login(code.spent_by(spend)).await.unwrap();
}

async fn within(session: Session<Minute>, code: RecoveryCode) {
    session.finish_login(code.spent_by(spend)).await.unwrap();
}

async fn permitted(session: Session<Club>, code: RecoveryCode) {
    session.finish_login(code.spent_by(spend)).await.unwrap();
}

async fn spend(_: String) -> Result<bool, std::io::Error> {
    Ok(true)
}

fn main() {}
