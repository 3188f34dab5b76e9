//! The methods of `Routes` that add routes, and how a handler is mounted.

use std::{any::TypeId, convert::Infallible, marker::PhantomData};

use axum::{
    extract::Request,
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{MethodFilter, any, on},
};
use tower_service::Service;

use crate::{
    routing::{
        Routes,
        access_table::name_of,
        handler::{
            Access, Arguments, Ask, Checked, Extract, Function, Guard, Handler, MayBeCallback,
            MayBeGet, Proves, Right, sealed,
        },
    },
    web::mount::{Mount, Visited},
};

/// What the routes at the top must prove: nothing.
#[derive(Debug)]
pub enum Anyone {}

/// A method for an unsafe method of HTTP; all are alike.
macro_rules! unsafe_method {
    ($(#[$doc:meta])* $name:ident $filter:ident) => {
        $(#[$doc])*
        ///
        /// # Panics
        ///
        /// When two guards of a tuple are about one realm; when mounted, if two
        /// routes are the same.
        #[track_caller]
        pub fn $name<H, A, M, W>(self, path: &str, handler: H) -> Self
        where
            H: Function<A>,
            A: Arguments + 'static,
            A::First: Access,
            Guard<A>: Proves<G>,
            Guard<A>: Ask<S, W>,
            Checked<A>: Extract<A::First, M, S>,
            H: Handler<Checked<A>, M, S>,
            M: 'static,
            W: 'static,
        {
            let row = (stringify!($filter), path, None);
            self.route(row, Mounted::<_, A, M, W>::new(handler), |mounted| on(MethodFilter::$filter, mounted))
        }
    };
}

impl<S, G> Routes<S, G>
where
    S: Clone + Send + Sync + 'static,
{
    /// Answers GET and HEAD under `path` with a handler that says who may call
    /// it, and that changes no login.
    ///
    /// # Panics
    ///
    /// When two guards of a tuple are about one realm; when mounted, if two
    /// routes are the same.
    #[track_caller]
    pub fn get<H, A, M, W>(self, path: &str, handler: H) -> Self
    where
        H: Function<A>,
        A: Arguments + 'static,
        A::First: Access,
        Guard<A>: Proves<G>,
        Right<A>: MayBeGet,
        Guard<A>: Ask<S, W>,
        Checked<A>: Extract<A::First, M, S>,
        H: Handler<Checked<A>, M, S>,
        M: 'static,
        W: 'static,
    {
        self.route(
            ("GET", path, None),
            Mounted::<_, A, M, W>::new(handler),
            |mounted| on(MethodFilter::GET, mounted),
        )
    }

    unsafe_method! {
        /// Answers POST under `path`.
        post POST
    }

    unsafe_method! {
        /// Answers PUT under `path`.
        put PUT
    }

    unsafe_method! {
        /// Answers PATCH under `path`.
        patch PATCH
    }

    unsafe_method! {
        /// Answers DELETE under `path`.
        delete DELETE
    }

    /// Answers every method under `path` but OPTIONS, with a handler that changes no login.
    ///
    /// # Panics
    ///
    /// As [`get`](Self::get).
    #[track_caller]
    pub fn any<H, A, M, W>(self, path: &str, handler: H) -> Self
    where
        H: Function<A>,
        A: Arguments + 'static,
        A::First: Access,
        Guard<A>: Proves<G>,
        Right<A>: MayBeGet,
        Guard<A>: Ask<S, W>,
        Checked<A>: Extract<A::First, M, S>,
        H: Handler<Checked<A>, M, S>,
        M: 'static,
        W: 'static,
    {
        self.route(
            ("*", path, None),
            Mounted::<_, A, M, W>::new(handler).kind(Kind::Any),
            any,
        )
    }

    /// Answers the GET with which another site sends the browser back: an
    /// OAuth or OpenID Connect provider. Not HEAD, and no prefetch.
    ///
    /// # Security
    ///
    /// Any site can send a browser here, so the handler _must_ compare the
    /// `state` in the query with the one that it put into its own
    /// [`Data`](crate::Data) when the login began (RFC 6749, 10.12).
    ///
    /// # Panics
    ///
    /// As [`get`](Self::get).
    #[track_caller]
    pub fn get_callback<H, A, M, W>(self, path: &str, handler: H) -> Self
    where
        H: Function<A>,
        A: Arguments + 'static,
        A::First: Access,
        Guard<A>: Proves<G>,
        Right<A>: MayBeCallback,
        Guard<A>: Ask<S, W>,
        Checked<A>: Extract<A::First, M, S>,
        H: Handler<Checked<A>, M, S>,
        M: 'static,
        W: 'static,
    {
        let row = ("GET", path, Some("callback".to_owned()));
        self.route(
            row,
            Mounted::<_, A, M, W>::new(handler).kind(Kind::Callback),
            |mounted| {
                let no_head = (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET")]);
                on(MethodFilter::GET, mounted).on(MethodFilter::HEAD, async move || no_head)
            },
        )
    }

    /// Answers a POST that another site's page may send: a payment provider's
    /// return, a `form_post` callback that answers 303 to a
    /// [`get_callback`](Self::get_callback). It changes no login.
    ///
    /// # Security
    ///
    /// The check of the origin is off for this route, and `SameSite=Lax` keeps
    /// the session cookie from it.
    ///
    /// # Panics
    ///
    /// As [`get`](Self::get).
    #[track_caller]
    pub fn cross_origin<H, A, M, W>(self, path: &str, handler: H) -> Self
    where
        H: Function<A>,
        A: Arguments + 'static,
        A::First: Access,
        Guard<A>: Proves<G>,
        Right<A>: MayBeGet,
        Guard<A>: Ask<S, W>,
        Checked<A>: Extract<A::First, M, S>,
        H: Handler<Checked<A>, M, S>,
        M: 'static,
        W: 'static,
    {
        let row = ("POST", path, Some("from any origin".to_owned()));
        self.route(
            row,
            Mounted::<_, A, M, W>::new(handler).kind(Kind::CrossOrigin),
            |mounted| on(MethodFilter::POST, mounted),
        )
    }

    /// Answers what no route matches. The default is 404 for everyone.
    ///
    /// # Panics
    ///
    /// As [`get`](Self::get).
    #[track_caller]
    pub fn fallback<H, A, M, W>(mut self, handler: H) -> Self
    where
        H: Function<A>,
        A: Arguments + 'static,
        A::First: Access,
        Guard<A>: Proves<G>,
        Right<A>: MayBeGet,
        Guard<A>: Ask<S, W>,
        Checked<A>: Extract<A::First, M, S>,
        H: Handler<Checked<A>, M, S>,
        M: 'static,
        W: 'static,
    {
        self.table.add(
            "*",
            "/*",
            name_of::<A::First>(),
            Some("fallback".to_owned()),
        );
        let mounted = Mounted::<_, A, M, W>::new(handler);
        self.step(move |router, mount| router.fallback(mounted.around(mount)))
    }

    /// Serves a tower service under `path` to those who prove what this area
    /// asks for: files that only members see.
    pub fn service<T, W>(mut self, path: &str, service: T) -> Self
    where
        G: Ask<S, W> + Access<Guard = G>,
        T: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
        T::Response: IntoResponse,
        T::Future: Send + 'static,
    {
        let path = path.trim_end_matches('/').to_owned();
        self.table.add(
            "*",
            &format!("{path}/*"),
            name_of::<G>(),
            Some("service".to_owned()),
        );
        self.step(move |router, mount| {
            let mount = mount.clone();
            let guarded = async move |state: axum::extract::State<S>, request: Request| {
                let service = service.clone();
                serve_guarded::<G, W, S, T>(mount, service, state.0, request).await
            };
            let guarded = axum::Router::new().fallback(guarded);
            if path.is_empty() {
                router.merge(guarded)
            } else {
                router.nest(&path, guarded)
            }
        })
    }

    fn route<H, A, M, W>(
        mut self,
        (method, path, note): (&str, &str, Option<String>),
        mounted: Mounted<H, A, M, W>,
        on: impl FnOnce(Around<H, A, M, W>) -> axum::routing::MethodRouter<S> + Send + 'static,
    ) -> Self
    where
        A: Arguments<First: Access> + 'static,
        H: Send + 'static,
        M: 'static,
        W: 'static,
    {
        self.table.add(method, path, name_of::<A::First>(), note);
        let path = path.to_owned();
        self.step(move |router, mount| router.route(&path, on(mounted.around(mount))))
    }
}

async fn serve_guarded<G, W, S, T>(
    mount: Mount,
    mut service: T,
    state: S,
    request: Request,
) -> Response
where
    G: Ask<S, W> + Access,
    T: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
    T::Response: IntoResponse,
    T::Future: Send + 'static,
    S: Send + Sync,
{
    let (mut parts, body) = request.into_parts();
    if !mount.allows(&parts) {
        return Visited::<std::future::Pending<Response>>::cross_origin().await;
    }
    let serve = async move {
        if let Err(refusal) = G::ask(&mut parts, &state, sealed::Seal).await {
            return refusal;
        }
        let ready = std::future::poll_fn(|context| service.poll_ready(context)).await;
        let Ok(()) = ready;
        let Ok(response) = service.call(Request::from_parts(parts, body)).await;
        response.into_response()
    };
    mount.visit(|| serve).await
}

/// A handler, before it is known what to mount around it.
struct Mounted<H, A, M, W> {
    handler: H,
    kind: Kind,
    inferred: PhantomData<fn() -> (A, M, W)>,
}

/// What is special about a route.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Any,
    Callback,
    CrossOrigin,
}

impl<H, A: Arguments<First: Access>, M, W> Mounted<H, A, M, W> {
    #[track_caller]
    fn new(handler: H) -> Self {
        let mut users: Vec<TypeId> = Vec::new();
        <A::First as sealed::Access>::users(&mut users);
        let differ = users
            .iter()
            .enumerate()
            .all(|(at, user)| !users[..at].contains(user));
        assert!(
            differ,
            "two guards of one handler are about one realm: `{}`",
            name_of::<A::First>()
        );
        Self {
            handler,
            kind: Kind::Plain,
            inferred: PhantomData,
        }
    }
}

impl<H, A, M, W> Mounted<H, A, M, W> {
    fn kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    fn around(self, mount: &Mount) -> Around<H, A, M, W> {
        let Self {
            handler,
            kind,
            inferred,
        } = self;
        Around {
            handler,
            kind,
            mount: mount.clone(),
            inferred,
        }
    }
}

/// A handler with its mount around it: an axum handler at last, and a private one.
struct Around<H, A, M, W> {
    handler: H,
    kind: Kind,
    mount: Mount,
    inferred: PhantomData<fn() -> (A, M, W)>,
}

impl<H: Clone, A, M, W> Clone for Around<H, A, M, W> {
    fn clone(&self) -> Self {
        let Self {
            handler,
            kind,
            mount,
            inferred,
        } = self;
        Self {
            handler: handler.clone(),
            kind: *kind,
            mount: mount.clone(),
            inferred: *inferred,
        }
    }
}

impl<H, A, M, W, S> axum::handler::Handler<(A, M, W), S> for Around<H, A, M, W>
where
    H: Handler<Checked<A>, M, S>,
    A: Arguments<First: Access<Guard: Ask<S, W>> + 'static> + 'static,
    Checked<A>: Extract<A::First, M, S>,
    M: 'static,
    W: 'static,
    S: Send + 'static,
{
    type Future = Visited<H::Answer>;

    fn call(self, request: Request, state: S) -> Self::Future {
        let (parts, body) = request.into_parts();
        if self.kind != Kind::CrossOrigin && !self.mount.allows(&parts) {
            return Visited::cross_origin();
        }
        match self.kind {
            Kind::Any if parts.method == Method::OPTIONS => {
                return Visited::answered(StatusCode::NO_CONTENT.into_response());
            }
            Kind::Callback if is_prefetch(&parts.headers) => {
                let refused = (
                    StatusCode::SERVICE_UNAVAILABLE,
                    [(header::CACHE_CONTROL, "no-store")],
                );
                return Visited::answered(refused.into_response());
            }
            _ => {}
        }
        let Self { handler, mount, .. } = self;
        mount.visit(|| handler.answer::<A::First, W>(Request::from_parts(parts, body), state))
    }
}

/// Is nobody there yet? A page that is fetched ahead must not log in.
fn is_prefetch(headers: &HeaderMap) -> bool {
    ["sec-purpose", "purpose"].iter().any(|name| {
        headers
            .get(*name)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|purpose| purpose.contains("prefetch"))
    })
}

/// Whole services and routers, which only the top can open to everyone.
impl<S> Routes<S>
where
    S: Clone + Send + Sync + 'static,
{
    /// Serves a tower service under `path` to everyone: files, for example.
    pub fn public_service<T>(mut self, path: &str, service: T) -> Self
    where
        T: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
        T::Response: IntoResponse,
        T::Future: Send + 'static,
    {
        self.table.add(
            "*",
            &prefixed(path),
            "everyone".to_owned(),
            Some("service".to_owned()),
        );
        self.router(path, axum::Router::new().fallback_service(service), true)
    }

    /// Adds a whole axum router under `path`, open to everyone. Its handlers
    /// can look with [`CurrentUser`](crate::CurrentUser), no more.
    pub fn public_router(mut self, path: &str, router: axum::Router<S>) -> Self {
        self.table.add(
            "*",
            &prefixed(path),
            "everyone".to_owned(),
            Some("router".to_owned()),
        );
        self.router(path, router, true)
    }

    /// Adds a whole axum router under `path` that is guarded by other means,
    /// or not yet by these: webhooks with a signature, old code on its way.
    /// The reason stands in the access table. Its origin is not checked.
    pub fn unguarded(mut self, path: &str, reason: &str, router: axum::Router<S>) -> Self {
        self.table.add(
            "*",
            &prefixed(path),
            "unguarded".to_owned(),
            Some(reason.to_owned()),
        );
        self.router(path, router, false)
    }

    fn router(self, path: &str, inner: axum::Router<S>, check_origin: bool) -> Self {
        let path = path.trim_end_matches('/').to_owned();
        self.step(move |router, mount| {
            let inner = inner.layer(mount.layer(check_origin));
            if path.is_empty() {
                router.merge(inner)
            } else {
                router.nest(&path, inner)
            }
        })
    }
}

fn prefixed(path: &str) -> String {
    format!("{}/*", path.trim_end_matches('/'))
}
