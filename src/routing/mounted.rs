//! A handler with its mount around it.

use std::{
    any::TypeId,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    extract::Request,
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{MethodFilter, any, on},
};
use pin_project_lite::pin_project;

use crate::{
    routing::{
        access_table::name_of,
        handler::{Access, BoxedAnswer, sealed},
    },
    session::OnlyRealm,
    web::mount::{Mount, Visited},
};

/// A handler of which all is forgotten but that it answers. What stands around a
/// handler is compiled once for an app, and not once for each of its routes.
#[derive(Clone)]
pub struct Guarded<S>(Arc<dyn Fn(Request, S) -> BoxedAnswer + Send + Sync>);

impl<S> Guarded<S> {
    pub(super) fn new(answer: impl Fn(Request, S) -> BoxedAnswer + Send + Sync + 'static) -> Self {
        Self(Arc::new(answer))
    }
}

impl<S: Clone + 'static> sealed::Call<S> for Guarded<S> {
    type Answer = BoxedAnswer;

    fn call(self, request: Request, state: S) -> BoxedAnswer {
        self.0(request, state)
    }
}

impl<S> fmt::Debug for Guarded<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guarded")
    }
}

/// What is special about a route.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum RouteKind {
    On(MethodFilter),
    Any,
    Callback,
    CrossOrigin,
    Fallback,
}

impl RouteKind {
    /// axum asks this as well; a layer that keeps a route and calls it does not.
    fn takes(self, method: &Method) -> bool {
        match self {
            Self::On(MethodFilter::GET) => matches!(*method, Method::GET | Method::HEAD),
            Self::On(filter) => {
                MethodFilter::try_from(method.clone()).is_ok_and(|asked| asked == filter)
            }
            Self::CrossOrigin => *method == Method::POST,
            Self::Callback => *method == Method::GET,
            Self::Any | Self::Fallback => true,
        }
    }
}

/// A handler with its mount around it: an axum handler at last, and a private one.
#[derive(Clone)]
pub(super) struct Mounted<C> {
    call: C,
    kind: RouteKind,
    mount: Mount,
}

impl<C> Mounted<C> {
    pub(super) fn new(call: C, kind: RouteKind, mount: &Mount) -> Self {
        let mount = mount.clone();
        Self { call, kind, mount }
    }

    /// Adds it to a router.
    pub(super) fn put<S>(self, router: axum::Router<S>, path: &str) -> axum::Router<S>
    where
        C: sealed::Call<S>,
        S: Clone + Send + Sync + 'static,
    {
        match self.kind {
            RouteKind::On(method) => router.route(path, on(method, self)),
            RouteKind::Any => router.route(path, any(self)),
            RouteKind::CrossOrigin => router.route(path, on(MethodFilter::POST, self)),
            RouteKind::Callback => {
                let no_head = (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET")]);
                let get = on(MethodFilter::GET, self);
                router.route(path, get.on(MethodFilter::HEAD, async move || no_head))
            }
            RouteKind::Fallback => router.fallback(self),
        }
    }
}

impl<C, S> axum::handler::Handler<(), S> for Mounted<C>
where
    C: sealed::Call<S>,
    S: Clone + Send + Sync + 'static,
{
    type Future = Visited<Answering<C::Answer>>;

    fn call(self, request: Request, state: S) -> Self::Future {
        let Self { call, kind, mount } = self;
        if !kind.takes(request.method()) {
            return Visited::answered(StatusCode::METHOD_NOT_ALLOWED.into_response());
        }
        if kind != RouteKind::CrossOrigin && !mount.allows(&request) {
            return Visited::cross_origin();
        }
        match kind {
            RouteKind::Any if request.method() == Method::OPTIONS => {
                return Visited::answered(StatusCode::NO_CONTENT.into_response());
            }
            RouteKind::Callback if is_prefetch(request.headers()) => {
                let refused = (
                    StatusCode::SERVICE_UNAVAILABLE,
                    [(header::CACHE_CONTROL, "no-store")],
                );
                return Visited::answered(refused.into_response());
            }
            _ => {}
        }
        let joined = mount.join(&request);
        let spare = mount.spare(&request, &state);
        mount.visit(joined, || {
            let future = call.call(request, state);
            match spare {
                None => Answering::Alone { future },
                Some(spare) => Answering::WithSpare {
                    future: Box::pin(async { spare.answer(future.await).await }),
                },
            }
        })
    }
}

/// Sees that the guards of one handler are about realms that differ.
#[track_caller]
pub(super) fn check_guards<G: Access>() {
    let mut users = Vec::new();
    <G as sealed::Access>::users(&mut users);
    assert!(
        differ(&users),
        "two guards of one handler are about one realm: `{}`",
        name_of::<G>()
    );
}

fn differ(users: &[TypeId]) -> bool {
    // Plain `Anonymous` is of the one realm that there is, as what stands beside it.
    let plain = users.contains(&TypeId::of::<OnlyRealm>()) && users.len() > 1;
    let mut numbered = users.iter().enumerate();
    !plain && numbered.all(|(at, user)| !users[..at].contains(user))
}

pin_project! {
    /// The answer of a handler, on routes with or without handlers for refusals.
    #[project = Projected]
    pub(super) enum Answering<F> {
        Alone { #[pin] future: F },
        WithSpare { future: BoxedAnswer },
    }
}

impl<F: Future<Output = Response>> Future for Answering<F> {
    type Output = Response;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Response> {
        match self.project() {
            Projected::Alone { future } => future.poll(context),
            Projected::WithSpare { future } => future.as_mut().poll(context),
        }
    }
}

/// A page fetched ahead, which nobody looks at yet, must not log in.
fn is_prefetch(headers: &HeaderMap) -> bool {
    ["sec-purpose", "purpose"].iter().any(|name| {
        headers
            .get(*name)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|purpose| purpose.contains("prefetch"))
    })
}
