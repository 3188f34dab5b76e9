//! Who is sent where, and told what: per manager, per area, per client.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;

use axum::{
    extract::{FromRef, OriginalUri, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use portcullis::{
    Answers, AuthHash, AuthUser, Authenticated, CurrentUser, Flashes, Fresh, LocalPath, Login,
    LoginError, LoginManager, OneFactor, Realms, Refusal, Routes, public,
};
use support::*;

async fn me(user: Authenticated<User>) -> String {
    format!("user {}", user.id)
}

async fn fresh(user: Fresh<User>) -> String {
    format!("fresh {}", user.id)
}

/// Where a page request to this path is sent.
async fn sent_to(browser: &mut Browser, path: &str) -> String {
    let reply = browser.get(path).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{path}");
    reply.header(header::LOCATION).unwrap().to_owned()
}

// --- places --------------------------------------------------------------

#[tokio::test]
async fn the_innermost_login_path_counts() {
    let world = World::with(
        |builder| builder,
        |routes, _| {
            let inner = Routes::new().get("/me", me).login_path("/inner?a=b");
            let plain = Routes::new().get("/me", me).get("/fresh", fresh);
            let half = Routes::new()
                .get("/me", me)
                .get("/fresh", fresh)
                .refresh_path("/half/again");
            let shop = Routes::new()
                .get("/me", me)
                .get("/fresh", fresh)
                .nest("/inner", inner)
                .nest("/plain", plain)
                .nest("/half", half)
                .fallback(me)
                .login_path("/shop/login")
                .refresh_path("/shop/again");
            routes
                .nest("/shop", shop)
                .area::<Authenticated<User>>("/staff", |area| {
                    area.get("/me", me).login_path("/staff/login")
                })
        },
    );
    let mut stranger = world.browser();
    for (path, location) in [
        ("/me", "/login?next=%2Fme"),
        ("/shop/me", "/shop/login?next=%2Fshop%2Fme"),
        ("/shop/fresh", "/shop/login?next=%2Fshop%2Ffresh"),
        ("/shop/plain/me", "/shop/login?next=%2Fshop%2Fplain%2Fme"),
        ("/shop/inner/me", "/inner?a=b&next=%2Fshop%2Finner%2Fme"),
        ("/shop/half/me", "/shop/login?next=%2Fshop%2Fhalf%2Fme"),
        ("/shop/nothing", "/shop/login?next=%2Fshop%2Fnothing"),
        ("/staff/me?x=1", "/staff/login?next=%2Fstaff%2Fme%3Fx%3D1"),
    ] {
        assert_eq!(sent_to(&mut stranger, path).await, location);
    }
    let mut user = world.logged_in(1).await;
    world.clock.pass(HOUR);
    for (path, location) in [
        ("/fresh", "/confirm?next=%2Ffresh"),
        (
            "/shop/half/fresh",
            "/half/again?next=%2Fshop%2Fhalf%2Ffresh",
        ),
        ("/shop/fresh", "/shop/again?next=%2Fshop%2Ffresh"),
        (
            "/shop/plain/fresh",
            "/shop/again?next=%2Fshop%2Fplain%2Ffresh",
        ),
    ] {
        assert_eq!(sent_to(&mut user, path).await, location);
    }
}

#[tokio::test]
async fn routes_that_have_their_state_keep_their_login_path() {
    let load = |_: u64| async { Ok::<Option<User>, std::io::Error>(None) };
    let manager = portcullis::LoginManager::builder()
        .user_loader(load)
        .secret_key(key(1))
        .login_path("/login");
    let app = manager.build().unwrap().into_router(|login| {
        let shop = Routes::new().get("/me", me).login_path("/shop/login");
        let rest = Routes::new().get("/me", me).with_state(login.clone());
        Routes::new()
            .nest("/shop", shop.with_state(login))
            .merge(rest)
    });
    let mut browser = Browser::of(app);
    assert_eq!(
        sent_to(&mut browser, "/shop/me").await,
        "/shop/login?next=%2Fshop%2Fme"
    );
    assert_eq!(sent_to(&mut browser, "/me").await, "/login?next=%2Fme");
}

#[tokio::test]
async fn a_layers_look_does_not_change_where_its_handlers_send() {
    use axum::{
        extract::{Request, State},
        middleware::{Next, from_fn_with_state},
    };
    async fn look(
        _: State<Login<User>>,
        _: CurrentUser<User>,
        request: Request,
        next: Next,
    ) -> Response {
        next.run(request).await
    }
    let world = World::with(
        |builder| builder,
        |routes, login| {
            let inner = Routes::new().get("/me", me).login_path("/inner/login");
            let api = Routes::new().get("/me", me).answers(Answers::Json);
            let outer = Routes::new()
                .nest("/inner", inner)
                .nest("/api", api)
                .layer(from_fn_with_state(login, look))
                .login_path("/outer/login");
            routes.nest("/outer", outer)
        },
    );
    let mut stranger = world.browser();
    assert_eq!(
        sent_to(&mut stranger, "/outer/inner/me").await,
        "/inner/login?next=%2Fouter%2Finner%2Fme"
    );
    assert_eq!(stranger.get("/outer/api/me").await.status, 401);
}

#[tokio::test]
async fn a_login_page_may_be_on_another_site() {
    let world = World::with(
        |builder| {
            builder
                .login_url("https://sso.example/login?app=shop")
                .refresh_url("https://sso.example/again")
        },
        |routes, _| routes,
    );
    assert_eq!(
        sent_to(&mut world.browser(), "/me?page=2").await,
        "https://sso.example/login?app=shop&next=%2Fme%3Fpage%3D2"
    );
    let mut user = world.logged_in(1).await;
    world.clock.pass(HOUR);
    assert_eq!(
        sent_to(&mut user, "/fresh").await,
        "https://sso.example/again?next=%2Ffresh"
    );
    let reply = world
        .browser()
        .send(Method::GET, "/me", &[("hx-request", "true")])
        .await;
    assert_eq!(
        reply.header("hx-redirect"),
        Some("https://sso.example/login?app=shop")
    );
    let world = world.again(|builder| builder.login_url("https://sso.example/").login_path("/in"));
    assert_eq!(sent_to(&mut world.browser(), "/me").await, "/in?next=%2Fme");
}

#[test]
fn what_is_no_address_of_a_login_page_is_refused_at_start() {
    for url in [
        "/login",
        "//sso.example/login",
        "sso.example",
        "javascript:alert(1)",
        "https://user@sso.example/",
        "https://sso.example/#a",
        "https://sso.example\\@evil.example/",
        "https://sso.example/\r\nx: y",
    ] {
        let builder = || {
            portcullis::LoginManager::builder()
                .user_loader(|_: u64| async { Ok::<Option<User>, std::io::Error>(None) })
                .secret_key(key(1))
        };
        for builder in [builder().login_url(url), builder().refresh_url(url)] {
            let error = builder.build().map(drop).unwrap_err().to_string();
            assert!(error.contains("https://sso.example/login"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_redirect_is_always_see_other() {
    let world = World::new();
    let mut stale = world.logged_in(1).await;
    world.clock.pass(HOUR);
    for method in [Method::GET, Method::HEAD, Method::POST, Method::PUT] {
        let html = [("accept", "text/html")];
        let path = if method == Method::PUT { "/any" } else { "/me" };
        let reply = world.browser().send(method.clone(), path, &html).await;
        assert!(!reply.status.is_redirection() || reply.status == 303);
        let reply = stale.send(method, "/fresh", &html).await;
        assert!(!reply.status.is_redirection() || reply.status == 303);
    }
    for path in ["/logout", "/confirm/1", "/switch/1", "/password/x"] {
        assert_eq!(world.browser().post(path).await.status, 303);
    }
}

// --- forms ---------------------------------------------------------------

#[tokio::test]
async fn the_form_of_an_answer_is_what_accept_asks_for() {
    let world = World::new();
    for (accept, status, content_type) in [
        ("text/html", 303, None),
        ("TEXT/HTML;q=0.5, */*;q=0.1", 303, None),
        ("text/html;q=0", 401, Some("application/problem+json")),
        ("text/html;q=0, */*", 401, Some("application/problem+json")),
        (
            "application/json, text/html;q=0.9",
            401,
            Some("application/problem+json"),
        ),
        (
            "application/json, text/plain, */*",
            401,
            Some("application/problem+json"),
        ),
        ("*/*", 401, Some("application/problem+json")),
        ("text/plain", 401, Some("text/plain; charset=utf-8")),
        (
            "text/plain;q=0.9, application/json;q=0.1",
            401,
            Some("text/plain; charset=utf-8"),
        ),
    ] {
        let reply = world
            .browser()
            .send(Method::GET, "/me", &[("accept", accept)])
            .await;
        assert_eq!(reply.status, status, "{accept}");
        assert_eq!(reply.header(header::CONTENT_TYPE), content_type, "{accept}");
        if status == 401 {
            assert!(reply.header(header::WWW_AUTHENTICATE).is_some(), "{accept}");
        }
        if accept == "text/plain" {
            assert_eq!(reply.body, "Please log in\n");
        }
    }
}

// --- messages ------------------------------------------------------------

async fn told(flashes: Flashes<User>) -> String {
    let all = flashes
        .iter()
        .map(|flash| format!("{}: {}", flash.category(), flash.message()));
    all.collect::<Vec<_>>().join("\n")
}

fn telling(settings: impl FnOnce(Ready) -> Ready) -> World {
    World::with(settings, |routes, _| routes.get("/told", public(told)))
}

/// What is told after each refusal: for lack of a login, of freshness, of the password.
async fn all_told(world: &World) -> [String; 3] {
    let mut stranger = world.browser();
    stranger.get("/me").await;
    let login = stranger.get("/told").await.body;
    let mut user = world.logged_in(1).await;
    world.clock.pass(HOUR);
    user.get("/fresh").await;
    let refresh = user.get("/told").await.body;
    let mut guess = world.browser();
    guess.post("/login/77").await;
    [login, refresh, guess.get("/told").await.body]
}

#[tokio::test]
async fn a_refusal_says_why() {
    assert_eq!(
        all_told(&telling(|builder| builder)).await,
        [
            "message: Please log in to access this page.",
            "message: Please reauthenticate to access this page.",
            "message: The login was refused."
        ]
    );
    let own = telling(|builder| {
        builder
            .login_message("Komm herein ✓; \r\n\"x\"")
            .login_message_category("info")
            .refresh_message("Noch einmal")
            .refresh_message_category("warning")
            .refused_message("Nein")
            .refused_message_category("error")
    });
    assert_eq!(
        all_told(&own).await,
        [
            "info: Komm herein ✓; \r\n\"x\"",
            "warning: Noch einmal",
            "error: Nein"
        ]
    );
    let silent = telling(|builder| builder.login_message("").without_messages());
    assert_eq!(all_told(&silent).await, ["", "", ""]);
    assert!(silent.browser().get("/me").await.set_cookies().is_empty());
    let partly = telling(|builder| builder.login_message(""));
    assert_eq!(all_told(&partly).await[0], "");
    assert!(partly.browser().get("/me").await.set_cookies().is_empty());
}

#[tokio::test]
async fn who_may_not_log_in_is_told_no_reason() {
    let world = telling(|builder| builder);
    world.database.change(2, |user| user.active = false);
    for id in [2, 77] {
        let mut browser = world.browser();
        let reply = browser.post(&format!("/login/{id}")).await;
        assert_eq!(reply.header(header::LOCATION), Some("/login"));
        assert_eq!(
            browser.get("/told").await.body,
            "message: The login was refused."
        );
    }
}

// --- an app's own answers: functions on the builder -----------------------

/// The functions of one manager: each answers with what it sees.
fn speaking(settings: impl FnOnce(Ready) -> Ready) -> World {
    fn see(word: &str, refusal: &Refusal, answer: Response) -> Response {
        let next = refusal.next().map_or("-", LocalPath::as_str);
        let seen = format!(
            "{word} {:?} {} {} {} next={next} login={} refresh={} lang={} was={}",
            refusal.reason(),
            refusal.method(),
            refusal.uri(),
            refusal.realm(),
            refusal.login_path().unwrap_or("-"),
            refusal.refresh_path().unwrap_or("-"),
            refusal
                .headers()
                .get("accept-language")
                .map_or("-", |lang| lang.to_str().unwrap()),
            answer.status().as_u16(),
        );
        assert!(!format!("{refusal:?}").contains("__Host-login"));
        ([("x-own", word.to_owned())], seen).into_response()
    }
    World::with(
        |builder| {
            settings(
                builder
                    .unauthorized(|refusal, answer| see("unauthorized", refusal, answer))
                    .needs_refresh(|refusal, answer| see("needs_refresh", refusal, answer))
                    .forbidden(|refusal, answer| see("forbidden", refusal, answer)),
            )
        },
        |routes, _| {
            let shop = Routes::new().get("/me", me).login_path("/shop/login");
            routes
                .nest("/shop", shop)
                .get("/told", public(told))
                .get("/forbidden", forbidden)
        },
    )
}

async fn forbidden(_: CurrentUser<User>) -> Result<(), LoginError> {
    Err(LoginError::forbidden())
}

#[tokio::test]
async fn the_builders_functions_see_the_request_and_the_answer() {
    let world = speaking(|builder| builder);
    let german = [("accept", "text/html"), ("accept-language", "de")];
    let mut stranger = world.browser();
    let reply = stranger.send(Method::GET, "/shop/me?a=b", &german).await;
    assert_eq!(
        reply.body,
        "unauthorized Unauthorized GET /shop/me?a=b login next=/shop/me?a=b login=/shop/login refresh=/confirm lang=de was=303"
    );
    assert_eq!(reply.status, 401, "what is refused is no success");
    assert!(reply.header(header::WWW_AUTHENTICATE).is_some());
    assert_eq!(reply.header("x-own"), Some("unauthorized"));
    assert_eq!(reply.header(header::CACHE_CONTROL), Some("no-store"));
    assert!(
        stranger.jar.is_empty(),
        "nobody is sent anywhere, so nobody is told"
    );
    let reply = stranger.api(Method::POST, "/logout").await;
    assert_eq!(
        reply.body,
        "unauthorized Unauthorized POST /logout login next=- login=/login refresh=/confirm lang=- was=401"
    );
    let reply = stranger.get("/forbidden").await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("x-own")),
        (403, Some("forbidden"))
    );
    assert_eq!(reply.header(header::WWW_AUTHENTICATE), None);
    let mut user = world.logged_in(1).await;
    world.clock.pass(HOUR);
    let reply = user.get("/fresh").await;
    assert!(
        reply
            .body
            .starts_with("needs_refresh NeedsRefresh GET /fresh"),
        "{}",
        reply.body
    );
    let reply = world.browser().post("/login/77").await;
    assert_eq!(
        reply.header(header::LOCATION),
        Some("/login"),
        "a refused login is not theirs"
    );
}

#[tokio::test]
async fn a_function_may_add_to_the_answer_or_send_elsewhere() {
    let world = telling(|builder| {
        builder.unauthorized(|refusal, mut answer| match refusal.path() {
            "/me" => {
                answer.headers_mut().insert("x-own", "1".parse().unwrap());
                answer
            }
            "/fresh" => Redirect::to("/elsewhere").into_response(),
            _ => LoginError::forbidden().into_response(),
        })
    });
    let mut browser = world.browser();
    let reply = browser.get("/me").await;
    assert_eq!(reply.header(header::LOCATION), Some("/login?next=%2Fme"));
    assert_eq!(reply.header("x-own"), Some("1"));
    assert_eq!(
        browser.get("/told").await.body,
        "message: Please log in to access this page."
    );
    let reply = browser.get("/fresh").await;
    assert_eq!(reply.header(header::LOCATION), Some("/elsewhere"));
    assert_eq!(
        browser.get("/told").await.body,
        "message: Please log in to access this page."
    );
    let reply = browser.post("/logout").await;
    assert_eq!(
        (reply.status.as_u16(), reply.header(header::LOCATION)),
        (303, Some("/login")),
        "who is refused anew is answered as before"
    );
}

#[tokio::test]
async fn messages_are_in_the_language_of_the_request() {
    let world = telling(|builder| {
        builder.localize(|message, refusal| {
            let language = refusal
                .headers()
                .get("accept-language")
                .unwrap()
                .to_str()
                .unwrap();
            match language {
                "de" => format!("{message} ({:?}, übersetzt)", refusal.reason()),
                "long" => "long ".repeat(1_000),
                _ => String::new(),
            }
        })
    });
    for (language, path, expected) in [
        (
            "de",
            "/me",
            "message: Please log in to access this page. (Unauthorized, übersetzt)",
        ),
        ("xx", "/me", ""),
        ("long", "/me", ""),
        (
            "de",
            "/login/77",
            "message: The login was refused. (Refused, übersetzt)",
        ),
    ] {
        let mut browser = world.browser();
        let method = if path == "/me" {
            Method::GET
        } else {
            Method::POST
        };
        let headers = [("accept", "text/html"), ("accept-language", language)];
        assert_eq!(browser.send(method, path, &headers).await.status, 303);
        assert_eq!(browser.get("/told").await.body, expected, "{language}");
    }
}

#[tokio::test]
async fn the_realm_that_refuses_answers_whoever_looked_first() {
    // The first realm that is asked keeps nothing of the request, the second needs it.
    struct Staff;
    impl AuthUser for Staff {
        type Id = u64;
        type Factors = OneFactor;
        fn id(&self) -> u64 {
            1
        }
        fn session_auth_hash(&self) -> AuthHash {
            AuthHash::none()
        }
    }
    #[derive(Clone, FromRef)]
    struct Both {
        users: Login<User>,
        staff: Login<Staff>,
    }
    let users = LoginManager::builder()
        .user_loader(|_: u64| async { Ok::<Option<User>, std::io::Error>(None) })
        .secret_key(key(1));
    let staff = LoginManager::builder()
        .realm("staff")
        .user_loader(|_: u64| async { Ok::<Option<Staff>, std::io::Error>(None) })
        .secret_key(key(1))
        .unauthorized(|refusal, _| {
            format!("{} {}", refusal.realm(), refusal.path()).into_response()
        });
    let app = (users.build().unwrap(), staff.build().unwrap()).into_router(|(users, staff)| {
        let both = async |_: (CurrentUser<User>, Authenticated<Staff>)| ();
        Routes::new()
            .get("/both", both)
            .with_state(Both { users, staff })
    });
    let reply = Browser::of(app).get("/both").await;
    assert_eq!(
        (reply.status.as_u16(), reply.body.as_str()),
        (401, "staff /both")
    );
}

// --- an app's own answers: handlers on routes ------------------------------

async fn page(
    uri: OriginalUri,
    who: CurrentUser<User>,
    State(database): State<Arc<Database>>,
    headers: HeaderMap,
    body: String,
) -> String {
    assert_eq!(body, "", "the body is the refused handler's");
    assert!(headers.contains_key("accept"));
    let name = who
        .user()
        .map_or("nobody".to_owned(), |user| user.id.to_string());
    format!(
        "page for {name} at {}, {} users",
        uri.0,
        database.users.lock().unwrap().len()
    )
}

async fn question(
    _: CurrentUser<User>,
    body: String,
) -> Result<String, ([(&'static str, &'static str); 2], LoginError)> {
    match body.as_str() {
        "fine" => Ok("fine".to_owned()),
        _ => Err((
            [("x-app", "1"), ("content-language", "de")],
            LoginError::forbidden(),
        )),
    }
}

#[tokio::test]
async fn a_handler_with_extractors_answers_the_refusals_of_its_routes() {
    let world = World::with(
        |builder| builder,
        |routes, _| {
            let refused = async || Err::<(), _>(LoginError::refused());
            let part = Routes::new()
                .get("/me", me)
                .get("/fresh", fresh)
                .get("/refused", public(refused))
                .post("/question", question)
                .get("/public", public(async || LoginError::forbidden()))
                .area::<Authenticated<User>>("/files", |area| {
                    area.service(
                        "/all",
                        axum::Router::new().route("/x", axum::routing::get("x")),
                    )
                })
                .fallback(me)
                .unauthorized(page)
                .needs_refresh(page)
                .forbidden(page);
            routes.nest("/part", part).get("/ask", forbidden)
        },
    );
    let mut stranger = world.browser();
    for path in ["/part/me?a=b", "/part/files/all/x", "/part/nothing"] {
        let reply = stranger.get(path).await;
        assert_eq!(
            (reply.status.as_u16(), reply.body.clone()),
            (401, format!("page for nobody at {path}, 9 users"))
        );
        assert!(reply.header(header::WWW_AUTHENTICATE).is_some());
        assert_eq!(reply.header(header::CACHE_CONTROL), Some("no-store"));
        assert_eq!(reply.header(header::VARY), Some("Cookie"));
        assert!(reply.set_cookies().is_empty());
    }
    let mut user = world.logged_in(1).await;
    let reply = user.post("/part/question").await;
    assert_eq!(
        (reply.status.as_u16(), reply.body.as_str()),
        (403, "page for 1 at /part/question, 9 users")
    );
    assert_eq!(
        reply.header("x-app"),
        Some("1"),
        "what the app has added stays"
    );
    assert_eq!(reply.header("content-language"), None);
    let mut request = user.request(Method::POST, "/part/question", &[("accept", "text/html")]);
    *request.body_mut() = "fine".into();
    assert_eq!(send(&world.app, request).await.body, "fine");
    assert_eq!(user.get("/part/public").await.status, 403);
    world.store.taken();
    world.clock.pass(HOUR);
    let reply = user.get("/part/fresh").await;
    assert_eq!(
        (reply.status.as_u16(), reply.body.as_str()),
        (401, "page for 1 at /part/fresh, 9 users")
    );
    assert_eq!(
        world.store.taken(),
        ["load", "touch"],
        "it is the same visit"
    );
    for (path, status) in [("/part/refused", 401), ("/ask", 403), ("/fresh", 303)] {
        let reply = user.get(path).await;
        assert_eq!(reply.status, status);
        assert!(!reply.body.contains("page for"), "{path}: {}", reply.body);
    }
    world.store.break_at(Some("load"));
    let reply = user.get("/part/me").await;
    assert_eq!(reply.status, 503, "an error is no refusal");
}

#[tokio::test]
async fn the_innermost_handler_answers_and_the_builder_comes_last() {
    let say = |word: &'static str| async move || (StatusCode::FORBIDDEN, word);
    let outer_layer = tower::layer::util::Identity::new();
    let world = World::with(
        |builder| {
            builder
                .forbidden(|_, _| (StatusCode::FORBIDDEN, "builder").into_response())
                .unauthorized(|_, _| (StatusCode::UNAUTHORIZED, "builder").into_response())
        },
        |routes, _| {
            let inner = Routes::new()
                .get("/x", forbidden)
                .get("/me", me)
                .forbidden(say("inner"));
            let plain = Routes::new().get("/x", forbidden);
            let outer = Routes::new()
                .get("/x", forbidden)
                .nest("/inner", inner)
                .merge(Routes::new().nest("/plain", plain))
                .layer(outer_layer)
                .forbidden(say("outer"));
            let again = async || Err::<(), _>(LoginError::forbidden());
            let refuses = Routes::new().get("/x", forbidden).forbidden(again);
            routes
                .nest("/outer", outer)
                .nest("/refuses", refuses)
                .get("/x", forbidden)
        },
    );
    let mut user = world.logged_in(1).await;
    for (path, expected) in [
        ("/x", "builder"),
        ("/outer/x", "outer"),
        ("/outer/inner/x", "inner"),
        ("/outer/plain/x", "outer"),
        ("/refuses/x", "builder"),
    ] {
        let reply = user.get(path).await;
        assert_eq!(
            (reply.status.as_u16(), reply.body.as_str()),
            (403, expected),
            "{path}"
        );
    }
    let reply = world.browser().get("/outer/inner/me").await;
    assert_eq!(
        (reply.status.as_u16(), reply.body.as_str()),
        (401, "builder")
    );
}

#[tokio::test]
async fn a_handler_of_routes_without_state_answers_for_those_that_have_one() {
    let load = |id| async move {
        let password = String::new();
        Ok::<_, std::io::Error>(Some(User {
            id,
            password,
            active: true,
        }))
    };
    let manager = LoginManager::builder().user_loader(load).secret_key(key(1));
    let app = manager.build().unwrap().into_router(|login| {
        let own = Routes::new()
            .get("/own/x", forbidden)
            .forbidden(async |_: CurrentUser<User>| "own")
            .with_state(login.clone());
        let other = Routes::new()
            .get("/x", forbidden)
            .get("/me", me)
            .with_state(login);
        own.merge(other)
            .forbidden(async || "top")
            .unauthorized(async || "top")
    });
    let mut browser = Browser::of(app);
    for (path, status, expected) in [
        ("/own/x", 403, "own"),
        ("/x", 403, "top"),
        ("/me", 401, "top"),
    ] {
        let reply = browser.get(path).await;
        assert_eq!(
            (reply.status.as_u16(), reply.body.as_str()),
            (status, expected),
            "{path}"
        );
    }
}

/// Where no guard was asked, the realm that was looked at answers.
#[tokio::test]
async fn a_public_page_that_looks_and_refuses_sends_to_the_login_page() {
    let world = World::with(
        |builder| builder,
        |routes, _| {
            let refuses = async |_: CurrentUser<User>| Err::<(), _>(LoginError::refused());
            routes.post("/refuses", public(refuses))
        },
    );
    let reply = world.browser().post("/refuses").await;
    assert_eq!(reply.header("location"), Some("/login"));
}

#[tokio::test]
async fn a_handler_for_one_reason_alone_is_asked() {
    type Part = fn(Routes<App>) -> Routes<App>;
    let parts: [(&str, Part); 3] = [
        ("/me", |part| part.unauthorized(async || "own")),
        ("/fresh", |part| part.needs_refresh(async || "own")),
        ("/forbidden", |part| part.forbidden(async || "own")),
    ];
    for (path, own) in parts {
        let world = World::with(
            |builder| builder,
            |routes, _| {
                let part = Routes::new().get("/me", me).get("/fresh", fresh);
                let part = part.get("/forbidden", forbidden);
                routes.nest("/part", own(part))
            },
        );
        let mut browser = world.browser();
        if path == "/fresh" {
            browser = world.logged_in(1).await;
            world.clock.pass(HOUR);
        }
        let reply = browser.get(&format!("/part{path}")).await;
        assert_eq!(reply.body, "own", "{path}");
    }
}

/// The message of a refused login knows where the browser was going.
#[tokio::test]
async fn a_message_of_a_refused_login_knows_its_next() {
    let world = telling(|builder| {
        builder.localize(|_, refusal| {
            let next = refusal.next().map_or("-", LocalPath::as_str);
            format!("{:?} {next}", refusal.reason())
        })
    });
    let mut browser = world.browser();
    browser.post("/login/77?next=%2Ffresh").await;
    assert_eq!(browser.get("/told").await.body, "message: Refused /fresh");
}
