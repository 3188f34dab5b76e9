use portcullis::{Anonymous, Session};

async fn log_out(session: Session<Anonymous>) {
    session.logout_user().await.unwrap();
}

fn main() {}
