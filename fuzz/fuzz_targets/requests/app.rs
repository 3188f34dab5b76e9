//! An app with a route of every kind. Each handler says that it was reached and
//! by whom; one that has changed a login says what it did.

use axum::{
    Router,
    extract::{Path, Query, State},
    http::{HeaderName, header, request::Parts},
    routing,
};
use portcullis::{
    Anonymous, AnySession, Authenticated, CurrentUser, Data, Fresh, Login, LoginError, Routes,
    Session, public,
};
use portcullis_fuzz::support::{App, Database, Note, Ready, User};
use serde::Deserialize;
use std::{convert::Infallible, sync::Arc};

pub const REACHED: HeaderName = HeaderName::from_static("x-reached");
pub const DID: HeaderName = HeaderName::from_static("x-did");

/// What a handler says: that it was reached, and who asked.
type Says = ([(HeaderName, &'static str); 1], String);
/// What it did as well.
type Does = ([(HeaderName, String); 2], String);

pub const PATHS: &[&str] = &[
    "/x/me",
    "/x/fresh",
    "/x/who",
    "/x/public",
    "/x/data",
    "/x/anonymous",
    "/x/in/1",
    "/x/in/2?remember=true",
    "/x/in/1?remember=true&next=%2Fx%2Fme",
    "/x/in/3?stale=true",
    "/x/confirm/1",
    "/x/confirm/2",
    "/x/switch/2",
    "/x/password/new",
    "/x/out",
    "/x/any",
    "/x/callback/2",
    "/x/hook",
    "/x/note",
    "/x/assets/a.css",
    "/x/members/home",
    "/x/members/fresh",
    "/x/members/files/a",
    "/x/members/nothing/here",
    "/x/nothing",
];

pub fn settings(builder: Ready) -> Ready {
    builder.request_loader(by_key)
}

/// `Authorization: Bearer 4` is user 4.
async fn by_key(request: Parts) -> Result<Option<User>, Infallible> {
    let keys: Vec<_> = request
        .headers
        .get_all(header::AUTHORIZATION)
        .iter()
        .collect();
    let [key] = keys[..] else {
        return Ok(None);
    };
    let id = key
        .to_str()
        .ok()
        .and_then(|key| key.strip_prefix("Bearer "));
    Ok(id.and_then(|id| id.parse().ok()).map(|id| User {
        id,
        password: String::new(),
        active: true,
    }))
}

pub fn routes(routes: Routes<App>, _: Login<User>) -> Routes<App> {
    let ours = Routes::new()
        .get("/me", me)
        .get("/fresh", fresh)
        .get("/who", who)
        .get("/public", public(async || says("everyone".to_owned())))
        .get("/data", data)
        .get("/anonymous", async |_: Anonymous| says("nobody".to_owned()))
        .post("/in/{id}", log_in)
        .post("/confirm/{id}", confirm)
        .post("/switch/{id}", switch)
        .post("/password/new", change_password)
        .post("/out", log_out)
        .post("/any", any)
        .get_callback("/callback/{id}", log_in)
        .cross_origin("/hook", who)
        .post("/note", note)
        .public_service("/assets", service("everyone"))
        .area::<Authenticated<User>>("/members", |area| {
            area.get("/home", me)
                .get("/fresh", fresh)
                .service("/files", service("somebody"))
                .fallback(me)
        });
    routes.nest("/x", ours)
}

fn says(body: String) -> Says {
    ([(REACHED, "yes")], body)
}

fn does(what: &str, id: u64) -> Does {
    let did = format!("{what} {id}");
    ([(REACHED, "yes".to_owned()), (DID, did.clone())], did)
}

fn service(body: &'static str) -> Router {
    Router::new().fallback(routing::any(async move || says(body.to_owned())))
}

async fn me(user: Authenticated<User>) -> Says {
    says(format!("user {}", user.id))
}

async fn fresh(user: Fresh<User>) -> Says {
    says(format!("fresh {}", user.id))
}

async fn who(who: CurrentUser<User>) -> Says {
    says(name(&who))
}

fn name(who: &CurrentUser<User>) -> String {
    who.user()
        .map_or("nobody".to_owned(), |user| format!("user {}", user.id))
}

async fn data(who: CurrentUser<User>, note: Data<Note>) -> Says {
    says(format!("{} {:?}", name(&who), note.0))
}

async fn note(
    who: CurrentUser<User>,
    mut note: Data<Note>,
    Query(Value { value }): Query<Value>,
) -> Result<Says, LoginError> {
    note.update(|note| note.0.push(value)).await?;
    Ok(says(name(&who)))
}

#[derive(Deserialize)]
struct Value {
    value: u64,
}

async fn any(session: AnySession<User>) -> Says {
    says(match session {
        AnySession::Anonymous(_) => "nobody".to_owned(),
        AnySession::Authenticated(session) => format!("user {}", session.user().id),
        AnySession::Fresh(session) => format!("fresh {}", session.user().id),
    })
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    remember: bool,
    #[serde(default)]
    stale: bool,
}

async fn log_in(
    session: Session<Anonymous>,
    login: Login<User>,
    State(database): State<Arc<Database>>,
    Path(id): Path<u64>,
    Query(asked): Query<Asked>,
) -> Result<Does, LoginError> {
    let user = database.find(id).ok_or_else(LoginError::refused)?;
    let login = session
        .login_user(login.vouch_for(user))
        .remember(asked.remember);
    match asked.stale {
        true => drop(login.stale().await?),
        false => drop(login.await?),
    }
    Ok(does(if asked.stale { "stale" } else { "in" }, id))
}

async fn confirm(
    session: Session<Authenticated<User>>,
    login: Login<User>,
    State(database): State<Arc<Database>>,
    Path(id): Path<u64>,
) -> Result<Does, LoginError> {
    let user = database.find(id).ok_or_else(LoginError::refused)?;
    session.confirm_login(login.vouch_for(user)).await?;
    Ok(does("confirmed", id))
}

async fn switch(
    session: Session<Authenticated<User>>,
    login: Login<User>,
    State(database): State<Arc<Database>>,
    Path(id): Path<u64>,
) -> Result<Does, LoginError> {
    let user = database.find(id).ok_or_else(LoginError::refused)?;
    session.switch_user(login.vouch_for(user)).await?;
    Ok(does("switched", id))
}

async fn change_password(
    session: Session<Fresh<User>>,
    State(database): State<Arc<Database>>,
) -> Result<Does, LoginError> {
    let id = session.user().id;
    database.change(id, |user| user.password.push('+'));
    let user = database.find(id).ok_or_else(LoginError::refused)?;
    session.credentials_changed(user).await?;
    Ok(does("changed", id))
}

async fn log_out(session: Session<Authenticated<User>>) -> Result<Does, LoginError> {
    let id = session.user().id;
    session.logout_user().await?;
    Ok(does("out", id))
}
