//! The second factor: nobody is logged in before it, nobody tries it for ever.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    extract::Query,
    http::{StatusCode, header},
};
use portcullis::{
    Clock, EventKind, FirstFactor, Limits, Login, LoginError, Password, PasswordCost, Pending,
    RecoveryCode, SecondFactor, Session, TotpCode,
    store::{SessionStore, Sweep},
    testing::TestClient,
};
use tokio::{
    sync::{Barrier, Semaphore},
    task::JoinSet,
};

use crate::world::*;

async fn half_logged_in(world: &World) -> TestClient {
    let mut browser = world.browser();
    let answer = log_in_as(&mut browser, "two", PASSWORD).await;
    assert_eq!(answer.location(), Some("/login/code"));
    browser
}

#[tokio::test]
async fn after_the_first_factor_nobody_is_logged_in() {
    let world = World::new();
    let mut browser = half_logged_in(&world).await;
    assert_eq!(browser.get("/who").await.text(), "nobody");
    assert_eq!(browser.get("/login/code").await.text(), "two");
    for path in ["/in", "/fresh", "/factors"] {
        let answer = browser.get(path).await;
        let expected = format!("/login/code?next={}", path.replace('/', "%2F"));
        assert_eq!(answer.location(), Some(&*expected));
        let answer = browser.get(path).accept("application/json").await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert!(answer.headers().contains_key("www-authenticate"));
    }
    assert_eq!(browser.get("/login").await.location(), Some("/login/code"));

    assert_eq!(
        give(&mut browser, &world.code(0)).await.location(),
        Some("/in")
    );
    assert_eq!(browser.get("/fresh").await.text(), "two");
    assert_eq!(browser.get("/factors").await.text(), "true");
    assert_eq!(
        browser.get("/login/code").await.location(),
        Some("/"),
        "it goes on"
    );
}

#[tokio::test]
async fn who_gives_up_a_login_that_was_begun_keeps_what_the_browser_has() {
    let world = World::new();
    let mut browser = half_logged_in(&world).await;
    let given_up = browser.post("/logout").await;
    assert_eq!(given_up.text(), "out");
    assert!(!given_up.headers().contains_key("clear-site-data"));

    let mut browser = half_logged_in(&world).await;
    give(&mut browser, &world.code(0)).await;
    let logged_out = browser.post("/logout").await;
    assert!(logged_out.headers().contains_key("clear-site-data"));
}

#[tokio::test]
async fn a_wrong_code_is_told_as_a_wrong_password_is() {
    let world = World::new();
    let told = || world.login.event_counts().of(EventKind::LoginRefused);
    log_in_as(&mut world.browser(), "two", "wrong horse").await;
    assert_eq!(told(), 1);
    let mut browser = half_logged_in(&world).await;
    assert_eq!(told(), 1);
    give(&mut browser, "000000").await;
    assert_eq!(told(), 2);
    give(&mut browser, &world.code(0)).await;
    assert_eq!(told(), 2);
}

#[tokio::test]
async fn next_goes_all_the_way() {
    let world = World::new();
    let mut browser = world.browser();
    let form = [("name", "two"), ("password", PASSWORD)];
    let answer = browser.post("/login?next=%2Ffresh").form(form).await;
    assert_eq!(answer.location(), Some("/login/code?next=%2Ffresh"));
    let wrong = browser
        .post("/login/code?next=%2Ffresh")
        .form([("code", "000000")])
        .await;
    assert_eq!(wrong.location(), Some("/login/code?next=%2Ffresh"));
    let code = world.code(0);
    let right = browser
        .post("/login/code?next=%2Ffresh")
        .form([("code", &*code)])
        .await;
    assert_eq!(right.location(), Some("/fresh"));
}

#[tokio::test]
async fn who_has_set_up_none_is_let_in_by_one() {
    let world = World::new();
    let mut browser = world.browser();
    log_in_as(&mut browser, "one", PASSWORD).await;
    assert_eq!(browser.get("/fresh").await.text(), "one");
    assert_eq!(browser.get("/factors").await.text(), "false");
}

