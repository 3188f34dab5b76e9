//! The example: set up an app, then log in with it.

#[path = "../../examples/second_factor.rs"]
#[allow(dead_code, unreachable_pub, missing_docs, private_interfaces)]
mod second_factor;

use portcullis::{
    Clock, TotpSecret,
    testing::{self, TestClient, TestClock},
};

use crate::world::minutes;

#[tokio::test]
async fn the_example_asks_for_two_factors_once_they_are_set_up() {
    let clock = TestClock::new();
    let mut browser = TestClient::new(second_factor::app(clock.clone()).unwrap());
    let login = [("name", "leafstorm"), ("password", "correct horse")];
    assert_eq!(
        browser.post("/login").form(login).await.location(),
        Some("/")
    );
    let page = browser.get("/app").await.text();
    let secret = page
        .split("<code>")
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap();
    let secret = TotpSecret::from_base32(secret).unwrap();
    let code = testing::totp_code(&secret, clock.now());
    let page = browser.post("/app").form([("code", &*code)]).await.text();
    let codes: Vec<_> = page
        .split("<code>")
        .skip(1)
        .map(|rest| rest.split('<').next().unwrap())
        .collect();
    assert_eq!(codes.len(), 10);
    assert_eq!(browser.post("/logout").await.location(), Some("/login"));

    let answer = browser.post("/login?next=%2Fapp").form(login).await;
    assert_eq!(answer.location(), Some("/login/code?next=%2Fapp"));
    assert_eq!(
        browser.get("/").await.location(),
        Some("/login/code?next=%2F")
    );
    let used = browser.post("/login/code").form([("code", &*code)]).await;
    assert_eq!(
        used.location(),
        Some("/login/code"),
        "the code of the set-up"
    );
    clock.advance(minutes(2));
    let code = testing::totp_code(&secret, clock.now());
    let answer = browser
        .post("/login/code?next=%2Fapp")
        .form([("code", &*code)])
        .await;
    assert_eq!(answer.location(), Some("/app"));
    assert!(browser.get("/").await.text().contains("with two factors"));

    browser.post("/logout").await;
    browser.post("/login").form(login).await;
    let answer = browser
        .post("/login/recovery")
        .form([("code", codes[3])])
        .await;
    assert_eq!(answer.location(), Some("/"));
    browser.post("/logout").await;
    browser.post("/login").form(login).await;
    let answer = browser
        .post("/login/recovery")
        .form([("code", codes[3])])
        .await;
    assert_eq!(answer.location(), Some("/login/code"), "each is good once");
}
