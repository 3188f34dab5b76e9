//! Tokens of a message: once, in time, for one purpose and one user.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use portcullis::{
    Anonymous, AuthHash, AuthUser, Login, LoginError, LoginManager, OneFactor, OneTimeToken,
    Routes, SecretKey, testing::TestClient,
};
use tokio::sync::Barrier;
use tower::ServiceExt;

use crate::{support::Tamper, world::*};

async fn mailed(world: &World, name: &str) -> String {
    let answer = world.browser().get(&format!("/link?name={name}")).await;
    assert_eq!(answer.status(), StatusCode::OK);
    answer.text()
}

async fn follow(browser: &mut TestClient, token: &str) -> Option<String> {
    let answer = browser.post("/link").form([("token", token)]).await;
    answer.location().map(str::to_owned)
}

#[tokio::test]
async fn a_link_logs_in_once() {
    let world = World::new();
    let token = mailed(&world, "one").await;
    let mut browser = world.browser();
    assert_eq!(follow(&mut browser, &token).await.as_deref(), Some("/in"));
    assert_eq!(browser.get("/in").await.text(), "one");
    assert_eq!(
        follow(&mut world.browser(), &token).await.as_deref(),
        Some("/login")
    );
}

#[tokio::test]
async fn a_link_asks_for_the_second_factor() {
    let world = World::new();
    let token = mailed(&world, "two").await;
    let mut browser = world.browser();
    assert_eq!(
        follow(&mut browser, &token).await.as_deref(),
        Some("/login/code")
    );
    assert_eq!(browser.get("/who").await.text(), "nobody");
    assert_eq!(
        give(&mut browser, &world.code(0)).await.location(),
        Some("/in")
    );
}

/// Looking at a token uses nothing up, and finds what redeeming it would.
#[tokio::test]
async fn a_token_can_be_looked_at_before() {
    let world = World::new();
    let token = mailed(&world, "one").await;
    for _ in 0..2 {
        let found = world.login.check_token(&link(&token)).await.unwrap();
        assert_eq!(found.name, "one");
    }
    let of_reset = OneTimeToken::<Reset>::from(token.clone());
    for refused in [
        world.login.check_token(&of_reset).await,
        world.login.check_token(&link(&token[..91])).await,
        world.login.check_token(&link("")).await,
    ] {
        assert!(refused.unwrap_err().is_refused());
    }
    world.accounts.change(1, |account| account.active = false);
    let inactive = world.login.check_token(&link(&token)).await;
    assert!(inactive.unwrap_err().is_inactive());
    world.accounts.change(1, |account| account.active = true);
    follow(&mut world.browser(), &token).await;
    let used = world.login.check_token(&link(&token)).await;
    assert!(used.unwrap_err().is_refused());
}

fn link(token: &str) -> OneTimeToken<LoginLink> {
    OneTimeToken::from(token.to_owned())
}

/// The store gives way around each step, so that all look before one takes.
#[tokio::test]
async fn of_two_at_once_one_wins() {
    for _ in 0..5 {
        let world = World::new();
        let token = mailed(&world, "one").await;
        let barrier = Arc::new(Barrier::new(4));
        let tries: Vec<_> = (0..4)
            .map(|_| {
                let (world, token, barrier) = (world.clone(), token.clone(), barrier.clone());
                tokio::spawn(async move {
                    barrier.wait().await;
                    follow(&mut world.browser(), &token).await
                })
            })
            .collect();
        let mut won = 0;
        for tried in tries {
            won += usize::from(tried.await.unwrap().as_deref() == Some("/in"));
        }
        assert_eq!(won, 1);
    }
}

#[tokio::test]
async fn a_link_is_good_for_ten_minutes() {
    let world = World::new();
    let (first, second) = (mailed(&world, "one").await, mailed(&world, "one").await);
    world
        .clock
        .advance(minutes(10) - std::time::Duration::from_secs(1));
    assert_eq!(
        follow(&mut world.browser(), &first).await.as_deref(),
        Some("/in")
    );
    world.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(
        follow(&mut world.browser(), &second).await.as_deref(),
        Some("/login")
    );
}

#[tokio::test]
async fn a_link_ends_with_the_password() {
    let world = World::new();
    let token = mailed(&world, "one").await;
    let mut browser = world.browser();
    log_in_as(&mut browser, "one", PASSWORD).await;
    browser
        .post("/password")
        .form([("password", "another horse")])
        .await;
    assert_eq!(
        follow(&mut world.browser(), &token).await.as_deref(),
        Some("/login")
    );

    // Also where only the database was changed.
    let token = mailed(&world, "one").await;
    world
        .accounts
        .change(1, |account| account.hash = Some("other".to_owned()));
    assert_eq!(
        follow(&mut world.browser(), &token).await.as_deref(),
        Some("/login")
    );
}

