//! Browsers that have logged in before: what strangers do to an account does not
//! keep its user out of them.

use std::sync::atomic::Ordering;

use axum::{Form, extract::State, http::StatusCode};
use portcullis::{
    Anonymous, Authenticated, FirstFactor, Login, LoginError, OneTimeToken, Password, PasswordCost,
    Session, Throttle, testing::TestClient,
};

use crate::{throttle::*, world::*};

fn is_known(browser: &TestClient) -> bool {
    browser
        .cookie_names()
        .any(|name| name == "__Host-login-known")
}

/// One failure, and the name is used up for strangers.
fn one_failure() -> World {
    World::with(|builder| builder.throttle(Throttle::default().per_account(1).second_factor(1)))
}

async fn known_to(world: &World, name: &str) -> TestClient {
    let mut browser = world.browser();
    log_in_as(&mut browser, name, PASSWORD).await;
    browser.post("/logout").await;
    browser
}

/// However long somebody guesses, the user's own browser has a limit of its own.
#[tokio::test]
async fn nobody_is_locked_out_of_a_browser_that_is_known() {
    let world = World::with(|builder| builder.throttle(behind_a_proxy()));
    let mut known = world.browser();
    guess(&mut known, "192.0.2.1", "one", PASSWORD).await;
    known.post("/logout").await;
    assert!(is_known(&known));
    for number in 0..110 {
        guess(
            &mut world.browser(),
            &format!("10.0.0.{number}"),
            "one",
            "wrong",
        )
        .await;
    }
    let stranger = guess(&mut world.browser(), "192.0.2.2", "one", PASSWORD).await;
    assert_eq!(stranger, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        guess(&mut known, "192.0.2.1", "one", PASSWORD).await,
        StatusCode::SEE_OTHER
    );

    // A known browser that guesses is a stranger after ten, and it is known to one
    // account, not to another.
    known.post("/logout").await;
    for name in ["one", "two"] {
        for _ in 0..10 {
            let wrong = guess(&mut known, "192.0.2.1", name, "wrong").await;
            assert_eq!(wrong, StatusCode::UNAUTHORIZED, "{name}");
        }
        let over = guess(&mut known, "192.0.2.1", name, "wrong").await;
        assert_eq!(over, StatusCode::TOO_MANY_REQUESTS, "{name}");
    }
}

/// A browser is known by the credentials that it has logged in with.
#[tokio::test]
async fn a_browser_is_forgotten_with_the_password() {
    let world = World::with(|builder| builder.throttle(Throttle::default().per_account(1)));
    let mut thief = world.browser();
    log_in_as(&mut thief, "one", PASSWORD).await;
    thief.post("/logout").await;
    log_in_as(&mut world.browser(), "one", "wrong").await;
    assert_eq!(
        log_in_as(&mut thief, "one", PASSWORD).await.location(),
        Some("/in")
    );
    thief.post("/logout").await;
    let hash = Password::from("another".to_owned()).hash(PasswordCost::new(8, 1));
    let hash = hash.unwrap();
    world
        .accounts
        .change(1, |account| account.hash = Some(hash.clone()));
    let answer = log_in_as(&mut thief, "one", "wrong").await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
}

/// However many browsers an account is known in, they have one limit together.
#[tokio::test]
async fn many_known_browsers_have_one_limit() {
    let throttle = Throttle::default().per_account(5);
    let world = World::with(|builder| builder.throttle(throttle));
    let mut known = Vec::new();
    for _ in 0..6 {
        let mut browser = world.browser();
        log_in_as(&mut browser, "one", PASSWORD).await;
        browser.post("/logout").await;
        known.push(browser);
    }
    let before = world.hashes();
    for browser in &mut known {
        for _ in 0..3 {
            log_in_as(browser, "one", "wrong").await;
        }
    }
    assert_eq!(
        world.hashes() - before,
        10,
        "5 of known browsers, 5 of strangers"
    );
}

/// Also with a new password, while somebody guesses all the time.
#[tokio::test]
async fn the_browser_in_which_a_password_is_changed_stays_known() {
    let world = one_failure();
    let (mut here, mut elsewhere) = (known_to(&world, "one").await, known_to(&world, "one").await);
    log_in_as(&mut here, "one", PASSWORD).await;
    let form = [("password", "correct battery")];
    assert_eq!(here.post("/password").form(form).await.text(), "changed");
    here.post("/logout").await;
    log_in_as(&mut world.browser(), "one", "wrong").await;
    let answer = log_in_as(&mut elsewhere, "one", "correct battery").await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    let answer = log_in_as(&mut here, "one", "correct battery").await;
    assert_eq!(answer.location(), Some("/in"));
}

