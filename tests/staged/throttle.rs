//! Limits for guessing: what they let through, and what they tell.

use std::time::Duration;

use axum::http::{HeaderName, StatusCode};
use portcullis::{
    EventKind, Password, PeerAddress, Throttle, store::MemoryStore, testing::TestClient,
};
use tokio::{sync::mpsc, task::JoinSet};

use crate::world::*;

pub const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-for");

pub fn behind_a_proxy() -> Throttle {
    Throttle::default().network(PeerAddress::BehindProxies(1))
}

pub async fn guess(browser: &mut TestClient, from: &str, name: &str, password: &str) -> StatusCode {
    let form = [("name", name), ("password", password)];
    let post = browser.post("/login").accept("application/json");
    post.header(FORWARDED, from).form(form).await.status()
}

/// 10,000 wrong passwords from as many networks, over two servers at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn brute_force_stays_within_the_budget() {
    let one = World::with(|builder| builder.throttle(behind_a_proxy()));
    let other = one.beside(|builder| builder.throttle(behind_a_proxy()));
    let guesses = |world: World, half: u32| async move {
        let mut tried = 0;
        for guess_number in 0..5_000_u32 {
            let from = format!("10.{half}.{}.{}", guess_number / 256, guess_number % 256);
            let status = guess(&mut world.browser(), &from, "one", "wrong").await;
            match status {
                StatusCode::UNAUTHORIZED => tried += 1,
                status => assert_eq!(status, StatusCode::TOO_MANY_REQUESTS),
            }
        }
        tried
    };
    let (a, b) = tokio::join!(
        tokio::spawn(guesses(one.clone(), 1)),
        tokio::spawn(guesses(other.clone(), 2))
    );
    assert_eq!(a.unwrap() + b.unwrap(), 100, "what the documentation says");
    assert_eq!(
        one.hashes() + other.hashes(),
        100,
        "the limit comes before the hash"
    );

    // Who guesses no more lets the user in, at the latest an hour later.
    let mut user = one.browser();
    assert_eq!(
        guess(&mut user, "192.0.2.1", "one", PASSWORD).await,
        StatusCode::TOO_MANY_REQUESTS
    );
    one.clock.advance(minutes(60));
    assert_eq!(
        guess(&mut user, "192.0.2.1", "one", PASSWORD).await,
        StatusCode::SEE_OTHER
    );
}

/// A proxy that says no address, or a client that comes around it, is no way around the limit.
#[tokio::test]
async fn where_nobody_can_tell_is_one_network() {
    let world = World::with(|builder| builder.throttle(behind_a_proxy().per_network(3)));
    for (number, from) in ["", "unknown", "", "unknown"].into_iter().enumerate() {
        let name = format!("name {number}");
        let status = guess(&mut world.browser(), from, &name, "wrong").await;
        let expected = match number {
            3 => StatusCode::TOO_MANY_REQUESTS,
            _ => StatusCode::UNAUTHORIZED,
        };
        assert_eq!(status, expected);
    }
    let status = guess(&mut world.browser(), "192.0.2.1", "one", PASSWORD).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
}

/// What is counted takes no place in the memory store from those who log in.
#[tokio::test]
async fn counters_take_no_place_of_a_user() {
    let world = World::with(|builder| builder.store(MemoryStore::with_bounds(1, 1)));
    for number in 0..10 {
        let name = format!("name {number}");
        log_in_as(&mut world.browser(), &name, "wrong").await;
    }
    let answer = log_in_as(&mut world.browser(), "one", PASSWORD).await;
    assert_eq!(answer.location(), Some("/in"));
}

/// Names and networks are counted in so many records, however many are invented.
#[tokio::test]
async fn names_that_are_invented_share_their_counters() {
    let world = World::new();
    for number in 0..5_000 {
        let attempt = world.login.attempt(&format!("name {number}"), None).await;
        drop(attempt.unwrap());
    }
    let records = world.store.inner.len();
    assert!(
        records < 2 * 5_000 - 50,
        "{records} records of two counters"
    );
}

#[tokio::test]
async fn the_answer_says_how_long_to_wait() {
    let world = World::with(|builder| builder.throttle(Throttle::default().per_account(1)));
    log_in_as(&mut world.browser(), "one", "wrong").await;
    world.clock.advance(minutes(20));
    let before = world.hashes();
    let answer = log_in_as(&mut world.browser(), "one", PASSWORD).await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.headers()["retry-after"], "2400");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(world.hashes(), before);
    let attempt = world.login.attempt("one", None).await;
    assert_eq!(attempt.unwrap_err().retry_after(), Some(minutes(40)));
    assert_eq!(portcullis::LoginError::refused().retry_after(), None);
}

