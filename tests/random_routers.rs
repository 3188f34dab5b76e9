//! Whatever router is made of `Routes`, nobody gets to a handler without what
//! its table claims, and every row of the table is there.
//!
//! A case is a random tree of routes, areas, nests, merges, layers, services and
//! fallbacks. Every path of its table, and some beside it, is asked for with
//! every method by a stranger, by a user and by one who is fresh.
//!
//! `PROPTEST_CASES=10000 PROPTEST_RNG_SEED=7 cargo test --test random_routers` looks further.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::Request,
    http::{HeaderName, Method, StatusCode},
    middleware::{Next, from_fn},
    response::Response,
    routing,
};
use portcullis::{
    AccessRow, AccessTable, Anonymous, AnySession, Authenticated, CurrentUser, Fresh, Login,
    Routes, Session, public,
};
use proptest::{
    prelude::*,
    test_runner::{Config, RngSeed, TestRunner},
};
use support::*;

// --- what a router is made of ----------------------------------------------

/// One step of building; numbers choose from what fits in its place.
#[derive(Clone, Debug)]
enum Item {
    Route(How, usize),
    /// A whole service or router.
    Service(usize),
    /// The rest in an area, a nest or a merge of its own.
    Within(usize, Scope),
    /// A layer around what is there by then.
    Layer(usize),
}

