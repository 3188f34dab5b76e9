//! The limits of a standard: what a login may last, whatever else is said.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use portcullis::{
    Clock, FreshFor, Limits, Timestamp,
    store::{SessionStore, Sweep},
};
use support::*;

fn with(limits: Limits) -> World {
    World::with(|builder| builder.limits(limits), |routes, _| routes)
}

/// How many days the remember cookie of a new login lasts, if there is one.
async fn days(world: &World, asked: &str) -> Option<u64> {
    let reply = world.browser().post(&format!("/remember/1{asked}")).await;
    Some(lasts(&reply)? / 86_400)
}

/// How many seconds the remember cookie of an answer lasts, if there is one.
fn lasts(reply: &Reply) -> Option<u64> {
    let lines = reply.set_cookies();
    let line = lines.iter().find(|line| line.starts_with(REMEMBER))?;
    let (_, rest) = line.split_once("Max-Age=").unwrap();
    Some(rest.split(';').next().unwrap().parse().unwrap())
}

#[tokio::test]
async fn at_level_2_a_login_ends_after_an_hour_without_use_and_after_a_day() {
    let world = with(Limits::aal2());
    let mut browser = world.logged_in(1).await;
    world.clock.pass(HOUR);
    assert_eq!(browser.get("/who").await.body, "nobody");

    let mut browser = world.logged_in(1).await;
    for _ in 0..24 {
        assert_eq!(browser.get("/me").await.body, "user 1");
        world.clock.pass(HOUR - MINUTE);
    }
    assert_eq!(
        browser.get("/me").await.body,
        "user 1",
        "24 minutes are left"
    );
    world.clock.pass(24 * MINUTE);
    assert_eq!(browser.get("/who").await.body, "nobody");
}

#[tokio::test]
async fn at_level_3_a_login_ends_after_a_quarter_of_an_hour_without_use_and_after_half_a_day() {
    let world = with(Limits::aal3());
    let mut browser = world.logged_in(1).await;
    world.clock.pass(15 * MINUTE);
    assert_eq!(browser.get("/who").await.body, "nobody");

    let mut browser = world.logged_in(1).await;
    for _ in 0..72 {
        assert_eq!(browser.get("/me").await.body, "user 1");
        world.clock.pass(10 * MINUTE);
    }
    assert_eq!(browser.get("/who").await.body, "nobody");
}

/// Reauthentication is what the limit is there for (NIST SP 800-63B-4, 2.3.3).
#[tokio::test]
async fn only_a_new_proof_by_hand_begins_the_limit_anew() {
    let world = with(Limits::aal3());
    let mut browser = world.logged_in(1).await;
    world.clock.pass(10 * MINUTE);
    browser.post("/confirm/1").await;
    for _ in 0..72 {
        assert_eq!(browser.get("/me").await.body, "user 1");
        world.clock.pass(10 * MINUTE);
    }
    assert_eq!(browser.get("/who").await.body, "nobody");
}

#[tokio::test]
async fn above_level_1_no_browser_is_remembered() {
    for limits in [Limits::aal2(), Limits::aal3()] {
        let world = with(limits);
        assert_eq!(days(&world, "").await, None);
        assert_eq!(days(&world, "?days=1").await, None);
    }
}

#[tokio::test]
async fn at_level_1_a_browser_is_remembered_for_a_month_at_most() {
    let world = with(Limits::aal1());
    assert_eq!(days(&world, "").await, Some(30));
    assert_eq!(days(&world, "?days=90").await, Some(30));
    assert_eq!(days(&world, "?days=7").await, Some(7));
}

/// From one login by hand, however the browser comes back.
#[tokio::test]
async fn at_level_1_nobody_is_logged_in_for_more_than_a_month() {
    let settings = |builder: Ready| {
        let builder = builder.limits(Limits::aal1()).refresh_remember_cookie(true);
        builder.idle_limit(30 * DAY)
    };
    let world = World::with(settings, |routes, _| routes);
    let mut browser = world.remembered(1).await;
    let mut open = browser.clone();
    for day in 0..30 {
        assert_eq!(browser.get("/me").await.body, "user 1", "day {day}");
        if day % 2 == 0 {
            browser.close();
        }
        open.jar = browser.jar.clone();
        world.clock.pass(DAY);
    }
    assert_eq!(browser.get("/who").await.body, "nobody", "the session");
    open.close();
    assert_eq!(open.get("/who").await.body, "nobody", "the cookie");
}

/// As the browser is told, and as the store is: a record goes when nothing can come of it.
#[tokio::test]
async fn what_is_prolonged_with_each_use_is_never_prolonged_beyond_the_limit() {
    let settings = |builder: Ready| {
        let builder = builder.limits(Limits::aal1());
        builder.refresh_remember_cookie(true)
    };
    let world = World::with(settings, |routes, _| routes);
    let mut browser = world.remembered(1).await;
    let end = Timestamp::from_unix_seconds(START).plus(30 * DAY);
    for _ in 0..29 {
        world.clock.pass(DAY);
        let left = Some(end.since(world.clock.now()).as_secs());
        assert_eq!(
            lasts(&browser.get("/me").await),
            left,
            "the session is used"
        );
        browser.close();
        assert_eq!(lasts(&browser.get("/me").await), left, "the cookie is used");
    }
    let sweep = Sweep::new(end, 10);
    assert_eq!(world.store.inner.sweep(sweep).await.unwrap(), 2);
    assert!(world.store.inner.is_empty());
}