/// A link by e-mail is the way in when strangers have used up the name, and from then
/// on the password is one again.
#[tokio::test]
async fn who_followed_a_link_is_known() {
    let world = one_failure();
    log_in_as(&mut world.browser(), "one", "wrong").await;
    let mut browser = world.browser();
    let answer = log_in_as(&mut browser, "one", PASSWORD).await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    let token = browser.get("/link?name=one").await.text();
    let answer = browser.post("/link").form([("token", token)]).await;
    assert_eq!(answer.location(), Some("/in"));
    browser.post("/logout").await;
    let answer = log_in_as(&mut browser, "one", PASSWORD).await;
    assert_eq!(answer.location(), Some("/in"));
}

/// Also if what it began is not fresh.
#[tokio::test]
async fn who_followed_a_link_that_makes_nothing_fresh_is_known() {
    #[derive(serde::Deserialize)]
    struct Followed {
        token: OneTimeToken<LoginLink>,
    }
    let follow =
        async |session: Session<Anonymous>, login: Login<Account>, Form(form): Form<Followed>| {
            let FirstFactor::IsEnough(verified) = login.vouch_for(login.redeem(form.token).await?)
            else {
                return Err(LoginError::refused());
            };
            session.login_user(verified).stale().await.map(drop)
        };
    let world = World::with_routes(
        |builder| builder.throttle(Throttle::default().per_account(1)),
        |routes| routes.post("/follow", follow),
    );
    log_in_as(&mut world.browser(), "one", "wrong").await;
    let mut browser = world.browser();
    let token = browser.get("/link?name=one").await.text();
    browser.post("/follow").form([("token", token)]).await;
    let answer = browser
        .post("/confirm")
        .form([("password", PASSWORD)])
        .await;
    assert_eq!(answer.location(), Some("/in"));
}

/// Who has the password alone does not make its browser a known one.
#[tokio::test]
async fn both_factors_make_a_browser_known() {
    let world = one_failure();
    let mut browser = world.browser();
    log_in_as(&mut browser, "two", PASSWORD).await;
    assert!(!is_known(&browser));
    give(&mut browser, &world.code(0)).await;
    assert!(is_known(&browser));
    browser.post("/logout").await;
    for name in ["wrong", PASSWORD] {
        let mut stranger = world.browser();
        log_in_as(&mut stranger, "two", name).await;
        give(&mut stranger, "000000").await;
    }
    log_in_as(&mut browser, "two", PASSWORD).await;
    world.clock.advance(std::time::Duration::from_secs(30));
    let answer = give(&mut browser, &world.code(0)).await;
    assert_eq!(answer.location(), Some("/in"));
}

/// Where nobody gives a password, a code or a token no browser keeps a cookie for it.
#[tokio::test]
async fn a_login_without_a_check_makes_no_browser_known() {
    let vouched =
        async |session: Session<Anonymous>, login: Login<Account>, State(app): State<App>| {
            let account = app.accounts.get(1).ok_or_else(LoginError::refused)?;
            let FirstFactor::IsEnough(verified) = login.vouch_for(account) else {
                return Err(LoginError::refused());
            };
            session.login_user(verified).await.map(drop)
        };
    let world = World::with_routes(
        |builder| builder,
        |routes| routes.post("/login/vouched", vouched),
    );
    let mut browser = world.browser();
    browser.post("/login/vouched").await;
    assert_eq!(browser.get("/in").await.text(), "one");
    assert!(!is_known(&browser));
}

/// Also where a handler asks for a login, and not for a session.
#[tokio::test]
async fn who_is_logged_in_confirms_from_a_known_browser() {
    let check = async |who: Authenticated<Account>, login: Login<Account>| {
        let password = Password::from(PASSWORD.to_owned());
        let checked = login.check_password("one", Some(who.user().clone()), &password);
        checked.await.map(drop)
    };
    let throttle = Throttle::default().per_account(1);
    let world = World::with_routes(
        |builder| builder.throttle(throttle),
        |routes| routes.post("/check", check),
    );
    let mut browser = known_to(&world, "one").await;
    log_in_as(&mut browser, "one", PASSWORD).await;
    log_in_as(&mut world.browser(), "one", "wrong").await;
    assert_eq!(browser.post("/check").await.status(), StatusCode::OK);
}