#[derive(Clone, Debug)]
struct Scope {
    items: Vec<Item>,
    fallback: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
enum How {
    Get,
    Post,
    Put,
    Patch,
    Delete,
    Any,
}

fn scope() -> impl Strategy<Value = Scope> {
    let how = prop_oneof![
        Just(How::Get),
        Just(How::Post),
        Just(How::Put),
        Just(How::Patch),
        Just(How::Delete),
        Just(How::Any),
    ];
    let leaf = prop_oneof![
        4 => (how, any::<usize>()).prop_map(|(how, guard)| Item::Route(how, guard)),
        1 => any::<usize>().prop_map(Item::Service),
        1 => any::<usize>().prop_map(Item::Layer),
    ];
    let fallback = || proptest::option::weighted(0.3, any::<usize>());
    let item = leaf.prop_recursive(3, 16, 4, move |item| {
        let items = proptest::collection::vec(item, 1..5);
        (any::<usize>(), items, fallback())
            .prop_map(|(kind, items, fallback)| Item::Within(kind, Scope { items, fallback }))
    });
    let items = proptest::collection::vec(item, 1..6);
    (items, fallback()).prop_map(|(items, fallback)| Scope { items, fallback })
}

// --- building it -------------------------------------------------------------

const REACHED: HeaderName = HeaderName::from_static("x-reached");

/// Who may call, as the table says it: what a handler that was reached answers with.
trait Named {
    const NAME: &'static str;
}

macro_rules! named {
    ($($guard:ty: $name:literal)*) => {
        $(impl Named for $guard {
            const NAME: &'static str = $name;
        })*
    };
}

named! {
    CurrentUser<User>: "CurrentUser<User>"
    Anonymous: "Anonymous"
    Authenticated<User>: "Authenticated<User>"
    Fresh<User>: "Fresh<User>"
    AnySession<User>: "AnySession<User>"
    Session<Anonymous>: "Session<Anonymous>"
    Session<Authenticated<User>>: "Session<Authenticated<User>>"
    Session<Fresh<User>>: "Session<Fresh<User>>"
}

type Answer = [(HeaderName, &'static str); 1];

async fn reached<G: Named>(_: G) -> Answer {
    [(REACHED, G::NAME)]
}

/// A service that tells whom it was for.
fn service(name: &'static str) -> Router {
    Router::new().fallback(routing::any(async move || [(REACHED, name)]))
}

fn foreign(name: &'static str) -> Router<App> {
    Router::new().route("/{*below}", routing::any(async move || [(REACHED, name)]))
}

async fn through(request: Request, next: Next) -> Response {
    next.run(request).await
}

/// What an app's layer may do to a request: everything that rode along is gone.
async fn emptied(mut request: Request, next: Next) -> Response {
    request.extensions_mut().clear();
    next.run(request).await
}

/// Paths of one router.
#[derive(Default)]
struct Paths(usize);

impl Paths {
    fn next(&mut self) -> String {
        self.0 += 1;
        format!("/{}", self.0)
    }
}

macro_rules! reads {
    ($routes:ident, $how:ident, $path:ident, $handler:expr) => {
        match $how {
            How::Get => $routes.get($path, $handler),
            How::Post => $routes.post($path, $handler),
            How::Put => $routes.put($path, $handler),
            How::Patch => $routes.patch($path, $handler),
            How::Delete => $routes.delete($path, $handler),
            How::Any => $routes.any($path, $handler),
        }
    };
}

macro_rules! changes {
    ($routes:ident, $how:ident, $path:ident, $handler:expr) => {
        match $how {
            How::Get | How::Post | How::Any => $routes.post($path, $handler),
            How::Put => $routes.put($path, $handler),
            How::Patch => $routes.patch($path, $handler),
            How::Delete => $routes.delete($path, $handler),
        }
    };
}

type Put<P> = fn(Routes<App, P>, How, &str) -> Routes<App, P>;
type At<P> = fn(Routes<App, P>, &str) -> Routes<App, P>;
type Enter<P> = fn(Routes<App, P>, &str, &Scope, &mut Paths) -> Routes<App, P>;

/// What fits into the routes that prove `P`.
struct Fitting<P: 'static> {
    routes: &'static [Put<P>],
    services: &'static [At<P>],
    fallbacks: &'static [At<P>],
    within: &'static [Enter<P>],
}

impl<P: 'static> Fitting<P> {
    fn build(
        &self,
        mut routes: Routes<App, P>,
        scope: &Scope,
        paths: &mut Paths,
    ) -> Routes<App, P> {
        let mut is_empty = true;
        for item in &scope.items {
            let path = paths.next();
            routes = match item {
                Item::Route(how, guard) => pick(self.routes, *guard)(routes, *how, &path),
                Item::Service(kind) => pick(self.services, *kind)(routes, &path),
                Item::Within(kind, scope) => pick(self.within, *kind)(routes, &path, scope, paths),
                Item::Layer(kind) => match kind % 4 {
                    0 => routes.layer(from_fn(through)),
                    1 => routes.layer(from_fn(emptied)),
                    _ if is_empty => routes, // axum takes no layer around no routes
                    2 => routes.route_layer(from_fn(through)),
                    _ => routes.route_layer(from_fn(emptied)),
                },
            };
            is_empty &= !matches!(item, Item::Route(..));
        }
        match scope.fallback {
            Some(guard) => pick(self.fallbacks, guard)(routes, "/"),
            None => routes,
        }
    }
}

fn pick<T>(all: &[T], number: usize) -> &T {
    &all[number % all.len()]
}

const TOP: Fitting<portcullis::Anyone> = Fitting {
    routes: &[
        |r, how, path| reads!(r, how, path, public(async || [(REACHED, "everyone")])),
        |r, how, path| reads!(r, how, path, reached::<CurrentUser<User>>),
        |r, how, path| reads!(r, how, path, reached::<Anonymous>),
        |r, how, path| reads!(r, how, path, reached::<Authenticated<User>>),
        |r, how, path| reads!(r, how, path, reached::<Fresh<User>>),
        |r, how, path| changes!(r, how, path, reached::<AnySession<User>>),
        |r, how, path| changes!(r, how, path, reached::<Session<Anonymous>>),
        |r, how, path| changes!(r, how, path, reached::<Session<Authenticated<User>>>),
        |r, how, path| changes!(r, how, path, reached::<Session<Fresh<User>>>),
        |r, _, path| r.get_callback(path, reached::<Session<Anonymous>>),
        |r, _, path| r.get_callback(path, reached::<AnySession<User>>),
        |r, _, path| r.cross_origin(path, reached::<CurrentUser<User>>),
        |r, _, path| r.cross_origin(path, reached::<Authenticated<User>>),
    ],
    services: &[
        |r, path| r.public_service(path, service("everyone")),
        |r, path| r.public_router(path, foreign("everyone")),
        |r, path| r.unguarded(path, "tried", foreign("unguarded")),
    ],
    fallbacks: &[
        |r, _| r.fallback(public(async || [(REACHED, "everyone")])),
        |r, _| r.fallback(reached::<CurrentUser<User>>),
        |r, _| r.fallback(reached::<Authenticated<User>>),
        |r, _| r.fallback(reached::<Fresh<User>>),
    ],
    within: &[
        |r, path, scope, paths| r.nest(path, TOP.build(Routes::new(), scope, paths)),
        |r, _, scope, paths| {
            let fallback = None; // axum merges no two of them
            let items = scope.items.clone();
            r.merge(TOP.build(Routes::new(), &Scope { items, fallback }, paths))
        },
        |r, path, scope, paths| {
            r.area::<Authenticated<User>>(path, |area| MEMBERS.build(area, scope, paths))
        },
        |r, path, scope, paths| r.area::<Fresh<User>>(path, |area| FRESH.build(area, scope, paths)),
    ],
};

const MEMBERS: Fitting<Authenticated<User>> = Fitting {
    routes: &[
        |r, how, path| reads!(r, how, path, reached::<Authenticated<User>>),
        |r, how, path| reads!(r, how, path, reached::<Fresh<User>>),
        |r, how, path| changes!(r, how, path, reached::<Session<Authenticated<User>>>),
        |r, how, path| changes!(r, how, path, reached::<Session<Fresh<User>>>),
        |r, _, path| r.cross_origin(path, reached::<Authenticated<User>>),
    ],
    services: &[|r, path| r.service(path, service("Authenticated<User>"))],
    fallbacks: &[
        |r, _| r.fallback(reached::<Authenticated<User>>),
        |r, _| r.fallback(reached::<Fresh<User>>),
    ],
    within: &[
        |r, path, scope, paths| {
            r.area::<Authenticated<User>>(path, |area| MEMBERS.build(area, scope, paths))
        },
        |r, path, scope, paths| r.area::<Fresh<User>>(path, |area| FRESH.build(area, scope, paths)),
    ],
};

const FRESH: Fitting<Fresh<User>> = Fitting {
    routes: &[
        |r, how, path| reads!(r, how, path, reached::<Fresh<User>>),
        |r, how, path| changes!(r, how, path, reached::<Session<Fresh<User>>>),
    ],
    services: &[|r, path| r.service(path, service("Fresh<User>"))],
    fallbacks: &[|r, _| r.fallback(reached::<Fresh<User>>)],
    within: &[|r, path, scope, paths| {
        r.area::<Fresh<User>>(path, |area| FRESH.build(area, scope, paths))
    }],
};

// --- what the table claims -----------------------------------------------------

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Visitor {
    Stranger,
    User,
    FreshUser,
}

/// May this visitor call what the table says so of?
fn may(visitor: Visitor, access: &str) -> bool {
    match access {
        "everyone" | "unguarded" | "CurrentUser<User>" | "AnySession<User>" => true,
        "Anonymous" | "Session<Anonymous>" => visitor == Visitor::Stranger,
        "Authenticated<User>" | "Session<Authenticated<User>>" => visitor != Visitor::Stranger,
        "Fresh<User>" | "Session<Fresh<User>>" => visitor == Visitor::FreshUser,
        other => panic!("{other}?"),
    }
}

fn may_come_from_anywhere(row: &AccessRow) -> bool {
    row.access == "unguarded" || row.note.as_deref() == Some("from any origin")
}

fn is_fallback(row: &AccessRow) -> bool {
    row.note.as_deref() == Some("fallback")
}

/// Does this row speak of the method?
fn speaks_of(row: &AccessRow, method: &Method) -> bool {
    let is_whole = row.path.ends_with("/*");
    match row.method.as_str() {
        "*" => is_whole || method != Method::OPTIONS, // which is answered for the handler
        "GET" if row.note.is_none() => [Method::GET, Method::HEAD].contains(method),
        named => method == named,
    }
}

const METHODS: [&str; 10] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "BREW",
];

