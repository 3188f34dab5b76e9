//! What the library takes for granted of axum. A test that fails here says what
//! axum does otherwise, and which file relies on it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::any::type_name;

use axum::{
    Router,
    body::Body,
    extract::{FromRequest, OriginalUri, Path, Request},
    handler::Handler,
    http::{Method, StatusCode, header},
    response::Response,
    routing::{MethodFilter, get, on},
};
use tower::ServiceExt;

async fn ask(router: &Router, method: Method, path: &str) -> Response {
    let request = Request::builder().method(method).uri(path);
    let request = request.body(Body::empty()).unwrap();
    router.clone().oneshot(request).await.unwrap()
}

/// How axum takes a type that is the last argument.
#[expect(
    clippy::extra_unused_type_parameters,
    reason = "axum's marker is inferred from it"
)]
fn marker<T: FromRequest<(), M>, M>() -> &'static str {
    type_name::<M>().rsplit("::").next().unwrap()
}

#[test]
fn axum_infers_whether_the_last_argument_takes_the_body() {
    assert_eq!(
        (marker::<Method, _>(), marker::<String, _>()),
        ("ViaParts", "ViaRequest"),
        "axum tells extractors by another marker: `M` in src/routing/arguments.rs"
    );
}

#[test]
fn axum_tells_functions_from_other_handlers_by_a_marker() {
    fn marked<H: Handler<T, ()>, T>(_: H) -> &'static str {
        type_name::<T>()
    }
    assert_eq!(
        marked(async || ()),
        "((),)",
        "axum marks handlers otherwise: `Public<H, T>` in src/routing/open.rs"
    );
}

#[tokio::test]
async fn axum_answers_head_with_the_handler_of_get() {
    let router = Router::new().route("/", on(MethodFilter::GET, async || "got"));
    assert_eq!(
        ask(&router, Method::HEAD, "/").await.status(),
        StatusCode::OK,
        "axum's GET is no HEAD any more: rows of `AccessTable`, and callbacks in src/routing/mounted.rs"
    );
}

#[tokio::test]
async fn axum_says_which_methods_there_are() {
    let router = Router::new()
        .route("/", get("got"))
        .method_not_allowed_fallback(async || StatusCode::NO_CONTENT);
    let reply = ask(&router, Method::OPTIONS, "/").await;
    assert_eq!(
        reply
            .headers()
            .get(header::ALLOW)
            .map(|allow| allow.as_bytes()),
        Some(&b"GET,HEAD"[..]),
        "axum adds no `Allow` to a fallback of methods: src/routing/into_router.rs"
    );
}

#[tokio::test]
async fn axum_keeps_the_uri_that_the_browser_sent() {
    let original = async |OriginalUri(uri): OriginalUri| uri.path().to_owned();
    let router = Router::new().nest("/a", Router::new().route("/b", get(original)));
    let body = ask(&router, Method::GET, "/a/b").await.into_body();
    let body = axum::body::to_bytes(body, 100).await.unwrap();
    assert_eq!(
        body, "/a/b",
        "axum keeps no original URI: `next` would lose the prefix, src/web/ask.rs"
    );
}

#[tokio::test]
async fn axum_forgets_fallbacks_below_a_router_without_one() {
    let inner = Router::new().route("/x", get("x")).fallback("inner");
    let middle = Router::new().nest("/inner", inner);
    let outer = Router::new().nest("/middle", middle).fallback("outer");
    let body = ask(&outer, Method::GET, "/middle/inner/none").await;
    let body = axum::body::to_bytes(body.into_body(), 100).await.unwrap();
    assert_eq!(
        body, "outer",
        "axum finds the inner fallback by now: `Routes::add` in src/routing/mod.rs needs no 404"
    );
}

#[tokio::test]
async fn axum_panics_at_two_handlers_for_one_route() {
    let twice = std::panic::catch_unwind(|| {
        let route = || get(async |Path(id): Path<u64>| id.to_string());
        Router::<()>::new()
            .route("/{id}", route())
            .route("/{id}", route())
    });
    assert!(
        twice.is_err(),
        "axum takes two handlers for one route: `Routes` promises to panic, src/routing/methods.rs"
    );
}
