//! What reaches the log: each failure, and no secret.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    fmt::Write,
    sync::{Arc, Mutex, atomic::Ordering},
};

use axum::{
    extract::{Path, State},
    http::{Method, StatusCode},
};
use data_encoding::BASE64URL_NOPAD;
use portcullis::{
    Anonymous, Authenticated, BoxError, Fresh, Login, LoginError, NoState, PeerAddress, Policy,
    Routes, Session, Throttle, public, store::RecordId,
};
use support::*;
use tracing::{Event, Metadata, Subscriber, field, span};

/// Everything that is logged on this thread, as one text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Log {
    fn taken(&self) -> String {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

struct Fields<'a>(&'a mut String);

impl field::Visit for Fields<'_> {
    fn record_debug(&mut self, field: &field::Field, value: &dyn std::fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        let mut log = self.0.lock().unwrap();
        let metadata = span.metadata();
        write!(log, "SPAN {} {}", metadata.target(), metadata.name()).unwrap();
        span.record(&mut Fields(&mut log));
        log.push('\n');
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut log = self.0.lock().unwrap();
        write!(
            log,
            "{} {}",
            event.metadata().level(),
            event.metadata().target()
        )
        .unwrap();
        event.record(&mut Fields(&mut log));
        log.push('\n');
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// The id of a session in a cookie, as the library would print it.
fn in_hex(id: &str) -> Option<String> {
    let bytes = BASE64URL_NOPAD.decode(id.as_bytes()).ok()?;
    Some(RecordId::from_bytes(bytes.try_into().ok()?).to_string())
}

/// A policy whose list of permissions is gone.
enum Unreachable {}

impl Policy<User, u64> for Unreachable {
    type State = NoState;
    type Error = BoxError;

    async fn allows(_: &Authenticated<User>, _: &u64, _: &NoState) -> Result<bool, BoxError> {
        Err("the permissions are gone".into())
    }
}

#[tokio::test]
async fn a_failed_policy_is_logged_with_its_cause() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let order = async |by: Authenticated<User>, login: Login<User>| {
        let order = login.allow::<Unreachable, _>(&by, 7).await;
        order.map(|order| order.to_string())
    };
    let world = World::with(|builder| builder, |routes, _| routes.get("/order", order));
    let mut browser = world.logged_in(1).await;
    log.taken();
    let reply = browser.get("/order").await;
    assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!reply.body.contains("permissions"), "{}", reply.body);
    let logged = log.taken();
    assert!(
        logged.contains(r#"event="policy_failed" realm="login" error="#)
            && logged.contains("the permissions are gone"),
        "{logged}"
    );
}

