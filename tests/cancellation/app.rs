//! An app with every transition. Users with an even id have a second factor.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Router,
    extract::{FromRef, Path, State},
};
use portcullis::{
    Anonymous, AuthHash, AuthUser, Authenticated, CurrentUser, Data, FirstFactor, Fresh, Login,
    LoginError, LoginManager, OneTimeToken, Pending, Purpose, Routes, SecondFactor, Session,
    SessionData, Sessions, TwoFactors, public, store::SessionStore,
};
use serde::{Deserialize, Serialize};

use crate::support::{ByHand, key};

pub(crate) struct User(u64);

impl AuthUser for User {
    type Id = u64;
    type Factors = TwoFactors;

    fn id(&self) -> u64 {
        self.0
    }

    fn session_auth_hash(&self) -> AuthHash {
        AuthHash::none()
    }

    fn has_second_factor(&self) -> bool {
        self.0.is_multiple_of(2)
    }
}

struct AnyCode;

impl SecondFactor<User> for AnyCode {
    type Error = Infallible;

    async fn check(self, _: &Login<User>, _: &User) -> Result<bool, Infallible> {
        Ok(true)
    }
}

enum Link {}

impl Purpose for Link {
    const NAME: &'static str = "link";
}

#[derive(Default, Serialize, Deserialize)]
struct Cart(Vec<u64>);

impl SessionData for Cart {
    type User = User;
    const NAME: &'static str = "cart";
    const KEEP_AT_LOGIN: bool = true;
}

#[derive(Clone, FromRef)]
struct App {
    login: Login<User>,
    sessions: Sessions<User>,
}

type Done = Result<&'static str, LoginError>;

async fn log_in(
    session: Session<Anonymous>,
    login: Login<User>,
    Path((id, remember)): Path<(u64, bool)>,
) -> Done {
    let verified = login.vouch_for_all_factors(User(id));
    session.login_user(verified).remember(remember).await?;
    Ok("done")
}

async fn begin(
    session: Session<Anonymous>,
    login: Login<User>,
    Path((id, remember)): Path<(u64, bool)>,
) -> Done {
    let FirstFactor::AsksForSecond(half) = login.vouch_for(User(id)) else {
        return Err(LoginError::refused());
    };
    session.begin_login(half).remember(remember).await?;
    Ok("done")
}

async fn finish(session: Session<Pending<User>>) -> Done {
    session.finish_login(AnyCode).await?;
    Ok("done")
}

async fn confirm(session: Session<Authenticated<User>>, login: Login<User>) -> Done {
    let verified = login.vouch_for_all_factors(User(session.user().0));
    session.confirm_login(verified).await?;
    Ok("done")
}

async fn switch(
    session: Session<Authenticated<User>>,
    login: Login<User>,
    Path(id): Path<u64>,
) -> Done {
    let verified = login.vouch_for_all_factors(User(id + 1));
    session.switch_user(verified).await?;
    Ok("done")
}

async fn change(session: Session<Fresh<User>>) -> Done {
    let user = User(session.user().0);
    session.credentials_changed(user).await?;
    Ok("done")
}

async fn log_out(session: Session<Authenticated<User>>) -> Done {
    session.logout_user().await?;
    Ok("done")
}

async fn end_others(by: Fresh<User>, login: Login<User>) -> Done {
    login.sessions(&by).end_others().await?;
    Ok("done")
}

async fn end_all(State(sessions): State<Sessions<User>>, Path(id): Path<u64>) -> Done {
    sessions.end_all(&id).await?;
    Ok("done")
}

async fn put(_: CurrentUser<User>, mut cart: Data<Cart>, Path(value): Path<u64>) -> Done {
    cart.update(|cart| cart.0.push(value)).await?;
    Ok("done")
}

async fn mail(_: Anonymous, login: Login<User>, Path(id): Path<u64>) -> Result<String, LoginError> {
    let token: OneTimeToken<Link> = login.one_time_token(&User(id)).await?;
    Ok(token.reveal().to_owned())
}

async fn redeem(_: Anonymous, login: Login<User>, Path(token): Path<String>) -> Done {
    login.redeem(OneTimeToken::<Link>::from(token)).await?;
    Ok("done")
}

async fn check(_: Anonymous, login: Login<User>, Path(token): Path<String>) -> Done {
    login
        .check_token(&OneTimeToken::<Link>::from(token))
        .await?;
    Ok("good")
}

/// Reads and writes nothing.
async fn look(who: CurrentUser<User>, cart: Data<Cart>) -> String {
    let who = who.user().map_or("out", |_| "in");
    format!("{who} {:?}", cart.0)
}

async fn me(user: Authenticated<User>) -> String {
    format!("user {}", user.0)
}

async fn pending(_: Pending<User>) -> &'static str {
    "pending"
}

pub(crate) fn app(store: impl SessionStore, clock: Arc<ByHand>) -> (Router, Sessions<User>) {
    let manager = LoginManager::builder()
        .user_loader(async |id: u64| {
            tokio::task::yield_now().await;
            Ok::<_, Infallible>(Some(User(id)))
        })
        .secret_key(key(1))
        .store(store)
        .clock(clock)
        .login_path("/login")
        .second_factor_path("/code")
        .build()
        .unwrap();
    let sessions = manager.sessions();
    let app = manager.into_router(|login| {
        Routes::new()
            .get("/look", public(look))
            .get("/me", me)
            .get("/pending", pending)
            .post("/login/{id}/{remember}", log_in)
            .post("/begin/{id}/{remember}", begin)
            .post("/finish", finish)
            .post("/confirm", confirm)
            .post("/switch/{id}", switch)
            .post("/change", change)
            .post("/logout", log_out)
            .post("/end-others", end_others)
            .post("/end-all/{id}", public(end_all))
            .post("/cart/{value}", put)
            .post("/mail/{id}", mail)
            .post("/redeem/{token}", redeem)
            .get("/check/{token}", check)
            .with_state(App {
                login,
                sessions: sessions.clone(),
            })
    });
    (app, sessions)
}