#[tokio::test]
async fn a_link_of_one_purpose_is_none_of_another() {
    let world = World::new();
    let token = mailed(&world, "one").await;
    let mut browser = world.browser();
    let post = browser.post("/reset").accept("application/json");
    let answer = post.form([("token", token.as_str())]).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(
        follow(&mut world.browser(), &token).await.as_deref(),
        Some("/in"),
        "and is not used up by it"
    );
}

#[tokio::test]
async fn a_link_of_who_is_inactive_is_refused() {
    let world = World::new();
    let token = mailed(&world, "one").await;
    let reset = world.browser().get("/reset?name=one").await.text();
    world.accounts.change(1, |account| account.active = false);
    let mut browser = world.browser();
    let answer = browser.post("/reset").form([("token", &*reset)]).await;
    assert_eq!(answer.location(), Some("/login"));
    assert_eq!(
        browser.get("/reset?name=one").await.location(),
        Some("/login"),
        "gets none"
    );
    assert_eq!(
        follow(&mut world.browser(), &token).await.as_deref(),
        Some("/login")
    );
}

#[tokio::test]
async fn what_is_forged_cut_or_of_another_key_is_refused() {
    let world = World::new();
    let token = mailed(&world, "one").await;
    for end in 0..token.len() {
        assert_eq!(
            follow(&mut world.browser(), &token[..end]).await.as_deref(),
            Some("/login")
        );
    }
    for at in 0..token.len() {
        let mut forged = token.clone().into_bytes();
        forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        assert_eq!(
            follow(&mut world.browser(), &forged).await.as_deref(),
            Some("/login")
        );
    }
    assert_eq!(
        follow(&mut world.browser(), &token).await.as_deref(),
        Some("/in")
    );
}

/// Nobody fills a mailbox, and a browser is not told.
#[tokio::test]
async fn a_user_gets_a_few_links_at_once() {
    let world = World::new();
    world.clock.advance(minutes(4));
    let mut last = String::new();
    for _ in 0..3 {
        last = mailed(&world, "one").await;
    }
    let answer = world.browser().get("/link?name=one").await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    mailed(&world, "two").await;
    world.clock.advance(minutes(5));
    let answer = world.browser().get("/link?name=one").await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    // Who gets none has one that is good.
    assert_eq!(
        follow(&mut world.browser(), &last).await.as_deref(),
        Some("/in")
    );
    world.clock.advance(minutes(1));
    mailed(&world, "one").await;
}

#[tokio::test]
async fn a_token_is_not_printed() {
    let token = OneTimeToken::<LoginLink>::from("v1.secret".to_owned());
    assert_eq!(format!("{token:?}"), "OneTimeToken(REDACTED)");
    assert_eq!(token.reveal(), "v1.secret");
}

/// A manager for users of two factors says where the second is given.
#[test]
fn the_second_factor_has_a_page() {
    let builder = LoginManager::builder()
        .user_loader(async |_: u64| Ok::<Option<Account>, std::io::Error>(None))
        .secret_key(SecretKey::from([1; 32]));
    let error = builder.build().unwrap_err().to_string();
    assert!(error.contains("second_factor_path"), "{error}");
}

/// Two apps that share key, store and the name of a realm: what one has given
/// out is nothing in the other.
#[tokio::test]
async fn a_link_is_of_one_type_of_users() {
    struct Other {
        credentials: String,
    }
    impl AuthUser for Other {
        type Id = u64;
        type Factors = OneFactor;
        fn id(&self) -> u64 {
            1
        }
        fn session_auth_hash(&self) -> AuthHash {
            AuthHash::of(&self.credentials)
        }
    }
    async fn redeem(_: Anonymous, login: Login<Other>, token: String) -> Result<(), LoginError> {
        let token = OneTimeToken::<LoginLink>::from(token);
        login.redeem(token).await.map(drop)
    }
    let world = World::new();
    let token = mailed(&world, "one").await;
    let same = world.accounts.get(1).unwrap();
    let credentials = format!("{:?} {:?}", same.hash, same.totp);
    let load = move |_: u64| {
        let credentials = credentials.clone();
        async { Ok::<_, std::io::Error>(Some(Other { credentials })) }
    };
    let app = LoginManager::builder()
        .user_loader(load)
        .secret_key(SecretKey::from([1; 32]))
        .store(world.store.clone())
        .clock(world.clock.clone())
        .build()
        .unwrap()
        .into_router(|login| Routes::new().post("/redeem", redeem).with_state(login));
    let request = Request::post("/redeem")
        .body(Body::from(token.clone()))
        .unwrap();
    let answer = app.oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(
        follow(&mut world.browser(), &token).await.as_deref(),
        Some("/in")
    );
}

#[tokio::test]
async fn a_link_whose_record_is_said_to_be_another_users_is_refused() {
    let world = World::new();
    let token = mailed(&world, "one").await;
    *world.store.tamper.lock().unwrap() = Some(Tamper::OtherUser);
    let checked = world.login.check_token(&link(&token)).await;
    assert!(checked.map(drop).unwrap_err().is_refused());
    *world.store.tamper.lock().unwrap() = None;
    assert!(world.login.check_token(&link(&token)).await.is_ok());
}
