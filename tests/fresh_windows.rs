//! Fresh windows with a name: the narrower counts, and the refusal says which.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    http::{Method, StatusCode, request::Parts},
};
use portcullis::{
    Authenticated, By, FifteenMinutes, FiveMinutes, Fresh, FreshFor, FreshWindow, HoldsProof,
    LoginError, NoState, OneMinute, Routes, Session,
};
use support::*;

/// As good as a password that was just given; with a second factor.
enum BothFactors {}

impl FreshWindow for BothFactors {
    const SECONDS: u64 = 60;
    const BY_SECOND_FACTOR: bool = true;
}

struct Trader(Fresh<User, OneMinute>);

impl HoldsProof for Trader {
    type Proof = Fresh<User, OneMinute>;
    type State = NoState;
    type Rejection = LoginError;

    async fn from_proof(by: Self::Proof, _: &mut Parts, _: &NoState) -> Result<Self, LoginError> {
        Ok(Self(by))
    }
}

fn of_fifteen(by: &Fresh<User, FifteenMinutes>) -> u64 {
    by.id
}

fn of_the_manager(by: &Fresh<User>) -> u64 {
    by.id
}

fn routes(routes: Routes<App>) -> Routes<App> {
    routes
        .get("/minute", async |by: Fresh<User, OneMinute>| {
            format!("{} {}", of_fifteen(&by.widen()), of_the_manager(&by))
        })
        .get("/quarter", async |by: Fresh<User, FifteenMinutes>| {
            by.id.to_string()
        })
        .get("/both-factors", async |by: Fresh<User, BothFactors>| {
            by.id.to_string()
        })
        .get("/second-factor", async |by: Authenticated<User>| {
            by.info().by_second_factor().to_string()
        })
        .get("/by", async |by: By<Trader>| by.0.id.to_string())
        .get("/into", async |by: Authenticated<User>| {
            let by = by.into_fresh_within::<OneMinute>()?;
            Ok::<_, LoginError>(by.id.to_string())
        })
        .get("/from-fresh", async |by: Fresh<User>| {
            let by = by.into_fresh_within::<OneMinute>()?;
            Ok::<_, LoginError>(by.id.to_string())
        })
        .post("/session", async |by: Session<Fresh<User, OneMinute>>| {
            let user = by.user().clone();
            let by = by.credentials_changed(user).await?;
            Ok::<_, LoginError>(of_the_manager(&by).to_string())
        })
        .area::<Fresh<User, FiveMinutes>>("/area", |area| {
            area.get("/", async |by: Fresh<User, FiveMinutes>| by.id.to_string())
                .get("/by", async |by: By<Trader>| by.0.id.to_string())
                .service("/files", Router::new().fallback(async || "1"))
                .area::<Fresh<User, OneMinute>>("/inner", |area| {
                    area.get("/", async |by: Fresh<User, OneMinute>| by.id.to_string())
                })
        })
}

