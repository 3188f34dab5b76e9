//! Whole services and routers.

use std::convert::Infallible;

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use tower_service::Service;

use crate::{
    routing::{
        Routes,
        access_table::name_of,
        handler::{Ask, sealed},
    },
    web::mount::{Mount, Visited},
};

impl<S, G> Routes<S, G>
where
    S: Clone + Send + Sync + 'static,
{
    /// Serves a tower service under `path` to those who prove what this area
    /// asks for: files that only members see.
    pub fn service<T, W>(mut self, path: &str, service: T) -> Self
    where
        G: Ask<S, W>,
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
            let guarded = async move |state: State<S>, request: Request| {
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
    S: Send + Sync,
{
    let (mut parts, body) = request.into_parts();
    if !mount.allows(&parts) {
        return Visited::<std::future::Pending<Response>>::cross_origin().await;
    }
    let mark = parts.extensions.get().copied();
    let serve = async move {
        if let Err(refusal) = G::ask(&mut parts, &state, sealed::Seal).await {
            return refusal;
        }
        let ready = std::future::poll_fn(|context| service.poll_ready(context)).await;
        let Ok(()) = ready;
        let Ok(response) = service.call(Request::from_parts(parts, body)).await;
        response.into_response()
    };
    mount.visit(mark, || serve).await
}