/// How a request comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comes {
    OurPage,
    OurPageForASocket,
    AnotherSite,
    AnotherSiteForASocket,
}

impl Comes {
    const ALL: [Self; 4] = [
        Self::OurPage,
        Self::OurPageForASocket,
        Self::AnotherSite,
        Self::AnotherSiteForASocket,
    ];

    fn headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::OurPage => &[("sec-fetch-site", "same-origin")],
            Self::OurPageForASocket => &[
                ("sec-fetch-site", "same-origin"),
                ("connection", "upgrade"),
                ("upgrade", "websocket"),
            ],
            Self::AnotherSite => &[("sec-fetch-site", "cross-site")],
            Self::AnotherSiteForASocket => &[
                ("sec-fetch-site", "cross-site"),
                ("connection", "upgrade"),
                ("upgrade", "websocket"),
            ],
        }
    }

    /// Is such a request served where other sites are refused?
    fn is_let_in(self, method: &Method) -> bool {
        match self {
            Self::OurPage | Self::OurPageForASocket => true,
            Self::AnotherSite => [Method::GET, Method::HEAD, Method::OPTIONS].contains(method),
            Self::AnotherSiteForASocket => false,
        }
    }
}

/// Asks a router for all that its table names.
struct Trial {
    table: AccessTable,
    browsers: [(Visitor, Browser); 3],
}

