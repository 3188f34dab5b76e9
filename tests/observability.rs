//! The example of what an operator sees: what happens is counted, by names that stay.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../examples/observability.rs"]
#[allow(dead_code, unreachable_pub, missing_docs, private_interfaces)]
mod observability;

mod support;

use axum::http::{Method, Request, header};
use support::{Browser, Reply, send};

async fn post(browser: &mut Browser, path: &str, form: &'static str) -> Reply {
    let mut request = browser.request(Method::POST, path, &[]);
    *request.body_mut() = form.into();
    let kind = "application/x-www-form-urlencoded".parse().unwrap();
    request.headers_mut().insert(header::CONTENT_TYPE, kind);
    let reply = send(&browser.app, request).await;
    browser.keep(&reply);
    reply
}

#[tokio::test]
async fn the_example_counts_what_happens() {
    let (outside, inside) = observability::apps().unwrap();
    let mut browser = Browser::of(outside);
    post(&mut browser, "/login", "name=").await;
    post(&mut browser, "/login", "name=ann").await;
    assert!(browser.get("/").await.body.contains("Log out"));
    post(&mut browser, "/logout", "").await;
    let request = Request::get("/metrics").body(Default::default()).unwrap();
    let metrics = send(&inside, request).await.body;
    for line in [
        "# TYPE login_events_total counter",
        "login_events_total{event=\"login_refused\"} 1",
        "login_events_total{event=\"user_logged_in\"} 1",
        "login_events_total{event=\"user_logged_out\"} 1",
        "login_events_total{event=\"remember_theft\"} 0",
    ] {
        assert!(
            metrics.lines().any(|found| found == line),
            "{line}\n{metrics}"
        );
    }
}
