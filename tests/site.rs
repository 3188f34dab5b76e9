//! The example of a whole site, as its users go through it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "its `main` is for its reader")]
#[path = "../examples/site.rs"]
mod site;

use axum::http::{StatusCode, header::USER_AGENT};
use portcullis::{SecretKey, testing::TestClient};
use tempfile::TempDir;

const KEY: [u8; 32] = [7; 32];
const PHONE: &str = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36";

async fn started(folder: &TempDir) -> axum::Router {
    let file = folder.path().join("site.db");
    site::app(&file, SecretKey::from(KEY)).await.unwrap()
}

async fn post<const N: usize>(
    browser: &mut TestClient,
    path: &str,
    fields: [(&str, &str); N],
) -> Option<String> {
    let answer = browser.post(path).form(fields).await;
    answer.location().map(str::to_owned)
}

async fn page(browser: &mut TestClient, path: &str) -> String {
    let answer = browser.get(path).await;
    assert_eq!(
        answer.status(),
        StatusCode::OK,
        "{path}: {:?}",
        answer.location()
    );
    answer.text()
}

async fn registered(app: axum::Router, email: &str) -> TestClient {
    let mut browser = TestClient::new(app);
    let fields = [("email", email), ("password", "correct horse")];
    let to = post(&mut browser, "/register", fields).await;
    assert_eq!(to.as_deref(), Some("/account"));
    browser
}

#[tokio::test]
async fn a_user_registers_sees_its_devices_and_ends_one() {
    let folder = tempfile::tempdir().unwrap();
    let app = started(&folder).await;
    let mut laptop = registered(app.clone(), "leafstorm@example.org").await;
    assert!(
        page(&mut laptop, "/")
            .await
            .contains("leafstorm@example.org")
    );
    let account = page(&mut laptop, "/account").await;
    assert_eq!(account.matches("<li>").count(), 1);
    assert!(account.contains("this one"));

    let mut phone = TestClient::new(app);
    let fields = [
        ("email", "leafstorm@example.org"),
        ("password", "correct horse"),
        ("remember", "true"),
    ];
    let answer = phone
        .post("/login")
        .header(USER_AGENT, PHONE)
        .form(fields)
        .await;
    assert_eq!(answer.location(), Some("/account"));
    phone.get("/").header(USER_AGENT, PHONE).await;
    let account = page(&mut laptop, "/account").await;
    assert!(account.contains("<strong>Chrome on Android</strong> · remembered"));
    let id = account.split("name=\"login\" value=\"").nth(1).unwrap();
    let id = id.split('"').next().unwrap();
    assert_eq!(
        post(&mut laptop, "/account/end", [("login", id)])
            .await
            .as_deref(),
        Some("/account")
    );
    assert!(
        phone
            .get("/")
            .header(USER_AGENT, PHONE)
            .await
            .text()
            .contains("register")
    );
    assert_eq!(
        page(&mut laptop, "/account").await.matches("<li>").count(),
        1
    );
}

#[tokio::test]
async fn a_restart_logs_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut browser = registered(started(&folder).await, "leafstorm@example.org").await;
    page(&mut browser, "/account").await;
    let mut browser = browser.on(started(&folder).await);
    assert!(page(&mut browser, "/account").await.contains("this one"));
}

#[tokio::test]
async fn another_password_logs_out_all_others() {
    let folder = tempfile::tempdir().unwrap();
    let app = started(&folder).await;
    let mut here = registered(app.clone(), "leafstorm@example.org").await;
    let mut there = TestClient::new(app);
    let fields = [
        ("email", "leafstorm@example.org"),
        ("password", "correct horse"),
    ];
    post(&mut there, "/login", fields).await;
    let to = post(&mut here, "/account/password", [("new", "battery staple")]).await;
    assert_eq!(to.as_deref(), Some("/account"));
    assert!(page(&mut here, "/account").await.contains("this one"));
    assert!(page(&mut there, "/").await.contains("register"));
    assert_eq!(
        post(&mut there, "/login", fields).await.as_deref(),
        Some("/login")
    );
    let fields = [
        ("email", "leafstorm@example.org"),
        ("password", "battery staple"),
    ];
    assert_eq!(
        post(&mut there, "/login", fields).await.as_deref(),
        Some("/account")
    );
    assert_eq!(
        post(&mut there, "/account/end-all", []).await.as_deref(),
        Some("/")
    );
    for browser in [&mut here, &mut there] {
        assert!(page(browser, "/").await.contains("register"));
    }
}

#[tokio::test]
async fn what_a_user_types_is_text() {
    let folder = tempfile::tempdir().unwrap();
    let app = started(&folder).await;
    let mut browser = registered(app.clone(), "<script>@example.org").await;
    let home = page(&mut browser, "/").await;
    assert!(home.contains("&lt;script&gt;") && !home.contains("<script>"));
    let mut second = TestClient::new(app);
    let fields = [
        ("email", "<script>@example.org"),
        ("password", "another one"),
    ];
    let taken = second.post("/register").form(fields).await;
    assert_eq!(taken.status(), StatusCode::CONFLICT);
    assert_eq!(
        post(&mut second, "/login", fields).await.as_deref(),
        Some("/login")
    );
    assert!(
        page(&mut second, "/login")
            .await
            .contains("The login was refused.")
    );
}
