//! Guards hold through nesting, merging and layers; 404 and 405 stay honest;
//! the access table says what the router does.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use axum::{
    Router,
    extract::Request,
    http::{Method, StatusCode, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::Response,
    routing::get,
};
use portcullis::{
    Anonymous, AnySession, Authenticated, By, CurrentUser, Fresh, HoldsProof, Login, LoginError,
    NoState, Routes, Session, public,
};
use support::*;

async fn name(user: Authenticated<User>) -> String {
    format!("user {}", user.id)
}

async fn open() -> &'static str {
    "open"
}

async fn through(request: Request, next: Next) -> Response {
    next.run(request).await
}

fn area(area: Routes<App, Authenticated<User>>) -> Routes<App, Authenticated<User>> {
    area.get("/", name)
        .get("/item/{id}", name)
        .layer(from_fn(through))
        .area::<Fresh<User>>("/keys", |keys| keys.get("/", async |_: Fresh<User>| "keys"))
        .service(
            "/files",
            Router::new()
                .route("/a.txt", get("file a"))
                .fallback(get("no such file")),
        )
        .fallback(async |user: Authenticated<User>| format!("no such page, user {}", user.id))
}

fn more(routes: Routes<App>, login: Login<User>) -> Routes<App> {
    routes
        .area::<Authenticated<User>>("/area", area)
        .nest(
            "/prefix",
            Routes::new()
                .area::<Authenticated<User>>("/area", area)
                .public_service("/open", Router::new().fallback(get("open"))),
        )
        .nest(
            "/nested",
            Routes::new().nest(
                "/deep",
                Routes::new().get("/page", name).get("/open", public(open)),
            ),
        )
        .merge(
            Routes::new()
                .get("/merged", name)
                .route_layer(from_fn(through)),
        )
        .layer(from_fn_with_state(
            login,
            async |who: CurrentUser<User>, request: Request, next: Next| {
                let mut response = next.run(request).await;
                let who = who
                    .user()
                    .map_or("nobody".to_owned(), |user| user.id.to_string());
                response.headers_mut().insert("x-who", who.parse().unwrap());
                response
            },
        ))
        .get("/after", name)
        .any("/any", async |method: CurrentUser<User>| {
            format!("{}", method.is_authenticated())
        })
        .get_callback("/callback", async |session: AnySession<User>| {
            format!("{session:?}")
        })
        .cross_origin("/form-post", async |who: CurrentUser<User>| {
            format!("{}", who.is_authenticated())
        })
        .public_router(
            "/router",
            Router::new()
                .route("/", get(open))
                .route("/look", get(look))
                .route("/post", axum::routing::post(open)),
        )
        .public_service("/service", Router::new().route("/a", get("service a")))
        .unguarded(
            "/hooks",
            "signed by the sender",
            Router::new().route("/pay", axum::routing::post(open)),
        )
}

async fn look(who: CurrentUser<User>) -> String {
    format!("{}", who.is_authenticated())
}

fn world() -> World {
    World::with(|builder| builder, more)
}

/// The whole table, as a review sees it.
const TABLE: &str = include_str!("support/access_table.txt");