#[tokio::test]
async fn each_failure_is_logged_with_its_cause() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let world = World::new();
    let mut browser = world.logged_in(1).await;
    log.taken();

    world.store.break_at(Some("load"));
    assert_eq!(
        browser.get("/me").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    let logged = log.taken();
    assert!(
        logged.contains(r#"event="store_failed" realm="login" error="#)
            && logged.contains("the store is gone"),
        "{logged}"
    );
    world.store.break_at(None);

    for (fault, cause) in [
        (&world.database.broken, "the database is gone"),
        (&world.database.panics, "the user loader panicked"),
    ] {
        fault.store(true, Ordering::SeqCst);
        assert_eq!(
            browser.get("/me").await.status,
            StatusCode::INTERNAL_SERVER_ERROR
        );
        let logged = log.taken();
        assert!(
            logged.contains(r#"event="loader_failed" realm="login" error="#)
                && logged.contains(cause),
            "{logged}"
        );
        fault.store(false, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_transition_that_is_dropped_is_logged() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let world = World::with(
        |builder| builder,
        |routes, _| {
            routes.post(
                "/forgotten",
                async |session: portcullis::Session<portcullis::Authenticated<User>>| {
                    drop(session.logout_user());
                },
            )
        },
    );
    let mut browser = world.logged_in(1).await;
    let logged = log.taken();
    assert!(!logged.contains("WARN"), "{logged}");
    browser.post("/forgotten").await;
    let logged = log.taken();
    assert!(
        logged.contains("WARN portcullis") && logged.contains("logout_user"),
        "{logged}"
    );
    assert_eq!(
        browser.get("/me").await.body,
        "user 1",
        "nothing has changed"
    );
}

/// A proof is printed as its name and its session.
#[tokio::test]
async fn no_secret_is_printed_with_a_proof() {
    let world = World::with(
        |builder| builder,
        |routes, _| {
            routes
                .get("/nobody", async |who: Anonymous| format!("{who:?}"))
                .get("/user", async |who: Authenticated<User>| format!("{who:?}"))
                .get("/just-now", async |who: Fresh<User>| format!("{who:?}"))
                .post("/session", async |who: Session<Authenticated<User>>| {
                    format!("{who:?}")
                })
        },
    );
    let nobody = world.browser().get("/nobody").await;
    assert_eq!(nobody.body, "Anonymous { realm: \"login\" }");
    let mut browser = world.logged_in(1).await;
    let cookie = browser.session().unwrap().to_owned();
    for (method, path, begins) in [
        (Method::GET, "/user", "Authenticated { session: "),
        (Method::GET, "/just-now", "Fresh { session: "),
        (
            Method::POST,
            "/session",
            "Session(Authenticated { session: ",
        ),
    ] {
        let printed = browser.api(method, path).await.body;
        assert!(printed.starts_with(begins), "{printed}");
        assert!(!printed.contains("secret 1"), "the user: {printed}");
        for secret in cookie.split('.').skip(2) {
            assert!(!printed.contains(secret), "{printed}");
        }
    }
}

#[tokio::test]
async fn no_secret_reaches_the_log() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let world = World::new();
    let mut browser = world.browser();
    let mut secrets = vec![];
    for path in [
        "/note/424242",
        "/remember/1",
        "/confirm/1",
        "/password/hunter2",
        "/switch/2",
        "/logout",
        "/login/77",
    ] {
        browser.post(path).await;
        for value in browser.jar.values() {
            secrets.extend(value.split('.').skip(1).map(str::to_owned)); // the id too
        }
    }
    browser.post("/remember/1").await;
    let mut thief = browser.clone();
    for browser in [&mut browser, &mut thief] {
        browser.close();
        browser.get("/me").await;
        world.clock.pass(HOUR);
        secrets.extend(
            browser
                .jar
                .values()
                .flat_map(|value| value.split('.').skip(1))
                .map(str::to_owned),
        );
    }
    world.store.break_at(Some("all"));
    browser.post("/login/1").await;
    browser.get("/data").await;
    secrets.extend(["hunter2", "secret 1", "424242"].map(str::to_owned));
    let logged = log.taken();
    assert!(logged.lines().count() >= 6, "{logged}");
    let ids = secrets
        .iter()
        .filter_map(|id| in_hex(id))
        .collect::<Vec<_>>();
    assert!(!ids.is_empty());
    secrets.extend(ids);
    for secret in secrets {
        assert!(!logged.contains(&secret), "{secret} in\n{logged}");
    }
}

#[tokio::test]
async fn events_are_logged_under_names_that_stay() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let world = World::new();
    let mut browser = world.remembered(1).await;
    let logged = log.taken();
    let start = r#"INFO portcullis event="user_logged_in" realm="login" session="#;
    assert!(logged.contains(start), "{logged}");
    let looked = r#"TRACE portcullis event="user_accessed" realm="login""#;
    assert!(logged.contains(looked), "{logged}");
    browser.close();
    let mut thief = browser.clone();
    browser.get("/me").await;
    browser.get("/fresh").await;
    let logged = log.taken();
    assert!(
        logged.contains(r#"INFO portcullis event="user_loaded_from_cookie""#),
        "{logged}"
    );
    assert!(
        logged.contains(r#"DEBUG portcullis event="user_needs_refresh""#),
        "{logged}"
    );
    browser.user_agent = "Chrome/1.0";
    world.clock.pass(HOUR);
    browser.get("/me").await;
    thief.get("/me").await;
    let logged = log.taken();
    assert!(
        logged.contains(r#"WARN portcullis event="session_protected""#),
        "{logged}"
    );
    let theft = r#"WARN portcullis event="remember_theft" realm="login""#;
    assert!(logged.contains(theft), "{logged}");
}

#[tokio::test]
async fn what_takes_time_is_a_span() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let world = World::new();
    let mut browser = world.logged_in(1).await;
    browser.get("/me").await;
    browser.post("/confirm/1").await;
    browser.post("/logout").await;
    let logged = log.taken();
    for span in [
        "SPAN portcullis login_user\n",
        "SPAN portcullis confirm_login\n",
        "SPAN portcullis logout_user\n",
        "SPAN portcullis user_loader\n",
        "SPAN portcullis store step=\"insert\"\n",
        "SPAN portcullis store step=\"rotate\"\n",
        "SPAN portcullis store step=\"end\"\n",
    ] {
        assert!(logged.contains(span), "{span} in\n{logged}");
    }
}

#[tokio::test]
async fn the_log_and_the_app_call_a_session_by_one_hash() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let name = async |user: Authenticated<User>, login: Login<User>| {
        login.session_hash(user.info().id().unwrap()).to_string()
    };
    let world = World::with(|builder| builder, |routes, _| routes.get("/hash", name));
    let mut browser = world.logged_in(1).await;
    let hash = browser.get("/hash").await.body;
    let logged = log.taken();
    let logged_in = format!(r#"event="user_logged_in" realm="login" session={hash}"#);
    assert!(logged.contains(&logged_in), "{logged_in} in\n{logged}");
    let id = browser.session_id().unwrap();
    assert!(!logged.contains(&id), "{logged}");
    assert!(!logged.contains(&in_hex(&id).unwrap()), "{logged}");
    browser.post("/confirm/1").await;
    assert_ne!(browser.get("/hash").await.body, hash, "as the id");
}

#[tokio::test]
async fn tries_at_one_account_are_told_apart_from_others_and_nobody_is_named() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    async fn guess(login: Login<User>, Path(name): Path<String>) -> Result<(), LoginError> {
        login.attempt(&name, None).await.map(drop)
    }
    let network = Throttle::default().network(PeerAddress::BehindProxies(1));
    let world = World::with(
        |builder| builder.throttle(network),
        |routes, _| {
            routes.post("/guess/{name}", async |_: Anonymous, login, name| {
                guess(login, name).await
            })
        },
    );
    let mut lines = vec![];
    for name in ["ann", "ann", "bob"] {
        let from = [("x-forwarded-for", "192.0.2.7")];
        world
            .browser()
            .send(Method::POST, &format!("/guess/{name}"), &from)
            .await;
        let logged = log.taken();
        let line = logged
            .lines()
            .find(|line| line.contains(r#"event="login_refused""#));
        lines.push(line.unwrap().to_owned());
        assert!(!logged.contains(name), "{logged}");
    }
    assert_eq!(lines[0], lines[1]);
    assert_ne!(lines[0], lines[2]);
    assert!(lines[0].ends_with("network=192.0.2.7"), "{}", lines[0]);
    assert!(lines[0].contains(r#"factor="first""#), "{}", lines[0]);
}

/// What a client sends stays within the quotes of its line.
#[tokio::test]
async fn nobody_forges_a_line_of_the_log() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let world = World::new();
    let mut browser = world.browser();
    browser.user_agent = "Firefox\t\u{a0}\\n2026 INFO portcullis event=\"user_logged_in\"";
    let there = [("origin", "https://evil.example\" event=\"user_logged_in")];
    browser.send(Method::POST, "/login/1", &there).await;
    browser
        .post("/login/1?next=/%0aINFO%20portcullis%20event=user_logged_in")
        .await;
    browser.get("/me").await;
    let logged = log.taken();
    let refused =
        r#"event="origin_refused" origin=Some("https://evil.example\" event=\"user_logged_in")"#;
    assert!(logged.contains(refused), "{logged}");
    let lines = logged
        .lines()
        .filter(|line| line.contains(r#" event="user_logged_in" "#));
    assert_eq!(lines.count(), 1, "{logged}");
}

#[tokio::test]
async fn what_is_about_one_account_has_one_name_in_the_log() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    async fn guess(
        login: Login<User>,
        State(database): State<Arc<Database>>,
        Path(id): Path<u64>,
    ) -> Result<(), LoginError> {
        login
            .attempt("ann", database.find(id).as_ref())
            .await
            .map(drop)
    }
    let more = |routes: Routes<App>, _| routes.post("/guess/{id}", public(guess));
    let world = World::with(|builder| builder, more);
    let account = |logged: &str, event: &str| {
        let event = format!("event={event:?} ");
        let mut lines = logged.lines().filter(|line| line.contains(&event));
        let (_, rest) = lines.find_map(|line| line.split_once("account=")).unwrap();
        rest.split(' ').next().unwrap().to_owned()
    };
    let mut names = vec![];
    for id in [1, 2] {
        world.browser().post(&format!("/guess/{id}")).await;
        world.logged_in(id).await.post("/logout").await;
        let logged = log.taken();
        let name = account(&logged, "login_refused");
        for event in ["user_logged_in", "user_accessed", "user_logged_out"] {
            assert_eq!(account(&logged, event), name, "{event}");
        }
        names.push(name);
    }
    assert_ne!(names[0], names[1]);
    assert_eq!(names[0].len(), 16);
}
