#[path = "../common.rs"]
mod common;
use axum::response::Redirect;
use common::*;
use portcullis::{
    Anonymous, AnySession, Authenticated, FirstFactor, Fresh, HasTotp, Login, LoginError,
    LoginManager, Pending, Routes, Session, TotpCode, TotpSecret,
};

impl HasTotp for Member {
    fn totp_secret(&self) -> Option<TotpSecret> {
        None
    }
}

async fn log_in(session: Session<Anonymous>, login: Login<Member>) -> Result<Redirect, LoginError> {
    match login.vouch_for(Member) {
        FirstFactor::IsEnough(verified) => Ok(session.login_user(verified).await?.next_or("/")),
        FirstFactor::AsksForSecond(half) => {
            let session: Session<Pending<Member>> =
                session.begin_login(half).remember(true).await?;
            Ok(session.second_factor_page())
        }
    }
}

async fn passkey(session: Session<Anonymous>, login: Login<Member>) -> Result<(), LoginError> {
    let verified = login.vouch_for_all_factors(Member);
    session.login_user(verified).await.map(drop)
}

async fn code_page(who: Pending<Member>) -> String {
    format!("{:?}", portcullis::AuthUser::id(who.user()))
}

async fn code(session: Session<Pending<Member>>) -> Result<Redirect, LoginError> {
    let code = TotpCode::from("123456".to_owned());
    let session: Session<Fresh<Member>> = session.finish_login(code).await?;
    Ok(session.next_or("/"))
}

async fn log_out(session: AnySession<Member>) -> Result<(), LoginError> {
    match session {
        AnySession::Anonymous(_) => Ok(()),
        AnySession::Pending(session) => session.logout_user().await.map(drop),
        AnySession::Authenticated(session) => session.logout_user().await.map(drop),
        AnySession::Fresh(session) => session.logout_user().await.map(drop),
    }
}

fn main() {
    let manager = LoginManager::builder()
        .user_loader(async |_: u64| Ok::<_, std::io::Error>(Some(Member)))
        .secret_key(key())
        .second_factor_path("/login/code")
        .build()
        .unwrap();
    let _ = manager.into_router(|login| {
        Routes::new()
            .post("/login", log_in)
            .post("/passkey", passkey)
            .get("/login/code", code_page)
            .post("/login/code", code)
            .get_callback("/login/callback", code)
            .post("/logout", log_out)
            .area::<Authenticated<Member>>("/in", |area| area.get("/", async |_: Fresh<Member>| ()))
            .with_state(login)
    });
}
