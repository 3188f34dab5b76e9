//! The example with a provider of the test's own.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Form, Json, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::Redirect,
    routing::{get, post},
};
use portcullis::testing::TestClient;
use portcullis_example_oauth::{Provider, app};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

/// Codes that were given out, each with its challenge.
#[derive(Clone, Default)]
struct Codes(Arc<Mutex<HashMap<String, String>>>);

#[derive(Deserialize)]
struct Authorize {
    state: String,
    redirect_uri: String,
    code_challenge: String,
    /// Whom the user says to be at the provider: the test's own.
    user: String,
}

async fn authorize(State(codes): State<Codes>, Query(query): Query<Authorize>) -> Redirect {
    let mut codes = codes.0.lock().unwrap();
    let code = format!("{}-{}", query.user, codes.len());
    codes.insert(code.clone(), query.code_challenge);
    Redirect::to(&format!(
        "{}?code={code}&state={}",
        query.redirect_uri, query.state
    ))
}

#[derive(Deserialize)]
struct Exchange {
    code: String,
    code_verifier: String,
}

async fn token(
    State(codes): State<Codes>,
    Form(form): Form<Exchange>,
) -> Result<Json<Value>, StatusCode> {
    let challenge = codes.0.lock().unwrap().remove(&form.code); // once
    let verifier = oauth2::PkceCodeVerifier::new(form.code_verifier);
    let made = oauth2::PkceCodeChallenge::from_code_verifier_sha256(&verifier);
    match challenge.is_some_and(|challenge| challenge == made.as_str()) {
        true => Ok(Json(
            json!({ "access_token": form.code, "token_type": "bearer" }),
        )),
        false => Err(StatusCode::BAD_REQUEST),
    }
}

async fn profile(headers: HeaderMap) -> Json<Value> {
    let token = headers["authorization"]
        .to_str()
        .unwrap()
        .strip_prefix("Bearer ")
        .unwrap();
    let user = token.split('-').next().unwrap();
    Json(json!({ "sub": user, "name": format!("{user} <there>") }))
}

async fn started() -> Router {
    let provider = Router::new()
        .route("/authorize", get(authorize))
        .route("/token", post(token))
        .route("/profile", get(profile))
        .with_state(Codes::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, provider).await.unwrap() });
    app(Provider {
        auth_url: format!("{address}/authorize"),
        token_url: format!("{address}/token"),
        profile_url: format!("{address}/profile"),
        client_id: "portcullis".to_owned(),
        client_secret: "secret".to_owned(),
        redirect_url: "http://app.example/oauth/callback".to_owned(),
    })
    .unwrap()
}

/// To the provider as this user, and what it sends the browser back with.
async fn at_provider(browser: &mut TestClient, user: &str) -> String {
    let answer = browser.post("/oauth").await;
    let mut url = Url::parse(answer.location().unwrap()).unwrap();
    url.query_pairs_mut().append_pair("user", user);
    let http = oauth2::reqwest::Client::builder()
        .redirect(oauth2::reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let answer = http.get(url).send().await.unwrap();
    let back = Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
    format!("{}?{}", back.path(), back.query().unwrap())
}

#[tokio::test]
async fn a_user_logs_in_through_the_provider() {
    let mut browser = TestClient::new(started().await);
    let back = at_provider(&mut browser, "ada").await;
    assert_eq!(browser.get(&back).await.location(), Some("/"));
    assert!(
        browser
            .get("/")
            .await
            .text()
            .contains("Hello, ada &lt;there>.")
    );
}

#[tokio::test]
async fn an_answer_is_good_once_and_for_who_asked() {
    let app = started().await;
    let mut browser = TestClient::new(app.clone());
    let back = at_provider(&mut browser, "ada").await;
    let mut victim = TestClient::new(app);
    assert_eq!(victim.get(&back).await.location(), Some("/"), "refused");
    assert!(
        victim.get("/").await.text().contains("Log in"),
        "nobody asked for it here"
    );

    let forged = format!("{back}x");
    browser.get(&forged).await;
    assert!(browser.get("/").await.text().contains("Log in"));
    browser.get(&back).await;
    assert!(
        browser.get("/").await.text().contains("Log in"),
        "the forged one used it up"
    );
}

#[tokio::test]
async fn a_second_account_is_linked_and_nobody_elses() {
    let app = started().await;
    let mut browser = TestClient::new(app.clone());
    let back = at_provider(&mut browser, "ada").await;
    browser.get(&back).await;
    let back = at_provider(&mut browser, "countess").await;
    assert_eq!(browser.get(&back).await.location(), Some("/"));
    browser.post("/logout").await;

    let mut other = TestClient::new(app.clone());
    let back = at_provider(&mut other, "countess").await;
    other.get(&back).await;
    assert!(other.get("/").await.text().contains("Hello, ada"));

    let mut charles = TestClient::new(app);
    let back = at_provider(&mut charles, "charles").await;
    charles.get(&back).await;
    let back = at_provider(&mut charles, "ada").await;
    assert_eq!(charles.get(&back).await.status(), StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_link_or_an_image_begins_nothing_by_itself() {
    let mut browser = TestClient::new(started().await);
    assert_eq!(
        browser.get("/oauth").await.status(),
        StatusCode::METHOD_NOT_ALLOWED
    );
    let answer = browser.get("/oauth/callback?code=x&state=").await;
    assert_eq!(answer.location(), Some("/"), "refused: no flow was begun");
}
