#[path = "../common.rs"]
mod common;
use portcullis::{EventKind, LoginEvent, Timestamp};

use common::*;

fn main() {
    let at = Timestamp::from_unix_seconds(0);
    let _: LoginEvent<User> = LoginEvent {
        kind: EventKind::UserLoggedIn,
        at,
        session: None,
        user: None,
    };
}
