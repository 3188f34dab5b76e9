//! Whole services and routers.

use std::convert::Infallible;

use axum::{
    extract::{Request, State},
    http::Uri,
    response::{IntoResponse, Response},
    routing::any,
};
use tower_service::Service;

use crate::{
    routing::{
        Routes,
        access_table::who,
        handler::{Ask, AtTheTop, MayServe, sealed},
    },
    session::recheck_what_is_old,
    web::mount::{Mount, Visited},
};

impl<S, G> Routes<S, G>
where
    S: Clone + Send + Sync + 'static,
{
    /// Serves a tower service under `path` to those who prove what this area
    /// asks for: files that only members see.
    ///
    /// # Security
    ///
    /// The guard is asked before the body is read. A service that takes long over a
    /// body, such as an upload, serves it to the end although the login may have
    /// ended meanwhile; a handler has the proof, and can ask once more
    /// ([`recheck`](crate::Session::recheck)).
    ///
    /// # Example
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use portcullis::{Authenticated, Login, Routes};
    /// # use portcullis::{AuthHash, AuthUser, OneFactor};
    /// # struct User;
    /// # impl AuthUser for User {
    /// #     type Id = u64;
    /// #     type Factors = OneFactor;
    /// #     fn id(&self) -> u64 { 1 }
    /// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
    /// # }
    ///
    /// // Any service: `tower_http::services::ServeDir`, or a router.
    /// let reports = Router::new().route("/2026", get("all went well"));
    /// let routes = Routes::<Login<User>>::new()
    ///     .area::<Authenticated<User>>("/members", |area| area.service("/reports", reports));
    /// ```
    pub fn service<T, W>(mut self, path: &str, service: T) -> Self
    where
        G: Ask<S, W>,
        G: MayServe,
        T: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
        T::Response: IntoResponse,
        T::Future: Send + 'static,
    {
        let path = path.trim_end_matches('/').to_owned();
        self.table
            .add("*", &format!("{path}/*"), who::<G>(), Some("service"));
        self.has_fallback |= path.is_empty();
        self.step(move |router, mount| {
            let own = mount.clone();
            let guarded = async move |state: State<S>, request: Request| {
                serve_guarded::<G, W, S, T>(own.clone(), service.clone(), state.0, request).await
            };
            match path.as_str() {
                "" => router.fallback(guarded),
                path => everything_below(router, path, guarded),
            }
        })
    }
}

/// A handler for all paths below one, and for that path.
fn everything_below<S, H, T>(router: axum::Router<S>, path: &str, handler: H) -> axum::Router<S>
where
    S: Clone + Send + Sync + 'static,
    H: axum::handler::Handler<T, S>,
    T: 'static,
{
    let with_slash = any(handler.clone()).layer(axum::middleware::map_request(at_root));
    let below = axum::Router::new()
        .route("/", any(handler.clone()))
        .route("/{*below}", any(handler));
    router
        .nest(path, below)
        .route(&format!("{path}/"), with_slash)
}

/// The path below `path/` is `/`.
async fn at_root(mut request: Request) -> Request {
    let mut parts = request.uri().clone().into_parts();
    let query = request
        .uri()
        .query()
        .map_or(String::new(), |query| format!("?{query}"));
    parts.path_and_query = format!("/{query}").parse().ok();
    if let Ok(root) = Uri::from_parts(parts) {
        *request.uri_mut() = root;
    }
    request
}

/// What is not guarded by its routes, and so has no place in an area.
impl<S, G> Routes<S, G>
where
    S: Clone + Send + Sync + 'static,
{
    /// Serves a tower service under `path` to everyone: files, for example.
    ///
    /// # Example
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use portcullis::Routes;
    ///
    /// let files = Router::new().route("/style.css", get("body { color: black }"));
    /// let routes: Routes = Routes::new().public_service("/static", files);
    /// ```
    pub fn public_service<T>(mut self, path: &str, service: T) -> Self
    where
        G: AtTheTop,
        T: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
        T::Response: IntoResponse,
        T::Future: Send + 'static,
    {
        self.table.add(
            "*",
            &prefixed(path),
            ("everyone".to_owned(), true),
            Some("service"),
        );
        let path = path.trim_end_matches('/').to_owned();
        self.has_fallback |= path.is_empty();
        self.step(move |router, mount| {
            let service = axum::Router::new()
                .fallback_service(service)
                .layer(mount.around_foreign(true));
            match path.as_str() {
                "" => router.fallback_service(service),
                path => router.nest_service(path, service),
            }
        })
    }

    /// Adds a whole axum router under `path`, open to everyone. Its handlers
    /// can look with [`CurrentUser`](crate::CurrentUser), no more. A cache among its
    /// layers does not hear which answers are private: it goes around `Routes`.
    pub fn public_router(mut self, path: &str, router: axum::Router<S>) -> Self
    where
        G: AtTheTop,
    {
        self.table.add(
            "*",
            &prefixed(path),
            ("everyone".to_owned(), true),
            Some("router"),
        );
        self.router(path, router, true)
    }

    /// Adds a whole axum router under `path` that is guarded by other means,
    /// or not yet by these: webhooks with a signature, old code on its way.
    /// The reason stands in the access table.
    ///
    /// # Example
    ///
    /// ```
    /// use axum::{Router, routing::post};
    /// use portcullis::Routes;
    ///
    /// async fn paid() { /* checks the sender's signature */ }
    ///
    /// let hooks = Router::new().route("/paid", post(paid));
    /// let routes: Routes = Routes::new().unguarded("/hooks", "signed by the sender", hooks);
    /// assert_eq!(routes.access_table().to_string(), "*  /hooks/*  unguarded  (signed by the sender)\n");
    /// ```
    ///
    /// # Security
    ///
    /// No login is asked for, and requests from other sites get through.
    pub fn unguarded(mut self, path: &str, reason: &str, router: axum::Router<S>) -> Self
    where
        G: AtTheTop,
    {
        self.table.add(
            "*",
            &prefixed(path),
            ("unguarded".to_owned(), true),
            Some(reason),
        );
        self.router(path, router, false)
    }

    fn router(self, path: &str, inner: axum::Router<S>, check_origin: bool) -> Self {
        let path = path.trim_end_matches('/').to_owned();
        self.step(move |router, mount| {
            let inner = inner.layer(mount.around_foreign(check_origin));
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

async fn serve_guarded<G, W, S, T>(
    mount: Mount,
    mut service: T,
    state: S,
    request: Request,
) -> Response
where
    G: Ask<S, W>,
    T: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
    T::Response: IntoResponse,
    T::Future: Send + 'static,
    S: Clone + Send + Sync + 'static,
{
    if !mount.allows(&request) {
        return Visited::<std::future::Pending<Response>>::cross_origin().await;
    }
    let joined = mount.join(&request);
    let spare = mount.spare(&request, &state);
    let (mut parts, body) = request.into_parts();
    let serve = async move {
        if let Err(refusal) = G::ask(&mut parts, &state, sealed::Seal).await {
            return refusal;
        }
        if let Err(error) = recheck_what_is_old().await {
            return error.into_response();
        }
        let ready = std::future::poll_fn(|context| service.poll_ready(context)).await;
        let Ok(()) = ready;
        let Ok(response) = service.call(Request::from_parts(parts, body)).await;
        response.into_response()
    };
    let answer = async {
        let response = serve.await;
        match spare {
            Some(spare) => spare.answer(response).await,
            None => response,
        }
    };
    mount.visit(joined, || answer).await
}
