#[path = "../common.rs"]
mod common;
use common::*;
use std::{future::Future, pin::Pin, sync::Arc};

use axum::{extract::State, response::IntoResponse};
use portcullis::{AuthUser, Authenticated, CurrentUser, Login, Routes, public};

struct Pages;

impl Pages {
    async fn home(_: CurrentUser<User>) -> &'static str {
        "home"
    }
}

fn boxed(user: Authenticated<User>) -> Pin<Box<dyn Future<Output = String> + Send>> {
    Box::pin(async move { user.name.clone() })
}

async fn generic<U: AuthUser>(_: Authenticated<U>) -> impl IntoResponse {
    "hello"
}

fn later(_: Authenticated<User>) -> impl Future<Output = &'static str> + Send {
    async { "later" }
}

fn main() {
    let greeting = Arc::new("hello".to_owned());
    let _: axum::Router = users().into_router(move |login| {
        Routes::new()
            .get("/home", Pages::home)
            .get("/boxed", boxed)
            .get("/generic", generic::<User>)
            .get("/later", later)
            .get(
                "/closure",
                |user: Authenticated<User>, _: State<Db>| async move { user.name.clone() },
            )
            .get("/capturing", async move |_: Authenticated<User>| {
                greeting.to_string()
            })
            .get("/public", public(|_: State<Login<User>>| async { "open" }))
            .get("/constant", public("constant"))
            .with_state(App { login, db: Db })
    });
}