#[tokio::test]
async fn another_spelling_is_no_other_name() {
    let world = World::with(|builder| builder.throttle(Throttle::default().per_account(1)));
    log_in_as(&mut world.browser(), "nobody", "wrong").await;
    for name in ["nobody", "NOBODY", " Nobody "] {
        let answer = log_in_as(&mut world.browser(), name, "wrong").await;
        assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS, "{name}");
    }
}

/// Who exists and who does not is throttled after as many failures, with one answer.
#[tokio::test]
async fn it_does_not_tell_who_exists() {
    let world = World::with(|builder| builder.throttle(Throttle::default().per_account(3)));
    let mut answers = Vec::new();
    for name in ["one", "nobody", "three", "four"] {
        let mut all = Vec::new();
        for _ in 0..5 {
            let mut browser = world.browser();
            let answer = log_in_as(&mut browser, name, "wrong").await;
            let wait = answer.headers().get("retry-after").cloned();
            all.push((answer.status(), answer.text(), wait));
        }
        answers.push(all);
    }
    assert_eq!(answers[0][4].0, StatusCode::TOO_MANY_REQUESTS);
    assert!(answers.iter().all(|all| *all == answers[0]));
}

#[tokio::test]
async fn a_success_is_no_failure() {
    let world = World::with(|builder| builder.throttle(Throttle::default().per_account(2)));
    for _ in 0..10 {
        assert_eq!(
            log_in_as(&mut world.browser(), "one", PASSWORD)
                .await
                .location(),
            Some("/in")
        );
    }
    log_in_as(&mut world.browser(), "one", "wrong").await;
    assert_eq!(
        log_in_as(&mut world.browser(), "one", PASSWORD)
            .await
            .location(),
        Some("/in")
    );
}

