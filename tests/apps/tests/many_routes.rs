//! A library with more than eighty routes in many parts, under layers of
//! tracing, compression and CORS, with files for everyone and files for
//! members. Its access table is the whole truth about who may call what.

use std::{collections::BTreeSet, convert::Infallible};

use apps::{Answer, Browser};
use axum::{
    Router,
    body::Body,
    extract::{FromRef, Path, Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::{Next, from_fn_with_state, map_response},
    response::{Redirect, Response},
};
use portcullis::{
    AccessTable, Anonymous, AuthHash, AuthUser, Authenticated, BuildError, By, CurrentUser, Fresh,
    HoldsProof, Login, LoginError, LoginManager, NoState, OneFactor, Routes, SecretKey, Session,
    public,
};
use tower_http::{
    compression::CompressionLayer, cors::CorsLayer, services::ServeDir, trace::TraceLayer,
};

/// The one reader who is a librarian.
const LIBRARIAN: u64 = 2;

struct Reader(u64);

impl AuthUser for Reader {
    type Id = u64;
    type Factors = OneFactor;

    fn id(&self) -> u64 {
        self.0
    }

    fn session_auth_hash(&self) -> AuthHash {
        AuthHash::none()
    }
}

async fn load_reader(id: u64) -> Result<Option<Reader>, Infallible> {
    Ok(Some(Reader(id)))
}

#[derive(Clone, FromRef)]
struct App {
    login: Login<Reader>,
    motto: &'static str,
}

struct Librarian(Fresh<Reader>);

impl HoldsProof for Librarian {
    type Proof = Fresh<Reader>;
    type State = NoState;
    type Rejection = StatusCode;

    async fn from_proof(
        reader: Fresh<Reader>,
        _: &mut axum::http::request::Parts,
        _: &NoState,
    ) -> Result<Self, StatusCode> {
        if reader.0 == LIBRARIAN {
            Ok(Self(reader))
        } else {
            Err(StatusCode::FORBIDDEN)
        }
    }
}

async fn home(who: CurrentUser<Reader>) -> String {
    who.user().map_or("a visitor".to_owned(), |reader| {
        format!("reader {}", reader.0)
    })
}

async fn about(State(motto): State<&'static str>) -> &'static str {
    motto
}

async fn log_in(
    session: Session<Anonymous>,
    login: Login<Reader>,
    id: String,
) -> Result<Redirect, LoginError> {
    let id = id.parse().map_err(|_| LoginError::refused())?;
    let session = session.login_user(login.vouch_for(Reader(id))).await?;
    Ok(session.next_or("/"))
}

async fn log_out(session: Session<Authenticated<Reader>>) -> Result<Redirect, LoginError> {
    session.logout_user().await?;
    Ok(Redirect::to("/"))
}

async fn read(reader: Authenticated<Reader>) -> String {
    format!("read by {}", reader.0)
}

async fn read_one(reader: Authenticated<Reader>, Path(id): Path<String>) -> String {
    format!("{id}, read by {}", reader.0)
}

async fn write(reader: Fresh<Reader>) -> String {
    format!("written by {}", reader.0)
}

async fn administer(librarian: By<Librarian>) -> String {
    format!("administered by {}", librarian.0.0)
}

/// A long answer, worth compressing.
async fn catalogue() -> String {
    "A book, and another. ".repeat(500)
}

const COLLECTIONS: [&str; 11] = [
    "atlases", "books", "comics", "diaries", "essays", "films", "journals", "letters", "maps",
    "novels", "plays",
];

/// The six routes of one collection.
fn collection() -> Routes<App> {
    Routes::new()
        .get("/", read)
        .post("/", write)
        .get("/{id}", read_one)
        .put("/{id}", write)
        .patch("/{id}", write)
        .delete("/{id}", administer)
}

/// All collections, marked by a layer which their guards are inside of.
fn collections() -> Routes<App> {
    COLLECTIONS
        .into_iter()
        .fold(Routes::new(), |routes, name| {
            routes.nest(&format!("/{name}"), collection())
        })
        .route_layer(map_response(|mut response: Response| async move {
            let value = HeaderValue::from_static("collection");
            response.headers_mut().insert("x-part", value);
            response
        }))
}

/// Tells every answer of some routes who was asking.
async fn named(who: CurrentUser<Reader>, request: Request, next: Next) -> Response {
    let name = who.user().map_or(0, Reader::id);
    let mut response = next.run(request).await;
    response.headers_mut().insert("x-reader", name.into());
    response
}

/// Reports, whose paths are known at run time.
fn reports(login: &Login<Reader>) -> Routes<App> {
    (2001..=2008)
        .fold(Routes::new(), |routes, year| {
            routes.get(&format!("/reports/{year}"), read)
        })
        .layer(from_fn_with_state(login.clone(), named))
}

fn files(folder: &str) -> ServeDir {
    ServeDir::new(format!("{}/files/{folder}", env!("CARGO_MANIFEST_DIR")))
}

fn routes(login: Login<Reader>) -> Routes {
    Routes::new()
        .get("/", home)
        .get("/about", public(about))
        .get("/catalogue", public(catalogue))
        .get("/login", public(async || "Log in"))
        .post("/login", log_in)
        .post("/logout", log_out)
        .nest("/collections", collections())
        .merge(reports(&login))
        .area::<Authenticated<Reader>>("/members", |area| {
            area.get("/", read)
                .any("/anything", read)
                .service("/handbook", files("members"))
                .area::<Fresh<Reader>>("/account", |area| {
                    area.get("/", write).post("/close", write)
                })
        })
        .public_service("/static", files("public"))
        .with_state(App {
            login,
            motto: "Silence",
        })
}

/// The app as it is without what goes around every request.
fn bare() -> Result<(Router, AccessTable), BuildError> {
    let mut table = None;
    let router = LoginManager::builder()
        .user_loader(load_reader)
        .secret_key(SecretKey::generate()?)
        .login_path("/login")
        .build()?
        .into_router(|login| {
            let routes = routes(login);
            table = Some(routes.access_table());
            routes
        });
    Ok((router, table.expect("routes were built")))
}

fn app() -> Result<(Router, AccessTable), BuildError> {
    let (router, table) = bare()?;
    let router = router
        .layer(CompressionLayer::new())
        .layer(CorsLayer::permissive())
        .layer(TraceLayer::new_for_http());
    Ok((router, table))
}

async fn ask(app: &Router, method: &str, path: &str, accept: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "library.example")
        .header(header::ACCEPT, accept)
        .body(Body::from("1"));
    apps::send(app, request.expect("a request")).await
}

async fn logged_in(app: &Router, id: u64) -> Browser {
    let mut browser = Browser::on(app);
    assert_eq!(
        browser.post("/login", &id.to_string()).await.location(),
        "/"
    );
    browser
}

/// A path of a row, as a request asks for it.
fn path_of(row: &str) -> String {
    row.replace("{id}", "1").replace('*', "site.css")
}

fn methods_of(row: &str) -> Vec<&str> {
    match row {
        "*" => vec!["GET", "POST"],
        "GET" => vec!["GET", "HEAD"],
        one => vec![one],
    }
}

#[tokio::test]
async fn the_table_has_every_route() {
    let (_, table) = app().unwrap();
    assert_eq!(table.rows().len(), 6 + 11 * 6 + 8 + 5 + 1, "\n{table}");
    for (method, path, access) in [
        ("GET", "/", "CurrentUser<Reader>"),
        ("GET", "/about", "everyone"),
        ("POST", "/login", "Session<Anonymous>"),
        ("DELETE", "/collections/maps/{id}", "By<Librarian>"),
        ("GET", "/reports/2008", "Authenticated<Reader>"),
        ("POST", "/members/account/close", "Fresh<Reader>"),
        ("*", "/members/handbook/*", "Authenticated<Reader>"),
        ("*", "/static/*", "everyone"),
    ] {
        let mut rows = table.rows().iter();
        let row = rows.find(|row| row.method == method && row.path == path);
        let found = row.map(|row| row.access.as_str());
        assert_eq!(found, Some(access), "{method} {path} in\n{table}");
    }
}

#[tokio::test]
async fn what_the_table_says_is_what_a_stranger_meets() {
    let (app, table) = app().unwrap();
    // A login is for strangers, and a look refuses nobody.
    let open = BTreeSet::from(["everyone", "Session<Anonymous>", "CurrentUser<Reader>"]);
    for row in table.rows() {
        let path = path_of(&row.path);
        for method in methods_of(&row.method) {
            let page = ask(&app, method, &path, "text/html").await;
            let json = ask(&app, method, &path, "application/json").await;
            let statuses = (page.status, json.status);
            let refused = (StatusCode::SEE_OTHER, StatusCode::UNAUTHORIZED);
            if open.contains(row.access.as_str()) {
                assert_ne!(statuses, refused, "{method} {path}: {row:?}");
            } else {
                assert_eq!(statuses, refused, "{method} {path}: {row:?}");
                assert!(page.location().starts_with("/login"), "{}", page.location());
                assert!(json.header("www-authenticate").is_some());
            }
        }
    }
}

#[tokio::test]
async fn what_the_table_says_is_what_a_librarian_meets() {
    let (app, table) = app().unwrap();
    let mut librarian = logged_in(&app, LIBRARIAN).await;
    for row in table.rows() {
        if row.access == "Session<Authenticated<Reader>>" || row.access == "Session<Anonymous>" {
            continue; // they would log out
        }
        let path = path_of(&row.path).replace("handbook/site.css", "handbook/handbook.txt");
        let method = methods_of(&row.method)[0].parse::<Method>().unwrap();
        let request = Request::builder()
            .method(method)
            .uri(&path)
            .body(Body::empty());
        let answer = librarian.send(request.unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK, "{row:?}");
    }
}

#[tokio::test]
async fn a_guard_of_the_apps_own_answers_403() {
    let (app, _) = app().unwrap();
    let request = || {
        let request = Request::delete("/collections/books/1").body(Body::empty());
        request.unwrap()
    };
    let reader = logged_in(&app, 1).await.send(request()).await;
    assert_eq!(reader.status, StatusCode::FORBIDDEN);
    let librarian = logged_in(&app, LIBRARIAN).await.send(request()).await;
    assert_eq!(librarian.page(), "administered by 2");
}

#[tokio::test]
async fn what_is_not_there_is_404_for_everyone() {
    let (app, _) = app().unwrap();
    let mut reader = logged_in(&app, 1).await;
    for path in [
        "/nothing",
        "/collections",
        "/collections/books/1/pages",
        "/collections/zithers",
        "/members/nothing",
        "/members/account/nothing",
        "/static/nothing.css",
    ] {
        for method in ["GET", "HEAD", "POST"] {
            if path.starts_with("/static") && method == "POST" {
                continue; // files are read, whether they are there or not
            }
            let answer = ask(&app, method, path, "text/html").await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}");
        }
        assert_eq!(
            reader.get(path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    let hidden = ask(&app, "GET", "/members/handbook/nothing.txt", "text/html").await;
    assert_eq!(
        hidden.location(),
        "/login?next=%2Fmembers%2Fhandbook%2Fnothing.txt"
    );
    let answer = reader.get("/members/handbook/nothing.txt").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

fn allowed(answer: &Answer) -> BTreeSet<&str> {
    let allow = answer.header("allow").expect("an Allow header");
    allow.split(',').map(str::trim).collect()
}

#[tokio::test]
async fn another_method_is_405_and_says_which_are_allowed() {
    let (app, _) = app().unwrap();
    for (method, path, methods) in [
        ("POST", "/about", vec!["GET", "HEAD"]),
        ("DELETE", "/login", vec!["GET", "HEAD", "POST"]),
        ("GET", "/logout", vec!["POST"]),
        ("DELETE", "/collections/maps", vec!["GET", "HEAD", "POST"]),
        (
            "POST",
            "/collections/maps/1",
            vec!["DELETE", "GET", "HEAD", "PATCH", "PUT"],
        ),
        ("GET", "/members/account/close", vec!["POST"]),
    ] {
        let answer = ask(&app, method, path, "text/html").await;
        assert_eq!(
            answer.status,
            StatusCode::METHOD_NOT_ALLOWED,
            "{method} {path}"
        );
        assert_eq!(
            allowed(&answer),
            BTreeSet::from_iter(methods),
            "{method} {path}"
        );
    }
}

/// Without `CorsLayer`, which answers every OPTIONS by itself.
#[tokio::test]
async fn options_is_204_and_says_which_are_allowed() {
    let (app, table) = bare().unwrap();
    for row in table.rows() {
        if row.note.as_deref() == Some("service") {
            continue; // files answer for themselves
        }
        let answer = ask(&app, "OPTIONS", &path_of(&row.path), "*/*").await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{row:?}");
        assert!(answer.body.is_empty());
        if row.method != "*" {
            assert!(allowed(&answer).contains(row.method.as_str()), "{row:?}");
        }
    }
    let answer = ask(&app, "OPTIONS", "/nothing", "*/*").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn files_are_for_everyone_or_for_members() {
    let (app, _) = app().unwrap();
    let css = ask(&app, "GET", "/static/site.css", "*/*").await;
    assert_eq!(css.page(), "body { color: teal }\n");
    let handbook = "/members/handbook/handbook.txt";
    let stranger = ask(&app, "GET", handbook, "text/html").await;
    assert_eq!(
        stranger.location(),
        "/login?next=%2Fmembers%2Fhandbook%2Fhandbook.txt"
    );
    let mut reader = logged_in(&app, 1).await;
    let answer = reader.get(handbook).await;
    assert_eq!(answer.page(), "The members' handbook\n");
    assert!(answer.header("cache-control").unwrap().contains("no-store"));
}

#[tokio::test]
async fn a_layer_is_around_the_routes_that_were_there_before_it() {
    let (app, _) = app().unwrap();
    let mut reader = logged_in(&app, 7).await;
    assert_eq!(
        reader.get("/reports/2003").await.header("x-reader"),
        Some("7")
    );
    assert_eq!(reader.get("/about").await.header("x-reader"), None);
    let refused = Browser::on(&app).get("/reports/2003").await;
    assert_eq!(refused.location(), "/login?next=%2Freports%2F2003");
    assert_eq!(refused.header("x-reader"), Some("0"));

    assert_eq!(
        reader.get("/collections/maps").await.header("x-part"),
        Some("collection")
    );
    assert_eq!(
        reader.get("/collections/maps/1/2").await.header("x-part"),
        None
    );
    assert_eq!(reader.get("/members").await.header("x-part"), None);
}

#[tokio::test]
async fn layers_around_the_router_work_on_every_answer() {
    let (app, _) = app().unwrap();
    for path in ["/catalogue", "/members", "/nothing"] {
        let request = Request::get(path)
            .header(header::ORIGIN, "https://elsewhere.example")
            .header(header::ACCEPT_ENCODING, "gzip")
            .body(Body::empty());
        let answer = apps::send(&app, request.unwrap()).await;
        let cors = answer.header("access-control-allow-origin");
        assert_eq!(cors, Some("*"), "{path}");
        if path == "/catalogue" {
            assert_eq!(answer.header("content-encoding"), Some("gzip"));
            assert!(answer.body.len() < 1_000);
        }
    }
}
