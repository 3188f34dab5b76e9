//! What an operator sees: spans and events in the log, counts for a scraper, and
//! an alarm.
//!
//! Run it with `cargo run --example observability`, log in at
//! <http://127.0.0.1:3000> with any name, and look at <http://127.0.0.1:9100/metrics>.
//!
//! The log goes by `tracing`, target `portcullis`, as every crate's does: each event
//! has the fields `event`, a name that stays, and `realm`; where it is about a
//! session, `session`, a hash that finds nothing. Transitions, loads, password hashes
//! and the steps of a store are spans.

use std::convert::Infallible;

use axum::{
    Form, Router,
    extract::State,
    response::{Html, Redirect},
    routing,
};
use portcullis::{
    Anonymous, AuthHash, AuthUser, Authenticated, BoxError, EventKind, Login, LoginError,
    LoginEvent, LoginManager, OneFactor, Routes, SecretKey, Session, Sessions, public,
};
use serde::Deserialize;
use tokio::net::TcpListener;
use tracing_subscriber::fmt::format::FmtSpan;

/// Whoever gives a name is that user: this lesson is about what is seen of it.
struct Guest(String);

impl AuthUser for Guest {
    type Id = String;
    type Factors = OneFactor;

    fn id(&self) -> String {
        self.0.clone()
    }

    fn session_auth_hash(&self) -> AuthHash {
        AuthHash::none() // nobody has a password
    }
}

async fn load_guest(name: String) -> Result<Option<Guest>, Infallible> {
    Ok(Some(Guest(name)))
}

async fn login_page() -> Html<&'static str> {
    Html(r#"<form method="post"><input name="name"><button>Log in</button></form>"#)
}

#[derive(Deserialize)]
struct LoginForm {
    name: String,
}

async fn log_in(
    session: Session<Anonymous>,
    login: Login<Guest>,
    Form(form): Form<LoginForm>,
) -> Result<Redirect, LoginError> {
    if form.name.is_empty() {
        return Err(LoginError::refused());
    }
    let guest = login.vouch_for(Guest(form.name));
    Ok(session.login_user(guest).await?.next_or("/"))
}

/// A line of the app's own, under the name that the library's lines have.
async fn home(guest: Authenticated<Guest>, login: Login<Guest>) -> Html<String> {
    let session = guest.info().id().map(|id| login.session_hash(id));
    let session = session.map(tracing::field::display);
    tracing::info!(session, "the home page was shown");
    Html(r#"<form method="post" action="/logout"><button>Log out</button></form>"#.to_owned())
}

async fn log_out(session: Session<Authenticated<Guest>>) -> Result<Redirect, LoginError> {
    session.logout_user().await?;
    Ok(Redirect::to("/login"))
}

/// What somebody has to be woken up for.
fn alarm(event: &LoginEvent<Guest>) {
    if matches!(
        event.kind(),
        EventKind::RememberTheft | EventKind::StoreFailed
    ) {
        eprintln!("ALARM: {}", event.kind().name());
    }
}

/// The text format of Prometheus.
async fn metrics(State(sessions): State<Sessions<Guest>>) -> String {
    let lines = sessions.event_counts().into_iter().map(|(kind, count)| {
        let name = kind.name();
        format!("login_events_total{{event=\"{name}\"}} {count}\n")
    });
    let head = "# TYPE login_events_total counter\n".to_owned();
    [head].into_iter().chain(lines).collect()
}

/// What the world sees, and what only the scraper does.
pub fn apps() -> Result<(Router, Router), BoxError> {
    let manager = LoginManager::builder()
        .user_loader(load_guest)
        .secret_key(SecretKey::generate()?)
        .login_path("/login")
        .on_event(alarm)
        .build()?;
    let inside = Router::new()
        .route("/metrics", routing::get(metrics))
        .with_state(manager.sessions());
    let outside = manager.into_router(|login| {
        Routes::new()
            .get("/", home)
            .get("/login", public(login_page))
            .post("/login", log_in)
            .post("/logout", log_out)
            .with_state(login)
    });
    Ok((outside, inside))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_span_events(FmtSpan::CLOSE) // with the time that each took
        .init();
    let (outside, inside) = apps()?;
    let scraped = TcpListener::bind("127.0.0.1:9100").await?;
    tokio::spawn(async { axum::serve(scraped, inside).await });
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    axum::serve(listener, outside).await?;
    Ok(())
}
