use portcullis::{Anonymous, Session};

fn name(session: &Session<Anonymous>) -> String {
    session.user().name.clone()
}

fn main() {}
