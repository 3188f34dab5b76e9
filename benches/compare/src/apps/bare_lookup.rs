//! Plain axum that looks up the cookie's user, with none of the checks that make it safe.

use std::{
    collections::HashMap,
    sync::{
        Arc, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    routing::{get, post},
};
use tokio::runtime::Runtime;

use super::{App, User, Users};

#[derive(Clone)]
struct Sessions {
    users: Users,
    all: Arc<RwLock<HashMap<u64, i64>>>,
    next: Arc<AtomicU64>,
}

impl Sessions {
    fn id(headers: &HeaderMap) -> Option<u64> {
        let cookie = headers.get(header::COOKIE)?.to_str().ok()?;
        cookie.strip_prefix("sid=")?.parse().ok()
    }

    fn user(&self, headers: &HeaderMap) -> Option<User> {
        let id = *self.all.read().ok()?.get(&Self::id(headers)?)?;
        self.users.get(id)
    }
}

pub(super) fn app(users: &Users, _: &Runtime) -> App {
    let router = Router::new()
        .route("/public", get(async || "hello"))
        .route(
            "/protected",
            get(
                async |headers: HeaderMap, State(sessions): State<Sessions>| match sessions
                    .user(&headers)
                {
                    Some(user) => Ok(user.0.name.clone()),
                    None => Err(StatusCode::UNAUTHORIZED),
                },
            ),
        )
        .route(
            "/login/{id}",
            post(
                async |Path(id): Path<i64>, State(sessions): State<Sessions>| {
                    let number = sessions.next.fetch_add(1, Ordering::Relaxed);
                    let number = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
                    if let Ok(mut all) = sessions.all.write() {
                        all.insert(number, id);
                    }
                    [(header::SET_COOKIE, format!("sid={number}; HttpOnly"))]
                },
            ),
        )
        .route(
            "/logout",
            post(
                async |headers: HeaderMap, State(sessions): State<Sessions>| {
                    if let (Some(id), Ok(mut all)) = (Sessions::id(&headers), sessions.all.write())
                    {
                        all.remove(&id);
                    }
                    [(header::SET_COOKIE, "sid=; Max-Age=0")]
                },
            ),
        )
        .with_state(Sessions {
            users: users.clone(),
            all: Arc::default(),
            next: Arc::new(AtomicU64::new(1)),
        });
    App {
        name: "bare axum, look-up",
        router,
        logs_in: true,
        keeps_data: false,
        remembers: false,
    }
}