#[tokio::test]
async fn every_step_makes_a_new_session() {
    let world = World::new();
    let mut browser = half_logged_in(&world).await;
    let mut planted = browser.clone();
    give(&mut browser, &world.code(0)).await;
    assert_eq!(browser.get("/in").await.text(), "two");
    assert_eq!(
        planted.get("/who").await.text(),
        "nobody",
        "the cookie of before is nobody's"
    );
    assert_eq!(
        planted.get("/login/code").await.location(),
        Some("/login?next=%2Flogin%2Fcode")
    );
    world.clock.advance(minutes(1));
    assert_ne!(
        give(&mut planted, &world.code(0)).await.location(),
        Some("/in")
    );
}

#[tokio::test]
async fn a_code_of_the_neighbouring_step_is_right_and_farther_ones_are_not() {
    for (steps, location) in [
        (-2, "/login/code"),
        (-1, "/in"),
        (1, "/in"),
        (2, "/login/code"),
    ] {
        let world = World::new();
        let mut browser = half_logged_in(&world).await;
        let answer = give(&mut browser, &world.code(steps)).await;
        assert_eq!(answer.location(), Some(location), "{steps}");
    }
}

#[tokio::test]
async fn a_code_works_once() {
    let world = World::new();
    let code = world.code(0);
    let mut owner = half_logged_in(&world).await;
    let mut thief = half_logged_in(&world).await;
    assert_eq!(give(&mut owner, &code).await.location(), Some("/in"));
    assert_eq!(
        give(&mut thief, &code).await.location(),
        Some("/login/code")
    );
    world.clock.advance(std::time::Duration::from_secs(30));
    let sweep = Sweep::new(world.clock.now(), 1_000);
    world.store.sweep(sweep).await.unwrap();
    assert_eq!(
        give(&mut thief, &code).await.location(),
        Some("/login/code"),
        "a step later"
    );
    assert_eq!(
        give(&mut thief, &world.code(0)).await.location(),
        Some("/in"),
        "another code"
    );
}

#[tokio::test]
async fn of_two_who_give_one_code_at_once_one_is_let_in() {
    for _ in 0..20 {
        let world = World::new();
        let code = world.code(0);
        let barrier = Arc::new(Barrier::new(3));
        let mut tries = Vec::new();
        for _ in 0..3 {
            let mut browser = half_logged_in(&world).await;
            let (code, barrier) = (code.clone(), barrier.clone());
            tries.push(tokio::spawn(async move {
                barrier.wait().await;
                give(&mut browser, &code).await.location() == Some("/in")
            }));
        }
        let mut won = 0;
        for tried in tries {
            won += usize::from(tried.await.unwrap());
        }
        assert_eq!(won, 1);
    }
}

/// Five tries for a password, and ten in an hour for an account.
#[tokio::test]
async fn eleven_wrong_codes_are_one_too_many() {
    let world = World::new();
    let mut browser = half_logged_in(&world).await;
    for number in 1..=5 {
        let answer = give(&mut browser, "000000").await;
        let expected = if number < 5 { "/login/code" } else { "/login" };
        assert_eq!(answer.location(), Some(expected), "{number}");
    }
    assert_eq!(
        give(&mut browser, &world.code(0)).await.location(),
        Some("/login"),
        "the right one comes too late"
    );
    let page = browser.get("/login").await;
    assert_eq!(page.text(), "login page", "the way to begin anew is open");
    let mut browser = half_logged_in(&world).await;
    for _ in 6..=10 {
        give(&mut browser, "000000").await;
    }
    let mut browser = half_logged_in(&world).await;
    let eleventh = give(&mut browser, &world.code(0)).await;
    assert_eq!(eleventh.status(), StatusCode::TOO_MANY_REQUESTS);
    world.clock.advance(minutes(60));
    let mut browser = half_logged_in(&world).await;
    assert_eq!(
        give(&mut browser, &world.code(0)).await.location(),
        Some("/in")
    );
}

/// Who has the password does not guess for a year: a hundred codes, and new
/// credentials are needed. The right ones of the user do not count.
#[tokio::test]
async fn ten_codes_an_hour_end_after_a_hundred() {
    let world = World::new();
    for hour in 0..10 {
        let mut user = half_logged_in(&world).await;
        let answer = give(&mut user, &world.code(0)).await;
        assert_eq!(answer.location(), Some("/in"), "{hour}");
        for _ in 0..2 {
            let mut thief = half_logged_in(&world).await;
            for _ in 0..5 {
                let answer = give(&mut thief, "000000").await;
                assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{hour}");
            }
        }
        world.clock.advance(minutes(60));
    }
    let mut thief = half_logged_in(&world).await;
    let answer = give(&mut thief, &world.code(0)).await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    let hash = Password::from(PASSWORD.to_owned()).hash(PasswordCost::new(8, 1));
    let hash = hash.unwrap();
    world
        .accounts
        .change(2, |account| account.hash = Some(hash));
    let mut user = half_logged_in(&world).await;
    let answer = give(&mut user, &world.code(0)).await;
    assert_eq!(answer.location(), Some("/in"));
}