/// What a known browser counts fills no store, however many browsers one account makes known.
#[tokio::test]
async fn known_browsers_beyond_their_limit_count_nothing() {
    let world = one_failure();
    let mut known = Vec::new();
    for _ in 0..6 {
        known.push(known_to(&world, "one").await);
    }
    for browser in &mut known[..2] {
        log_in_as(browser, "one", "wrong").await;
    }
    let before = world.store.inner.len();
    for browser in &mut known[2..] {
        let answer = log_in_as(browser, "one", "wrong").await;
        assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(world.store.inner.len(), before);
}

async fn hash(_: Anonymous, login: Login<Account>) -> Result<(), LoginError> {
    let password = Password::from("a new one".to_owned());
    login.hash_password(&password).await.map(drop)
}

/// New passwords wait in the same queue.
#[tokio::test]
async fn a_network_that_fills_its_share_hashes_no_new_password() {
    let world = World::with_routes(
        |builder| builder.throttle(behind_a_proxy()),
        |routes| routes.post("/hash", hash),
    );
    world.store.hangs.store(true, Ordering::SeqCst);
    let flood: Vec<_> = (0..32)
        .map(|_| {
            let world = world.clone();
            tokio::spawn(async move {
                guess(&mut world.browser(), "192.0.2.1", "nobody", "wrong").await;
            })
        })
        .collect();
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    for (from, status) in [("192.0.2.1", 503), ("192.0.2.2", 200)] {
        let mut browser = world.browser();
        let post = browser.post("/hash").header(FORWARDED, from);
        assert_eq!(post.await.status(), status);
    }
    for request in flood {
        request.abort();
    }
}

/// A part of the queue for hashes is kept for them, of this account and no other.
#[tokio::test]
async fn strangers_do_not_fill_the_queue() {
    let world = World::with_routes(|builder| builder, |routes| routes.post("/hash", hash));
    let (mut known, mut other) = (known_to(&world, "one").await, known_to(&world, "two").await);
    world.store.hangs.store(true, Ordering::SeqCst);
    world.store.taken();
    let strangers: Vec<_> = (0..192)
        .map(|_| {
            let world = world.clone();
            tokio::spawn(async move {
                log_in_as(&mut world.browser(), "nobody", "wrong").await;
            })
        })
        .collect();
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    let busy = StatusCode::SERVICE_UNAVAILABLE;
    let answer = log_in_as(&mut world.browser(), "one", PASSWORD).await;
    assert_eq!(answer.status(), busy);
    assert_eq!(log_in_as(&mut other, "one", PASSWORD).await.status(), busy);
    // A new password is hashed there too, which takes no step of the store.
    let answer = known.post("/hash").await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(world.browser().post("/hash").await.status(), busy);
    let waits = tokio::spawn(async move { log_in_as(&mut known, "one", PASSWORD).await });
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert!(!waits.is_finished(), "it has a place");
    assert!(strangers.iter().all(|stranger| !stranger.is_finished()));
    let waiting = world.store.taken();
    assert_eq!(waiting.len(), 193, "who waits for the store holds no core");
    for stranger in strangers {
        stranger.abort();
    }
}

/// A known browser whose own tries can't be counted is not counted as a stranger instead.
#[tokio::test]
async fn a_try_of_a_known_browser_that_cannot_be_counted_is_not_made() {
    let world = World::new();
    let mut known = known_to(&world, "one").await;
    log_in_as(&mut world.browser(), "one", "wrong").await;
    world.clock.advance(minutes(61)); // the known browser's counters of before are over
    log_in_as(&mut world.browser(), "one", "wrong").await;
    world.store.break_at(Some("insert"));
    let answer = log_in_as(&mut known, "one", "wrong").await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
}

/// Who floods one account's part of the queue is in the way of that account.
#[tokio::test]
async fn each_account_has_a_part_of_the_queue_of_its_own() {
    let world = World::new();
    world.accounts.change(4, |account| account.active = true);
    let (one, four) = (
        known_to(&world, "one").await,
        known_to(&world, "four").await,
    );
    world.store.hangs.store(true, Ordering::SeqCst);
    let begin = |browser: &TestClient, name: &'static str| {
        let mut browser = browser.clone();
        tokio::spawn(async move { log_in_as(&mut browser, name, "wrong").await.status() })
    };
    let mut waiting: Vec<_> = (0..192)
        .map(|_| begin(&world.browser(), "nobody"))
        .collect();
    waiting.extend((0..4).map(|_| begin(&one, "one")));
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert!(waiting.iter().all(|request| !request.is_finished()));
    let (fifth, other) = (begin(&one, "one"), begin(&four, "four"));
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert!(!other.is_finished(), "it has a place");
    assert_eq!(fifth.await.unwrap(), StatusCode::SERVICE_UNAVAILABLE);
    other.abort();
    waiting.iter().for_each(|request| request.abort());
}