#[tokio::test]
async fn guards_hold_through_nests_merges_and_layers() {
    let world = world();
    let paths = [
        "/me",
        "/area",
        "/area/item/7",
        "/area/keys",
        "/area/files/a.txt",
        "/area/files",
        "/area/files/none",
        "/area/none",
        "/area/files/",
        "/prefix/area",
        "/prefix/area/files",
        "/prefix/area/files/",
        "/prefix/area/files/a.txt",
        "/prefix/area/none/at/all",
        "/nested/deep/page",
        "/merged",
        "/after",
    ];
    let mut stranger = world.browser();
    let mut user = world.logged_in(1).await;
    for path in paths {
        for method in [Method::GET, Method::HEAD] {
            assert_eq!(
                stranger.api(method, path).await.status,
                StatusCode::UNAUTHORIZED,
                "{path}"
            );
        }
        assert_eq!(user.get(path).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!(
        user.get("/area/files/a.txt").await.body,
        "file a",
        "the prefix is stripped"
    );
    assert_eq!(user.get("/area/none").await.body, "no such page, user 1");
    for path in [
        "/",
        "/nested/deep/open",
        "/router",
        "/service/a",
        "/prefix/open",
        "/prefix/open/",
        "/prefix/open/x/y",
    ] {
        assert_eq!(stranger.get(path).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn below_a_service_the_origin_is_that_of_the_request() {
    let world = world();
    let user = world.logged_in(1).await;
    for path in ["/prefix/area/files/", "/prefix/area/files/a.txt"] {
        // As under HTTP/2: an authority and no `Host`.
        let uri = format!("https://app.example{path}");
        let from = |origin| user.request(Method::POST, &uri, &[("origin", origin)]);
        assert_ne!(
            send(&world.app, from("https://app.example")).await.status,
            StatusCode::FORBIDDEN
        );
        assert_eq!(
            send(&world.app, from("https://evil.example")).await.status,
            StatusCode::FORBIDDEN
        );
    }
}

#[tokio::test]
async fn a_stronger_area_asks_for_more() {
    let world = world();
    let mut user = world.logged_in(1).await;
    assert_eq!(user.get("/area/keys").await.body, "keys");
    world.clock.pass(HOUR);
    let reply = user.get("/area/keys").await;
    assert_eq!(
        reply.header(header::LOCATION),
        Some("/confirm?next=%2Farea%2Fkeys"),
        "as the browser asked, not as nested"
    );
}

#[tokio::test]
async fn paths_and_methods_that_are_not_there_say_so_to_everyone() {
    let world = world();
    for mut browser in [world.browser(), world.logged_in(1).await] {
        assert_eq!(browser.get("/nowhere").await.status, StatusCode::NOT_FOUND);
        assert_eq!(
            browser.get("/nested/nowhere").await.status,
            StatusCode::NOT_FOUND
        );
        let reply = browser.send(Method::DELETE, "/me", &[]).await;
        assert_eq!(
            (reply.status, reply.header(header::ALLOW)),
            (StatusCode::METHOD_NOT_ALLOWED, Some("GET,HEAD"))
        );
    }
}

#[tokio::test]
async fn options_are_told_without_a_login() {
    let world = world();
    let mut stranger = world.browser();
    for (path, allow) in [
        ("/me", "GET,HEAD"),
        ("/any", ""),
        ("/nested/deep/page", "GET,HEAD"),
        ("/logout", "POST"),
    ] {
        let reply = stranger
            .send(Method::OPTIONS, path, &[("sec-fetch-site", "cross-site")])
            .await;
        assert_eq!(reply.status, StatusCode::NO_CONTENT, "{path}");
        assert_eq!(
            reply.header(header::ALLOW).unwrap_or_default(),
            allow,
            "{path}"
        );
    }
    assert!(world.store.taken().is_empty());
}

#[tokio::test]
async fn a_callback_answers_get_and_neither_head_nor_prefetch() {
    let world = world();
    let mut browser = world.browser();
    assert_eq!(browser.get("/callback").await.body, "AnySession::Anonymous");
    assert_eq!(
        browser.send(Method::HEAD, "/callback", &[]).await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
    for (name, value) in [
        ("sec-purpose", "prefetch;prerender"),
        ("purpose", "prefetch"),
    ] {
        assert_eq!(
            browser
                .send(Method::GET, "/callback", &[(name, value)])
                .await
                .status,
            StatusCode::SERVICE_UNAVAILABLE
        );
    }
    let from_there = [("sec-fetch-site", "cross-site")];
    assert_eq!(
        browser
            .send(Method::GET, "/callback", &from_there)
            .await
            .status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn another_site_sends_nothing_but_where_the_table_says_so() {
    let world = world();
    let mut user = world.logged_in(1).await;
    let from_there = [
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://evil.example"),
    ];
    for path in [
        "/login/1",
        "/logout",
        "/note/1",
        "/any",
        "/router/post",
        "/service/a",
    ] {
        assert_eq!(
            user.send(Method::POST, path, &from_there).await.status,
            StatusCode::FORBIDDEN,
            "{path}"
        );
    }
    for path in ["/form-post", "/hooks/pay"] {
        assert_eq!(
            user.send(Method::POST, path, &from_there).await.status,
            StatusCode::OK,
            "{path}"
        );
    }
    let socket = [("upgrade", "websocket"), ("sec-fetch-site", "same-site")];
    assert_eq!(
        user.send(Method::GET, "/me", &socket).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(user.get("/me").await.body, "user 1");
}

#[tokio::test]
async fn a_look_works_in_layers_and_plain_routers_and_costs_one_read() {
    let world = world();
    let mut user = world.logged_in(1).await;
    user.get("/me").await; // the first use of a session is another story
    world.store.taken();
    world.loads();
    let reply = user.get("/me").await;
    assert_eq!(
        (reply.header("x-who"), reply.body.as_str()),
        (Some("1"), "user 1")
    );
    assert_eq!(
        (world.store.taken(), world.loads()),
        (vec!["load"], 1),
        "the layer and the handler share a visit"
    );
    let reply = user.get("/area").await;
    assert_eq!(
        (reply.header("x-who"), reply.body.as_str()),
        (Some("1"), "user 1")
    );
    assert_eq!(
        (world.store.taken(), world.loads()),
        (vec!["load"], 1),
        "and so do a layer within a layer and its handler"
    );
    let reply = user.get("/after").await;
    assert_eq!(
        reply.header("x-who"),
        None,
        "the layer is around what was added before"
    );
    assert_eq!(user.get("/router/look").await.body, "true");
    assert_eq!(world.browser().get("/router/look").await.body, "false");
    assert_eq!(
        user.get("/nowhere").await.header("x-who"),
        Some("1"),
        "and around what no route matches"
    );
}

#[tokio::test]
async fn the_cookies_of_a_transition_pass_a_layer() {
    let world = world();
    let mut user = world.logged_in(1).await;
    let reply = user.post("/logout").await;
    assert_eq!((reply.set_cookies().len(), user.session()), (1, None));
}

#[tokio::test]
async fn the_access_table_is_what_the_router_does() {
    let login = std::sync::Arc::new(std::sync::Mutex::new(None));
    let kept = login.clone();
    let world = World::with(
        |builder| builder,
        move |routes, login| {
            let routes = more(routes, login);
            *kept.lock().unwrap() = Some(routes.access_table());
            routes
        },
    );
    let table = login.lock().unwrap().take().unwrap();
    assert_eq!(table.to_string(), TABLE);
    let json = serde_json::to_value(&table).unwrap();
    assert_eq!(json[0]["path"], "/");
    assert_eq!(json[0].get("note"), None);
    assert_eq!(table.rows().len(), TABLE.lines().count());
    for row in table.rows() {
        let path = row
            .path
            .replace("{id}", "7")
            .replace("{value}", "7")
            .replace("{password}", "x")
            .replace('*', "x");
        let method = if row.method == "*" {
            "GET"
        } else {
            &row.method
        };
        let reply = world.browser().api(method.parse().unwrap(), &path).await;
        let expected = !row.open;
        assert_eq!(
            reply.status == StatusCode::UNAUTHORIZED,
            expected,
            "{} {} {}",
            row.method,
            row.path,
            row.access
        );
    }
}

/// A layer is given each route, and may call it for another request.
#[tokio::test]
async fn a_layer_that_keeps_a_route_calls_no_post_by_get() {
    type Kept = std::sync::Arc<std::sync::Mutex<Vec<axum::routing::Route>>>;
    let kept = Kept::default();
    let keep = kept.clone();
    let layer = tower::layer::layer_fn(move |route: axum::routing::Route| {
        keep.lock().unwrap().push(route.clone());
        route
    });
    let out = async |session: Session<Authenticated<User>>| session.logout_user().await.map(drop);
    let world = World::with(
        |builder| builder,
        move |routes, _| {
            let kept = Routes::new()
                .post("/out", out)
                .put("/out", out)
                .layer(layer);
            routes.nest("/kept", kept)
        },
    );
    let user = world.logged_in(1).await;
    let routes = kept.lock().unwrap().clone();
    let ask = async |method: Method| {
        let mut reached = Vec::new();
        for route in &routes {
            let request = user.request(method.clone(), "/out", &[]);
            let reply = tower::ServiceExt::oneshot(route.clone(), request).await;
            reached.push(reply.unwrap().status());
        }
        reached
    };
    // The routes of both methods, and that of no route.
    for method in [Method::GET, Method::HEAD, Method::DELETE] {
        let mut refused = ask(method).await;
        refused.retain(|status| *status != StatusCode::NOT_FOUND);
        assert!(refused.len() >= 2, "of both methods");
        assert!(
            refused
                .iter()
                .all(|status| *status == StatusCode::METHOD_NOT_ALLOWED)
        );
    }
    assert_eq!(user.clone().get("/me").await.body, "user 1");
    assert!(ask(Method::POST).await.contains(&StatusCode::OK));
    assert_ne!(user.clone().get("/me").await.body, "user 1");
}

#[tokio::test]
async fn a_guard_of_your_own_asks_for_its_proof_first() {
    struct Even(u64);
    impl HoldsProof for Even {
        type Proof = Authenticated<User>;
        type State = NoState;
        type Rejection = StatusCode;
        async fn from_proof(
            user: Authenticated<User>,
            _: &mut axum::http::request::Parts,
            _: &NoState,
        ) -> Result<Self, StatusCode> {
            if user.id.is_multiple_of(2) {
                Ok(Even(user.id))
            } else {
                Err(StatusCode::FORBIDDEN)
            }
        }
    }
    let world = World::with(
        |builder| builder,
        |routes, _| {
            routes.area::<By<Even>>("/even", |even| {
                even.get("/", async |even: By<Even>| format!("even {}", even.0))
            })
        },
    );
    assert_eq!(
        world.browser().api(Method::GET, "/even").await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        world.logged_in(1).await.get("/even").await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(world.logged_in(2).await.get("/even").await.body, "even 2");
}

#[tokio::test]
async fn a_transition_behind_or_session_can_be_tried_again() {
    async fn log_in(session: Session<Anonymous>, login: Login<User>) -> Result<String, LoginError> {
        let user = |active| User {
            id: 1,
            password: "secret 1".to_owned(),
            active,
        };
        let Err((error, session)) = session
            .login_user(login.vouch_for(user(false)))
            .or_session()
            .await
        else {
            return Ok("logged in".to_owned());
        };
        let session = session.login_user(login.vouch_for(user(true))).await?;
        Ok(format!("{} then {}", error, session.user().id))
    }
    let world = World::with(|builder| builder, |routes, _| routes.post("/twice", log_in));
    assert_eq!(
        world.browser().post("/twice").await.body,
        "the user is not active then 1"
    );
}

#[tokio::test]
async fn a_fallback_stands_beside_parameters_and_the_root_in_any_order() {
    let there = async |_: Authenticated<User>| "there";
    let not_found = async |_: Authenticated<User>| "not there";
    let first = move |area: Routes<App, Authenticated<User>>| {
        area.fallback(not_found)
            .get("/", there)
            .get("/{id}", there)
            .get("/{id}/x", there)
    };
    let last = move |area: Routes<App, Authenticated<User>>| {
        area.get("/", there)
            .get("/{id}", there)
            .get("/{id}/x", there)
            .fallback(not_found)
    };
    let world = World::with(
        |builder| builder,
        move |routes, _| {
            routes.area::<Authenticated<User>>("/first", first).nest(
                "/deep",
                Routes::new().area::<Authenticated<User>>("/last", last),
            )
        },
    );
    let mut user = world.logged_in(1).await;
    for area in ["/first", "/deep/last"] {
        for path in ["", "/7", "/7/x"] {
            assert_eq!(
                user.get(&format!("{area}{path}")).await.body,
                "there",
                "{area}{path}"
            );
        }
        for path in ["/7/y", "/7/x/y"] {
            assert_eq!(
                user.get(&format!("{area}{path}")).await.body,
                "not there",
                "{area}{path}"
            );
            let reply = world
                .browser()
                .api(Method::GET, &format!("{area}{path}"))
                .await;
            assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{area}{path}");
        }
    }
}

#[tokio::test]
async fn a_fallback_of_any_kind_answers_beside_one_further_below() {
    let service = || Router::new().fallback(get("own"));
    type Fallback = fn(Routes<App>, Router) -> Routes<App>;
    let own: [Fallback; 4] = [
        |part, _| part.fallback(public("own")),
        |part, _| part.merge(Routes::new().fallback(public("own"))),
        |part, service| part.public_service("/", service),
        |part, service| part.area::<Authenticated<User>>("/", |area| area.service("/", service)),
    ];
    for own in own {
        let world = World::with(
            |builder| builder,
            |routes, _| {
                let below = Routes::new().fallback(public("below"));
                let part = own(Routes::new().nest("/below", below), service());
                routes.nest("/part", part)
            },
        );
        let mut user = world.logged_in(1).await;
        assert_eq!(user.get("/part/below/x").await.body, "below");
        assert_eq!(user.get("/part/x").await.body, "own");
    }
}

#[tokio::test]
async fn a_fallback_further_below_answers_through_a_part_that_is_merged() {
    let world = World::with(
        |builder| builder,
        |routes, _| {
            let below = Routes::new().fallback(public("below"));
            let merged = Routes::new().nest("/below", below);
            routes.nest("/part", Routes::new().merge(merged))
        },
    );
    let mut browser = world.browser();
    assert_eq!(browser.get("/part/below/x").await.body, "below");
    assert_eq!(browser.get("/part/x").await.status, StatusCode::NOT_FOUND);
}