impl Trial {
    async fn of(scope: &Scope) -> Self {
        let kept = Arc::new(Mutex::new(None));
        let keep = kept.clone();
        let build = move |routes: Routes<App>, _: Login<User>| {
            let random =
                Routes::new().nest("/x", TOP.build(Routes::new(), scope, &mut Paths::default()));
            *keep.lock().unwrap() = Some(random.access_table());
            routes.merge(random)
        };
        let world = World::with(|builder| builder, build);
        let mut user = world.browser();
        assert_eq!(user.post("/stale/1").await.status, StatusCode::OK);
        let browsers = [
            (Visitor::Stranger, world.browser()),
            (Visitor::User, user),
            (Visitor::FreshUser, world.logged_in(2).await),
        ];
        let table = kept.lock().unwrap().take().unwrap();
        Self { table, browsers }
    }

    async fn all(&self) -> Result<(), TestCaseError> {
        for row in self.table.rows() {
            let path = row.path.replace('*', "below/it");
            self.path(&path, Some(row)).await?;
            let beside = format!("{path}/none");
            self.path(&beside, self.whole_row_of(&beside)).await?;
        }
        Ok(())
    }

    /// The service or fallback for a path that has no route: the innermost. A
    /// part that has none of its own, and in it one that has, is 404 (`Routes::nest`).
    fn whole_row_of(&self, path: &str) -> Option<&AccessRow> {
        let rows = self.table.rows().iter();
        let whole = rows.filter_map(|row| Some((row.path.strip_suffix('*')?, row)));
        let around = whole.filter(|(prefix, _)| path.starts_with(prefix));
        let (prefix, row) = around.max_by_key(|(prefix, _)| prefix.len())?;
        let (part, _) = path[prefix.len()..].split_once('/')?;
        let in_part = format!("{prefix}{part}/");
        let mut others = self.table.rows().iter().filter(|row| is_fallback(row));
        let hides = others.any(|other| other.path.starts_with(&in_part));
        (!hides).then_some(row)
    }

    async fn path(&self, path: &str, row: Option<&AccessRow>) -> Result<(), TestCaseError> {
        for method in METHODS {
            let method: Method = method.parse().unwrap();
            for comes in Comes::ALL {
                for (visitor, browser) in &self.browsers {
                    let request = browser.request(method.clone(), path, comes.headers());
                    let reply = send(&browser.app, request).await;
                    check(row, (&method, comes, *visitor), &reply).map_err(|error| {
                        let what = format!("{method} {path} {comes:?} by {visitor:?}, {row:?}");
                        TestCaseError::fail(format!("{what}: {error}"))
                    })?;
                }
            }
        }
        Ok(())
    }
}

/// Whoever may is answered by the handler of this row; nobody else by any.
fn check(
    row: Option<&AccessRow>,
    (method, comes, visitor): (&Method, Comes, Visitor),
    reply: &Reply,
) -> Result<(), TestCaseError> {
    let reached = reply.header(REACHED.as_str());
    let Some(row) = row else {
        prop_assert_eq!(reached, None);
        prop_assert_eq!(reply.status, StatusCode::NOT_FOUND);
        return Ok(());
    };
    let is_let_in = comes.is_let_in(method) || may_come_from_anywhere(row);
    let is_answered = speaks_of(row, method) && is_let_in && may(visitor, &row.access);
    prop_assert_eq!(reached, is_answered.then_some(row.access.as_str()));
    match reply.status {
        StatusCode::OK => prop_assert!(is_answered),
        StatusCode::METHOD_NOT_ALLOWED => prop_assert!(!speaks_of(row, method)),
        StatusCode::NO_CONTENT => {
            prop_assert!(!speaks_of(row, method) && method == Method::OPTIONS);
        }
        StatusCode::UNAUTHORIZED | StatusCode::CONFLICT => prop_assert!(is_let_in),
        // For `any` also to OPTIONS, which another site may send for a socket.
        StatusCode::FORBIDDEN => prop_assert!(!is_let_in),
        other => prop_assert!(false, "{}", other),
    }
    Ok(())
}

#[test]
fn nobody_gets_to_a_handler_without_what_the_table_claims() {
    let mut config = Config::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 80;
    }
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(0); // the same routers each time
    }
    config.failure_persistence = None;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let outcome = TestRunner::new(config).run(&scope(), |scope| {
        runtime.block_on(async { Trial::of(&scope).await.all().await })
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