/// Of the ten codes an hour for known browsers each gets half, and then strangers' ones.
#[tokio::test]
async fn codes_of_known_browsers_are_shared() {
    let world = World::new();
    let mut browsers = Vec::new();
    for _ in 0..3 {
        let mut browser = half_logged_in(&world).await;
        give(&mut browser, &world.code(0)).await;
        browser.post("/logout").await;
        world.clock.advance(Duration::from_secs(30)); // a code works once
        browsers.push(browser);
    }
    let mut tried = [0; 3];
    for (tried, browser) in tried.iter_mut().zip(&mut browsers) {
        *tried = codes_until_the_limit(browser).await;
    }
    assert_eq!(tried, [5 + 10, 5, 0]);
}

/// How many wrong codes a browser may give.
async fn codes_until_the_limit(browser: &mut TestClient) -> u32 {
    let mut tried = 0;
    loop {
        if tried % 5 == 0 {
            log_in_as(browser, "two", PASSWORD).await;
        }
        match give(browser, "000000").await.status() {
            StatusCode::TOO_MANY_REQUESTS => return tried,
            _ => tried += 1,
        }
    }
}

/// A browser that is known has a hundred of its own, and then those of strangers.
#[tokio::test]
async fn codes_of_a_known_browser_end_as_well() {
    let world = World::with(|builder| builder.throttle(many()));
    let mut known = half_logged_in(&world).await;
    give(&mut known, &world.code(0)).await;
    known.post("/logout").await;
    assert_eq!(codes_until_the_limit(&mut known).await, 200);
}

/// Also where the app checks the first factor itself, over and over, in new browsers.
#[tokio::test]
async fn one_factor_makes_no_browser_known() {
    let world = World::new();
    let mut tried = 0;
    for _ in 0..5 {
        let mut browser = world.browser();
        let answer = browser.post("/login/directory").await;
        assert_eq!(answer.location(), Some("/login/code"));
        assert!(!browser.cookie_names().any(|name| name.ends_with("known")));
        for _ in 0..4 {
            let status = give(&mut browser, "000000").await.status();
            tried += usize::from(status != StatusCode::TOO_MANY_REQUESTS);
        }
    }
    assert_eq!(tried, 10);
}

/// A code whose check takes as long as the test wants.
struct Slow {
    checks: Arc<AtomicU64>,
    go_on: Arc<Semaphore>,
}

impl SecondFactor<Account> for Slow {
    type Error = std::io::Error;

    async fn check(self, _: &Login<Account>, _: &Account) -> Result<bool, Self::Error> {
        let before = self.checks.fetch_add(1, Ordering::SeqCst);
        assert!(before < 5, "a sixth check");
        drop(self.go_on.acquire().await.unwrap());
        Ok(false)
    }
}

/// Twenty at once are five tries, however slow their checks are.
#[tokio::test]
async fn no_number_of_requests_at_once_makes_more_tries() {
    let (checks, go_on) = (Arc::new(AtomicU64::new(0)), Arc::new(Semaphore::new(0)));
    let (counted, gate) = (checks.clone(), go_on.clone());
    let slow = move |session: Session<Pending<Account>>| {
        let (checks, go_on) = (counted.clone(), gate.clone());
        async move { session.finish_login(Slow { checks, go_on }).await.map(drop) }
    };
    let world = World::with_routes(
        |builder| builder.throttle(many()),
        |routes| routes.post("/slow", slow),
    );
    let browser = half_logged_in(&world).await;
    let mut tries = JoinSet::new();
    for _ in 0..20 {
        let mut browser = browser.clone();
        tries.spawn(async move { browser.post("/slow").await.location().map(str::to_owned) });
    }
    for _ in 0..15 {
        let over = tries.join_next().await.unwrap().unwrap();
        assert_eq!(over.as_deref(), Some("/login"));
    }
    assert_eq!(checks.load(Ordering::SeqCst), 5);
    go_on.add_permits(5);
    while let Some(tried) = tries.join_next().await {
        assert!(tried.is_ok());
    }
}