#[tokio::test]
async fn one_network_has_limits_and_others_have_their_own() {
    let world = World::with(|builder| builder.throttle(behind_a_proxy()));
    // One account: ten.
    for _ in 0..10 {
        let status = guess(&mut world.browser(), "2001:db8::1", "one", "wrong").await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
    for neighbour in ["2001:db8::1", "2001:db8::2:3", "2001:db8:0:0:ffff::1"] {
        let status = guess(&mut world.browser(), neighbour, "one", "wrong").await;
        assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "{neighbour}");
    }
    let status = guess(&mut world.browser(), "2001:db8:0:1::1", "one", PASSWORD).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    // Many accounts: a hundred.
    for account in 0..90 {
        let name = format!("account {account}");
        let status = guess(&mut world.browser(), "2001:db8::1", &name, "wrong").await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
    let status = guess(&mut world.browser(), "2001:db8::1", "another", "wrong").await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn the_limit_is_an_event() {
    let (sender, mut events) = mpsc::unbounded_channel();
    let world = World::with(|builder| {
        let throttle = Throttle::default().per_account(0);
        builder.throttle(throttle).on_event(move |event| {
            sender.send(event.kind()).ok();
        })
    });
    log_in_as(&mut world.browser(), "one", PASSWORD).await;
    while events.recv().await.unwrap() != EventKind::LoginThrottled {}
}

/// A second that was waited too little or too long: windows follow the clock.
#[tokio::test]
async fn a_window_ends_when_it_says() {
    let world = World::with(|builder| builder.throttle(Throttle::default().per_account(1)));
    world.clock.advance(minutes(7));
    log_in_as(&mut world.browser(), "one", "wrong").await;
    let answer = log_in_as(&mut world.browser(), "one", PASSWORD).await;
    let wait: u64 = answer.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    world.clock.advance(Duration::from_secs(wait - 1));
    let answer = log_in_as(&mut world.browser(), "one", PASSWORD).await;
    assert_eq!(answer.headers()["retry-after"], "1");
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(
        log_in_as(&mut world.browser(), "one", PASSWORD)
            .await
            .location(),
        Some("/in")
    );
}

/// Fifty at once on one account are as many tries as the limit, one by one or not.
#[tokio::test]
async fn no_number_of_requests_at_once_makes_more_tries() {
    let world = World::with(|builder| builder.throttle(Throttle::default().per_account(10)));
    let mut tries = JoinSet::new();
    for _ in 0..50 {
        let world = world.clone();
        tries.spawn(async move {
            log_in_as(&mut world.browser(), "one", "wrong")
                .await
                .status()
        });
    }
    let mut tried = 0;
    while let Some(status) = tries.join_next().await {
        tried += usize::from(status.unwrap() == StatusCode::SEE_OTHER);
    }
    assert_eq!((tried, world.hashes()), (10, 10));
}

/// A name that finds an account in one spelling and none in another.
#[tokio::test]
async fn another_spelling_does_not_tell_who_exists() {
    let world = World::with(|builder| builder.throttle(Throttle::default().per_account(3)));
    let mut last = Vec::new();
    for name in ["one", "nobody"] {
        for _ in 0..3 {
            log_in_as(&mut world.browser(), name, "wrong").await;
        }
        let upper = name.to_uppercase();
        let answer = log_in_as(&mut world.browser(), &upper, "wrong").await;
        last.push((answer.status(), answer.text()));
    }
    assert_eq!(last[0], last[1]);
}

/// What an account gets under names of every kind counts together, and nobody is told.
#[tokio::test]
async fn several_names_of_one_account_have_one_limit() {
    let throttle = Throttle::default().per_account(3);
    let world = World::with(|builder| builder.throttle(throttle));
    let account = || world.accounts.get(1);
    for name in ["a", "b", "c"] {
        let attempt = world.login.attempt(name, account().as_ref()).await;
        drop(attempt.unwrap());
    }
    let attempt = world.login.attempt("d", account().as_ref()).await;
    let error = attempt.unwrap().succeeded().await.unwrap_err();
    assert!(error.is_refused(), "as a wrong password");
    let password = Password::from(PASSWORD.to_owned());
    let check = world.login.check_password("e", account(), &password);
    assert!(check.await.unwrap_err().is_refused());
    assert_eq!(world.hashes(), 1, "as much work as for a wrong one");
}

/// Logging in with two factors is no failure either.
#[tokio::test]
async fn a_success_of_two_factors_is_no_failure() {
    let throttle = Throttle::default().per_account(2).second_factor(2);
    let world = World::with(|builder| builder.throttle(throttle));
    for _ in 0..6 {
        let mut browser = world.browser();
        log_in_as(&mut browser, "two", PASSWORD).await;
        assert_eq!(
            give(&mut browser, &world.code(0)).await.location(),
            Some("/in")
        );
        world.clock.advance(Duration::from_secs(30));
    }
}

/// The store is asked as often for who does not exist: time tells nothing either.
#[tokio::test]
async fn a_name_that_nobody_has_takes_as_many_steps() {
    let world = World::with(|builder| builder.throttle(behind_a_proxy()));
    let mut steps = Vec::new();
    for name in ["one", "nobody", "three", "four"] {
        world.store.taken();
        guess(&mut world.browser(), "192.0.2.1", name, "wrong").await;
        let first = world.store.taken();
        guess(&mut world.browser(), "192.0.2.1", name, "wrong").await;
        steps.push((name, first.len(), world.store.taken()));
    }
    let (_, _, of_one) = &steps[0];
    assert!(
        steps.iter().all(|(_, _, taken)| taken == of_one),
        "{steps:?}"
    );
    assert_eq!(steps[1].1, steps[2].1, "{steps:?}");
}

/// Whoever tries in vain learns nothing of the account either, though the password was right.
#[tokio::test]
async fn a_try_in_vain_does_not_tell_that_an_account_is_inactive() {
    let world = World::with(|builder| builder.throttle(Throttle::default().per_account(1)));
    let password = Password::from(PASSWORD.to_owned());
    let four = || world.accounts.get(4);
    let tried = async |name: &str| {
        let checked = world.login.check_password(name, four(), &password);
        checked.await.map(drop).unwrap_err()
    };
    assert!(tried("four").await.is_inactive());
    let in_vain = tried("another name of four").await;
    assert!(in_vain.is_refused() && !in_vain.is_inactive());
}

/// A limit that can't be counted is no limit: nobody is checked against it.
#[tokio::test]
async fn a_try_that_can_only_half_be_counted_is_not_made() {
    let world = World::new();
    let one = world.accounts.get(1);
    drop(world.login.attempt("one", None).await.unwrap());
    // The counter of the name is there, the account's would be a new one.
    world.store.break_at(Some("insert"));
    let attempt = world.login.attempt("one", one.as_ref()).await;
    assert!(attempt.unwrap_err().is_store());
}