#[tokio::test]
async fn a_browser_that_was_remembered_before_is_not_after() {
    let before = World::new();
    let mut remembered = before.remembered(1).await;
    let after = before.again(|builder| builder.limits(Limits::aal2()));
    remembered.close();
    remembered.app = after.app.clone();
    before.store.taken();
    assert_eq!(remembered.get("/look").await.body, "nobody");
    assert_eq!(before.store.taken(), ["load"], "a look ends nothing");
    assert_ne!(remembered.get("/me").await.body, "user 1");
    remembered.app = before.app.clone();
    assert_eq!(remembered.get("/who").await.body, "nobody", "it has ended");
}

#[tokio::test]
async fn a_login_that_began_under_longer_limits_ends_at_its_next_use() {
    let before = World::new();
    let mut browser = before.logged_in(1).await;
    browser.app = before.again(|builder| builder.limits(Limits::aal2())).app;
    assert_eq!(browser.get("/who").await.body, "nobody");
}

#[tokio::test]
async fn what_is_said_elsewhere_and_is_shorter_stays() {
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    let world = World::with(
        |builder| builder.idle_limit(minutes(20)).limits(Limits::aal2()),
        |routes, _| routes,
    );
    let mut browser = world.logged_in(1).await;
    world.clock.pass(minutes(20));
    assert_eq!(browser.get("/who").await.body, "nobody");
}

/// Used every five days, so that nobody is idle.
async fn pass_days(world: &World, browser: &mut Browser, days: u32) {
    for _ in 0..days / 5 {
        world.clock.pass(5 * DAY);
        assert_eq!(browser.get("/me").await.body, "user 1");
    }
}

#[tokio::test]
async fn a_login_that_a_cookie_restored_ends_with_what_remembers_it() {
    let before = World::new();
    let mut browser = before.remembered(1).await;
    pass_days(&before, &mut browser, 20).await;
    browser.close();
    pass_days(&before, &mut browser, 10).await; // restored, until day 55
    let after = before.again(|builder| builder.limits(Limits::aal1()));
    before.clock.pass(2 * MINUTE); // until a use is noted again
    browser.app = after.app;
    assert_eq!(browser.get("/who").await.body, "nobody");
    browser.app = before.app;
    assert_eq!(browser.get("/who").await.body, "nobody", "it has ended");
}

#[tokio::test]
async fn who_was_idle_for_longer_than_a_new_limit_is_out() {
    let a_day = |builder: Ready| builder.absolute_limit(DAY).idle_limit(DAY);
    let before = World::with(a_day, |routes, _| routes);
    let after = before.again(|builder| builder.limits(Limits::aal2()));
    for (minutes, expected) in [(59, "user 1"), (60, "nobody")] {
        let mut browser = before.logged_in(1).await;
        before.clock.pass(MINUTE * minutes);
        browser.app = after.app.clone();
        assert_eq!(browser.get("/who").await.body, expected, "{minutes}");
    }
}

#[tokio::test]
async fn a_clock_that_was_hours_ahead_lengthens_no_login_of_hours() {
    let world = with(Limits::aal3());
    for (hours, expected) in [(1, "user 1"), (2, "nobody")] {
        world.clock.set(START + hours * 3_600);
        let mut browser = world.logged_in(1).await;
        world.clock.set(START);
        assert_eq!(browser.get("/who").await.body, expected, "{hours}");
    }
}

#[tokio::test]
async fn a_browser_that_a_clock_far_ahead_remembered_is_not() {
    for limits in [Limits::aal1(), Limits::aal2()] {
        let unlimited = World::new();
        let world = unlimited.again(|builder| builder.limits(limits));
        world.clock.set(START + 400 * 86_400);
        let mut browser = unlimited.remembered(1).await;
        world.clock.set(START);
        browser.close();
        browser.app = world.app;
        assert_eq!(browser.get("/who").await.body, "nobody");
    }
}

/// Who changes a password has not given it again.
#[tokio::test]
async fn a_new_password_prolongs_no_remembered_browser() {
    let settings = |builder: Ready| {
        let builder = builder
            .limits(Limits::aal1())
            .fresh_for(FreshFor::WholeSession);
        builder.refresh_remember_cookie(true)
    };
    let world = World::with(settings, |routes, _| routes);
    let mut browser = world.remembered(1).await;
    pass_days(&world, &mut browser, 25).await;
    assert_eq!(browser.post("/password/new").await.body, "changed");
    world.clock.pass(DAY);
    browser.close();
    assert_eq!(browser.get("/me").await.body, "user 1");
    world.clock.pass(4 * DAY);
    assert_eq!(browser.get("/who").await.body, "nobody", "the session");
    browser.close();
    assert_eq!(browser.get("/who").await.body, "nobody", "the cookie");
}

/// A server whose clock was ahead by a day has written it, and no farther.
#[tokio::test]
async fn a_login_that_ends_a_day_beyond_the_limit_is_good_and_farther_is_over() {
    for (behind, who) in [(DAY, "user 1"), (DAY + Duration::from_secs(1), "nobody")] {
        let world = World::new();
        let mut browser = world.logged_in(1).await;
        world.clock.set(START - behind.as_secs());
        assert_eq!(browser.get("/who").await.body, who);
    }
}
