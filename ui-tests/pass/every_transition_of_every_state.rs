#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Anonymous, Authenticated, Fresh, Login, LoginError, Session};

async fn steps(session: Session<Anonymous>, login: Login<User>) -> Result<(), LoginError> {
    let user = || {
        login.vouch_for(User {
            name: "a".to_owned(),
        })
    };
    let session: Session<Authenticated<User>> =
        session.login_user(user()).force_inactive().stale().await?;
    let session: Session<Fresh<User>> = session.confirm_login(user()).await?;
    let session: Session<Fresh<User>> = session.switch_user(user()).await?;
    let session = session
        .credentials_changed(User {
            name: "a".to_owned(),
        })
        .await?;
    let session: Session<Anonymous<User>> = session.logout_user().await?;
    let session = match session.login_user(user()).or_session().await {
        Ok(session) => session,
        Err((error, session)) => {
            assert!(error.is_refused());
            session.login_user(user()).await?
        }
    };
    let _ = session.next_or("/");
    Ok(())
}

fn main() {
    let _ = steps;
}
