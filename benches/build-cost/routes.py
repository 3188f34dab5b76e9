"""What two hundred guarded routes take to compile, beside the same on plain axum.

`python3 benches/build-cost/routes.py` builds both once, and then each crate alone
three times.
"""

import statistics
import tempfile

from cargo import PORTCULLIS, App

ROUTES = 200
TIMES = 3

PLAIN = """\
use axum::{
    Form, Router,
    extract::{FromRef, FromRequestParts, Path, State},
    http::{StatusCode, request::Parts},
    routing::{get, post},
};

pub struct User {
    pub id: u64,
}

/// The extractor that an app writes for itself.
pub struct Authenticated(pub User);

impl<S: Send + Sync> FromRequestParts<S> for Authenticated
where
    Login: FromRef<S>,
{
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, StatusCode> {
        let cookie = parts.headers.get("cookie").and_then(|cookie| cookie.to_str().ok());
        let id = cookie.and_then(|cookie| cookie.parse().ok());
        Login::from_ref(state).user(id.ok_or(StatusCode::UNAUTHORIZED)?).map(Self)
    }
}

#[derive(Clone)]
pub struct Login;

impl Login {
    fn user(&self, id: u64) -> Result<User, StatusCode> {
        Ok(User { id })
    }
}
"""

GUARDED = """\
use axum::{
    Form,
    extract::{FromRef, Path, State},
};
use portcullis::{AuthHash, AuthUser, Login, LoginManager, OneFactor, Routes, SecretKey};

pub type Authenticated = portcullis::Authenticated<User>;

pub struct User {
    pub id: u64,
}

impl AuthUser for User {
    type Id = u64;
    type Factors = OneFactor;

    fn id(&self) -> u64 {
        self.id
    }

    fn session_auth_hash(&self) -> AuthHash {
        AuthHash::none()
    }
}

async fn load(id: u64) -> Result<Option<User>, std::convert::Infallible> {
    Ok(Some(User { id }))
}
"""

SHARED = """
#[derive(Clone, FromRef)]
pub struct AppState {{
    pub login: {login},
    pub names: Names,
}}

#[derive(Clone)]
pub struct Names;

#[derive(serde::Deserialize)]
pub struct Input {{
    pub name: String,
}}
"""

READ = """
async fn page_{n}(user: Authenticated, Path(id): Path<u64>) -> String {{
    format!("page {n} of {{}}: {{id}}", {user}.id)
}}
"""

WRITE = """
async fn page_{n}(user: Authenticated, State(_): State<Names>, Form(input): Form<Input>) -> String {{
    format!("page {n} of {{}}: {{}}", {user}.id, input.name)
}}
"""

MAIN = """
#[tokio::main]
async fn main() {{
    let app = {app};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await;
    axum::serve(listener.unwrap(), app).await.unwrap();
}}
"""

MANAGER = """LoginManager::builder()
        .user_loader(load)
        .secret_key(SecretKey::generate().unwrap())
        .build()
        .unwrap()
        .into_router(|login| {routes})"""


def handlers(user):
    """A page to read, a form to send, and so on."""
    return "".join((READ, WRITE)[n % 2].format(n=n, user=user) for n in range(ROUTES))


def plain():
    routes = "Router::new()"
    for n in range(ROUTES):
        path, method = (f"/{n}/{{id}}", "get") if n % 2 == 0 else (f"/{n}", "post")
        routes += f'\n        .route("{path}", {method}(page_{n}))'
    routes += "\n        .with_state(AppState { login: Login, names: Names })"
    return PLAIN + SHARED.format(login="Login") + handlers("user.0") + MAIN.format(app=routes)


def guarded():
    routes = "Routes::new()"
    for n in range(ROUTES):
        path, method = (f"/{n}/{{id}}", "get") if n % 2 == 0 else (f"/{n}", "post")
        routes += f'\n        .{method}("{path}", page_{n})'
    routes += "\n        .with_state(AppState { login, names: Names })"
    app = MANAGER.format(routes=routes)
    return GUARDED + SHARED.format(login="Login<User>") + handlers("user") + MAIN.format(app=app)


def alone(app, *command):
    """The median of building the crate and nothing else."""
    app.seconds(*command)
    taken = []
    for _ in range(TIMES):
        app.main.touch()
        taken.append(app.seconds(*command))
    return statistics.median(taken)


with tempfile.TemporaryDirectory() as place:
    serde = 'serde = { version = "1", features = ["derive"] }\n'
    apps = [
        App(place, "plain", serde, plain()),
        App(place, "guarded", serde + PORTCULLIS, guarded()),
    ]
    print(f"| {ROUTES} routes | plain axum | guarded | ratio |\n|---|---|---|---|")
    for command in (["check"], ["build"], ["build", "--release"]):
        plain_seconds, guarded_seconds = (alone(app, *command) for app in apps)
        ratio = guarded_seconds / plain_seconds
        name = " ".join(["cargo", *command])
        print(f"| `{name}` | {plain_seconds:.1f} s | {guarded_seconds:.1f} s | {ratio:.2f} |", flush=True)