/// What was checked more than five minutes ago counts no longer.
#[tokio::test]
async fn a_first_factor_that_is_old_begins_and_finishes_nothing() {
    let world = World::new();
    let answer = world.browser().post("/login/late").await;
    assert_eq!(answer.location(), Some("/login"));

    let account = world.accounts.get(2).unwrap();
    let FirstFactor::AsksForSecond(half) = world.login.vouch_for(account) else {
        panic!("one is enough");
    };
    world.clock.advance(minutes(6));
    let code = TotpCode::from(world.code(0));
    let error = world
        .login
        .check_second_factor(half, code)
        .await
        .unwrap_err();
    assert!(error.is_refused());
}

#[tokio::test]
async fn a_login_is_finished_in_the_browser_that_began_it() {
    let world = World::new();
    let mut browser = half_logged_in(&world).await;
    let code = world.code(0);
    let post = browser
        .post("/login/code")
        .header(header::USER_AGENT, "Other/1.0");
    assert_eq!(
        post.form([("code", &*code)]).await.location(),
        Some("/login")
    );
}

#[tokio::test]
async fn a_login_waits_for_ten_minutes() {
    let world = World::new();
    let mut browser = half_logged_in(&world).await;
    world.clock.advance(minutes(10));
    assert_eq!(
        give(&mut browser, &world.code(0)).await.location(),
        Some("/login"),
    );
}