fn world(fresh_for: impl Into<FreshFor>) -> World {
    let fresh_for = fresh_for.into();
    World::with(|builder| builder.fresh_for(fresh_for), |all, _| routes(all))
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Is it let in? And if not, which age is asked for?
async fn asked(browser: &Browser, path: &str) -> Result<(), Option<u64>> {
    let method = match path {
        "/session" => Method::POST,
        _ => Method::GET,
    };
    let reply = browser.clone().api(method, path).await;
    if reply.status == StatusCode::OK {
        assert!(
            reply.body.starts_with('1') || reply.body == "fresh 1",
            "{}",
            reply.body
        );
        return Ok(());
    }
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{path}");
    let challenge = reply.header("www-authenticate").unwrap();
    assert!(
        challenge.contains(r#"error="insufficient_user_authentication""#),
        "{challenge}"
    );
    assert!(!challenge.contains("acr_values"), "{challenge}");
    let (_, age) = challenge.split_once(", max_age=\"").ok_or(None)?;
    Err(age.trim_end_matches('"').parse().ok())
}

const OF_A_MINUTE: [&str; 6] = [
    "/minute",
    "/by",
    "/into",
    "/from-fresh",
    "/area/by",
    "/area/inner",
];

#[tokio::test]
async fn a_window_with_a_name_is_narrower_than_the_managers() {
    let world = world(15 * MINUTE);
    let browser = world.logged_in(1).await;
    world.clock.pass(seconds(59));
    for path in OF_A_MINUTE {
        assert_eq!(asked(&browser, path).await, Ok(()), "{path}");
    }
    world.clock.pass(seconds(1));
    for path in OF_A_MINUTE {
        assert_eq!(asked(&browser, path).await, Err(Some(60)), "{path}");
    }
    assert_eq!(asked(&browser, "/session").await, Err(Some(60)));
    for path in ["/fresh", "/area", "/area/files/a", "/quarter"] {
        assert_eq!(asked(&browser, path).await, Ok(()), "{path}");
    }
    world.clock.pass(4 * MINUTE);
    for path in ["/area", "/area/files/a"] {
        assert_eq!(asked(&browser, path).await, Err(Some(300)), "{path}");
    }
    let reply = browser.clone().get("/minute").await;
    assert_eq!(reply.header("location"), Some("/confirm?next=%2Fminute"));
}

#[tokio::test]
async fn a_name_never_widens_the_managers_window() {
    let world = world(seconds(30));
    let browser = world.logged_in(1).await;
    assert_eq!(asked(&browser, "/quarter").await, Ok(()));
    world.clock.pass(seconds(30));
    for path in ["/quarter", "/minute", "/into", "/area"] {
        assert_eq!(asked(&browser, path).await, Err(Some(30)), "{path}");
    }
}

#[tokio::test]
async fn beside_the_whole_session_a_name_counts() {
    let world = world(FreshFor::WholeSession);
    let browser = world.logged_in(1).await;
    world.clock.pass(MINUTE);
    assert_eq!(asked(&browser, "/minute").await, Err(Some(60)));
    assert_eq!(asked(&browser, "/quarter").await, Ok(()));
    assert_eq!(asked(&browser, "/fresh").await, Ok(()));
}

/// Only in the request that verified: no guard lets anybody in.
#[tokio::test]
async fn a_managers_window_of_zero_stays_zero_under_a_name() {
    let world = world(Duration::ZERO);
    let browser = world.logged_in(1).await;
    for path in ["/fresh", "/minute", "/into", "/area"] {
        assert_eq!(asked(&browser, path).await, Err(Some(0)), "{path}");
    }
}

#[tokio::test]
async fn a_session_of_a_window_has_the_transitions_of_a_fresh_one() {
    let world = world(15 * MINUTE);
    let mut browser = world.logged_in(1).await;
    let before = browser.session_id();
    assert_eq!(browser.post("/session").await.body, "1");
    assert_ne!(browser.session_id(), before);
    assert_eq!(browser.get("/me").await.body, "user 1");
}

/// It is not known of any login, so none is fresh within such a window.
#[tokio::test]
async fn a_window_that_wants_a_second_factor_lets_no_login_without_it_in() {
    let world = world(15 * MINUTE);
    let browser = world.logged_in(1).await;
    assert_eq!(asked(&browser, "/minute").await, Ok(()));
    assert_eq!(asked(&browser, "/both-factors").await, Err(Some(60)));
    let known = browser.clone().get("/second-factor").await.body;
    assert_eq!(known, "false");
}

/// The body came slowly, and meanwhile the password was given too long ago.
#[tokio::test(start_paused = true)]
async fn after_a_slow_body_the_same_window_is_asked_for() {
    let world = World::with(
        |builder| builder,
        |routes, _| {
            routes
                .post("/plain", async |_: Fresh<User>, body: String| body)
                .post("/proof", async |_: Fresh<User, OneMinute>, body: String| {
                    body
                })
                .post(
                    "/session",
                    async |_: Session<Fresh<User, OneMinute>>, body: String| body,
                )
        },
    );
    for (path, status) in [("/plain", 200), ("/proof", 401), ("/session", 401)] {
        let browser = world.logged_in(1).await;
        let (sender, receiver) = tokio::sync::oneshot::channel::<&str>();
        let body = Body::from_stream(futures_util::stream::once(receiver));
        let request = browser.request(Method::POST, path, &[("accept", "application/json")]);
        let request = request.map(|_| body);
        let router = browser.app.clone();
        let reply = tokio::spawn(async move { send(&router, request).await });
        tokio::time::sleep(seconds(6)).await; // of the paused clock
        world.clock.pass(MINUTE);
        sender.send("saved").unwrap();
        let reply = reply.await.unwrap();
        assert_eq!(reply.status, status, "{path}");
        if status == 401 {
            let challenge = reply.header("www-authenticate").unwrap();
            assert!(challenge.ends_with(r#"max_age="60""#), "{challenge}");
        }
    }
}

/// A handler that takes its time asks again for what it has.
#[tokio::test]
async fn a_recheck_asks_for_the_same_window() {
    let waits = std::sync::Arc::new(tokio::sync::Barrier::new(2));
    let (one, two) = (waits.clone(), waits.clone());
    let world = World::with(
        |builder| builder,
        |routes, _| {
            routes
                .post("/proof", async move |by: Fresh<User, OneMinute>| {
                    one.wait().await;
                    one.wait().await;
                    by.recheck().await.map(drop)
                })
                .post(
                    "/session",
                    async move |by: Session<Fresh<User, OneMinute>>| {
                        two.wait().await;
                        two.wait().await;
                        by.recheck().await
                    },
                )
        },
    );
    for path in ["/proof", "/session"] {
        for (passed, status) in [(59, 200), (60, 401)] {
            let mut browser = world.logged_in(1).await;
            let reply = tokio::spawn(async move { browser.api(Method::POST, path).await });
            waits.wait().await;
            world.clock.pass(seconds(passed));
            waits.wait().await;
            assert_eq!(reply.await.unwrap().status, status, "{path} after {passed}");
        }
    }
}

#[test]
fn the_access_table_names_windows_as_they_are_written() {
    let table = routes(Routes::new()).access_table().to_string();
    for row in [
        "GET   /minute         Fresh<User, OneMinute>\n",
        "POST  /session        Session<Fresh<User, OneMinute>>\n",
        "GET   /from-fresh     Fresh<User>\n",
        "*     /area/files/*   Fresh<User, FiveMinutes>  (service)\n",
    ] {
        assert!(table.contains(row), "{row} in\n{table}");
    }
}