/// What is asked for again is asked of the user as it is now.
#[tokio::test]
async fn what_changes_between_the_factors_counts() {
    for change in [
        (|account: &mut Account| account.hash = Some("another".to_owned())) as fn(&mut Account),
        |account| account.active = false,
        |account| account.totp = None,
        |account| account.totp = Some("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned()),
    ] {
        for between_guard_and_check in [false, true] {
            let world = World::new();
            let mut browser = half_logged_in(&world).await;
            let code = world.code(0);
            match between_guard_and_check {
                true => *world.accounts.meanwhile.lock().unwrap() = Some((2, change)),
                false => world.accounts.change(2, change),
            }
            assert_ne!(give(&mut browser, &code).await.location(), Some("/in"));
            assert_eq!(browser.get("/who").await.text(), "nobody");
        }
    }
}

/// A slow check is no reason to let in who may not log in any more.
#[tokio::test]
async fn what_changes_while_the_second_factor_is_checked_counts() {
    for change in [
        (|account: &mut Account| account.hash = Some("another".to_owned())) as fn(&mut Account),
        |account| account.active = false,
    ] {
        let world = World::new();
        let codes = RecoveryCode::generate().unwrap();
        *world.accounts.recovery.lock().unwrap() = codes.iter().map(RecoveryCode::hash).collect();
        let mut browser = half_logged_in(&world).await;
        *world.accounts.meanwhile.lock().unwrap() = Some((2, change));
        let post = browser.post("/login/recovery");
        let answer = post.form([("code", codes[0].reveal())]).await;
        assert_ne!(answer.location(), Some("/in"));
        assert_eq!(world.accounts.recovery.lock().unwrap().len(), 9);
        assert_eq!(browser.get("/who").await.text(), "nobody");
    }
}

#[tokio::test]
async fn ending_all_sessions_ends_what_waits() {
    let world = World::new();
    let mut owner = half_logged_in(&world).await;
    give(&mut owner, &world.code(0)).await;
    let mut thief = half_logged_in(&world).await;
    owner
        .post("/password")
        .form([("password", "another horse")])
        .await;
    world.clock.advance(minutes(1));
    assert_eq!(
        give(&mut thief, &world.code(0)).await.location(),
        Some("/login"),
    );
}

#[tokio::test]
async fn it_can_be_given_up() {
    let world = World::new();
    let mut browser = half_logged_in(&world).await;
    assert_eq!(browser.post("/logout").await.text(), "out");
    assert_eq!(browser.get("/login").await.text(), "login page");
    assert_eq!(
        log_in_as(&mut browser, "one", PASSWORD).await.location(),
        Some("/in")
    );
}

#[tokio::test]
async fn a_recovery_code_works_once() {
    let world = World::new();
    let codes = RecoveryCode::generate().unwrap();
    *world.accounts.recovery.lock().unwrap() = codes.iter().map(RecoveryCode::hash).collect();
    let typed = codes[4].reveal().to_lowercase().replace('-', " ");
    for expected in ["/in", "/login/code"] {
        let mut browser = half_logged_in(&world).await;
        let answer = browser
            .post("/login/recovery")
            .form([("code", &*typed)])
            .await;
        assert_eq!(answer.location(), Some(expected));
    }
    assert_eq!(world.accounts.recovery.lock().unwrap().len(), 9);
}

#[tokio::test]
async fn a_check_that_fails_lets_nobody_in() {
    let world = World::new();
    let codes = RecoveryCode::generate().unwrap();
    *world.accounts.recovery.lock().unwrap() = codes.iter().map(RecoveryCode::hash).collect();
    world.accounts.broken.store(true, Ordering::Relaxed);
    let mut browser = half_logged_in(&world).await;
    let code = codes[0].reveal();
    let answer = browser
        .post("/login/recovery")
        .form([("code", &*code)])
        .await;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(browser.get("/who").await.text(), "nobody");
}

#[tokio::test]
async fn what_a_stranger_kept_is_there_after_both() {
    let world = World::new();
    let mut browser = world.browser();
    assert_eq!(browser.post("/cart").await.text(), "[7]");
    log_in_as(&mut browser, "two", PASSWORD).await;
    assert_eq!(
        browser.post("/cart").await.text(),
        "[7, 7]",
        "it is still the stranger's"
    );
    give(&mut browser, &world.code(0)).await;
    assert_eq!(browser.get("/cart").await.text(), "[7, 7]");
    browser.post("/logout").await;
    assert_eq!(browser.get("/cart").await.text(), "[]");
}

#[tokio::test]
async fn confirming_takes_both() {
    let world = World::new();
    let mut browser = half_logged_in(&world).await;
    give(&mut browser, &world.code(0)).await;
    world.clock.advance(minutes(20));
    assert_eq!(
        browser.get("/fresh").await.location(),
        Some("/confirm?next=%2Ffresh")
    );
    let one = browser
        .post("/confirm")
        .form([("password", PASSWORD)])
        .await;
    assert_eq!(one.location(), Some("/confirm"));
    let wrong = [("password", PASSWORD), ("code", "000000")];
    assert_eq!(
        browser.post("/confirm").form(wrong).await.location(),
        Some("/confirm")
    );
    let code = world.code(0);
    let both = [("password", PASSWORD), ("code", &*code)];
    assert_eq!(
        browser.post("/confirm").form(both).await.location(),
        Some("/in")
    );
    assert_eq!(browser.get("/fresh").await.text(), "two");
    assert_eq!(browser.get("/factors").await.text(), "true");
}

// --- remembered browsers -----------------------------------------------------

async fn remembered(world: &World) -> TestClient {
    let mut browser = world.browser();
    let form = [
        ("name", "two"),
        ("password", PASSWORD),
        ("remember", "true"),
    ];
    browser.post("/login").form(form).await;
    assert!(
        !browser
            .cookie_names()
            .any(|name| name.ends_with("remember")),
        "not before"
    );
    give(&mut browser, &world.code(0)).await;
    assert!(
        browser
            .cookie_names()
            .any(|name| name.ends_with("remember"))
    );
    browser.close_window();
    world.clock.advance(minutes(1));
    browser
}

#[tokio::test]
async fn a_remembered_browser_is_one_factor() {
    let world = World::new();
    let mut browser = remembered(&world).await;
    assert_eq!(
        browser.get("/look").await.text(),
        "nobody",
        "a look shows nobody"
    );
    assert_eq!(
        browser.get("/in").await.location(),
        Some("/login/code?next=%2Fin")
    );
    assert_eq!(browser.get("/who").await.text(), "nobody");
    assert_eq!(
        give(&mut browser, "000000").await.location(),
        Some("/login/code")
    );
    let kinds = [EventKind::UserLoadedFromCookie, EventKind::UserLoggedIn];
    let told = || kinds.map(|kind| world.login.event_counts().of(kind));
    assert_eq!(told(), [0, 1]);
    assert_eq!(
        give(&mut browser, &world.code(0)).await.location(),
        Some("/in")
    );
    assert_eq!(told(), [1, 1], "it is no login by hand");
    assert_eq!(browser.get("/in").await.text(), "two");
    assert_eq!(
        browser.get("/fresh").await.location(),
        Some("/confirm?next=%2Ffresh"),
        "nobody gave the password"
    );
    browser.close_window();
    assert_eq!(
        browser.get("/in").await.location(),
        Some("/login/code?next=%2Fin")
    );
}

#[tokio::test]
async fn under_a_limit_what_a_remembered_browser_began_counts_from_the_password() {
    let days = |days: u64| minutes(60 * 24 * days);
    let world = World::with(|builder| builder.limits(Limits::aal1()));
    let mut browser = remembered(&world).await;
    world.clock.advance(days(20));
    browser.get("/in").await;
    give(&mut browser, &world.code(0)).await;
    world.clock.advance(days(6));
    assert_eq!(browser.get("/in").await.text(), "two");
    world.clock.advance(days(5)); // 31 since the password was given
    assert_eq!(
        browser.get("/in").await.location(),
        Some("/login?next=%2Fin")
    );
}

#[tokio::test]
async fn giving_up_forgets_the_browser() {
    let world = World::new();
    let mut browser = remembered(&world).await;
    browser.get("/in").await;
    assert_eq!(browser.post("/logout").await.text(), "out");
    assert_eq!(
        browser.get("/in").await.location(),
        Some("/login?next=%2Fin")
    );
    assert!(
        !browser
            .cookie_names()
            .any(|name| name.ends_with("remember"))
    );
}

#[tokio::test]
async fn the_app_may_let_a_remembered_browser_in() {
    let world = World::with(|builder| builder.remember_skips_second_factor());
    let mut browser = remembered(&world).await;
    assert_eq!(browser.get("/in").await.text(), "two");
    assert_eq!(browser.get("/factors").await.text(), "false");
    assert_eq!(
        browser.get("/fresh").await.location(),
        Some("/confirm?next=%2Ffresh")
    );
}

/// What waits after a restore runs out as any other.
#[tokio::test]
async fn a_remembered_login_waits_for_ten_minutes_too() {
    let world = World::new();
    let mut browser = remembered(&world).await;
    browser.get("/in").await;
    let swept = async |after| {
        world.clock.advance(minutes(after));
        let sweep = Sweep::new(world.clock.now(), 1_000);
        world.store.sweep(sweep).await.unwrap()
    };
    swept(9).await; // the code that was used
    assert_eq!(swept(1).await, 1, "what waited");
}

/// After a second factor the series is another one, as after a confirmation.
#[tokio::test]
async fn a_copy_of_the_remember_cookie_is_worth_nothing_once_its_owner_is_in() {
    let world = World::new();
    let mut owner = remembered(&world).await;
    let mut thief = owner.clone();
    owner.get("/in").await;
    assert_eq!(
        give(&mut owner, &world.code(0)).await.location(),
        Some("/in")
    );
    assert_eq!(owner.get("/in").await.text(), "two");
    world.clock.advance(minutes(2));
    assert_eq!(thief.get("/in").await.location(), Some("/login?next=%2Fin"));
    assert_eq!(owner.get("/in").await.text(), "two");
}

/// Whoever has only the password does not push the owner out.
#[tokio::test]
async fn logins_that_wait_are_the_first_to_go() {
    let world = World::with(|builder| builder.max_sessions_per_user(3).throttle(many()));
    let mut owner = half_logged_in(&world).await;
    give(&mut owner, &world.code(0)).await;
    assert_eq!(owner.get("/in").await.text(), "two");
    world.clock.advance(minutes(1));
    for _ in 0..5 {
        half_logged_in(&world).await;
    }
    let mut again = half_logged_in(&world).await;
    give(&mut again, &world.code(0)).await;
    assert_eq!(again.get("/in").await.text(), "two");
    assert_eq!(owner.get("/in").await.text(), "two");
}

/// Whose first factor was the remember cookie has not given the password.
#[tokio::test]
async fn a_remembered_login_changes_no_password() {
    async fn change(
        session: Session<Pending<Account>>,
        Query(query): Query<HashMap<String, String>>,
    ) -> Result<(), LoginError> {
        let code = TotpCode::from(query["code"].clone());
        let session = session.finish_login(code).await?;
        let account = session.user().clone();
        session.credentials_changed(account).await.map(drop)
    }
    let world = World::with_routes(
        |builder| builder,
        |routes| routes.post("/finish-and-change", change),
    );
    let mut browser = remembered(&world).await;
    browser.get("/in").await;
    let path = format!("/finish-and-change?code={}", world.code(0));
    let answer = browser.post(&path).await;
    assert_eq!(answer.location(), Some("/confirm"));
}
