//! A handler with its mount around it.

use std::{
    any::TypeId,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    extract::Request,
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use pin_project_lite::pin_project;

use crate::{
    routing::{
        access_table::name_of,
        handler::{Access, Arguments, Ask, BoxedAnswer, Checked, Extract, Handler, sealed},
    },
    session::OnlyRealm,
    web::mount::{Mount, Visited},
};

/// A handler, before it is known what to mount around it.
pub(super) struct Described<H, A, M, W> {
    handler: H,
    kind: RouteKind,
    inferred: Inferred<A, M, W>,
}

/// What rustc has inferred of a handler: its arguments, how axum takes the last
/// of them, and which realm its guard asks.
type Inferred<A, M, W> = PhantomData<fn() -> (A, M, W)>;

/// What is special about a route.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum RouteKind {
    Plain,
    Any,
    Callback,
    CrossOrigin,
}

impl<H, A: Arguments<First: Access>, M, W> Described<H, A, M, W> {
    #[track_caller]
    pub(super) fn new(handler: H) -> Self {
        let mut users: Vec<TypeId> = Vec::new();
        <A::First as sealed::Access>::users(&mut users);
        let differ = users
            .iter()
            .enumerate()
            .all(|(at, user)| !users[..at].contains(user));
        // Plain `Anonymous` is of the one realm that there is, as what stands beside it.
        let plain = users.contains(&TypeId::of::<OnlyRealm>()) && users.len() > 1;
        assert!(
            differ && !plain,
            "two guards of one handler are about one realm: `{}`",
            name_of::<A::First>()
        );
        Self {
            handler,
            kind: RouteKind::Plain,
            inferred: PhantomData,
        }
    }
}

impl<H, A, M, W> Described<H, A, M, W> {
    pub(super) fn kind(self, kind: RouteKind) -> Self {
        Self { kind, ..self }
    }

    pub(super) fn around(self, mount: &Mount) -> Mounted<H, A, M, W> {
        let Self {
            handler,
            kind,
            inferred,
        } = self;
        Mounted {
            handler,
            kind,
            mount: mount.clone(),
            inferred,
        }
    }
}

/// A handler with its mount around it: an axum handler at last, and a private one.
pub(super) struct Mounted<H, A, M, W> {
    handler: H,
    kind: RouteKind,
    mount: Mount,
    inferred: Inferred<A, M, W>,
}

impl<H: Clone, A, M, W> Clone for Mounted<H, A, M, W> {
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

impl<H, A, M, W, S> axum::handler::Handler<(A, M, W), S> for Mounted<H, A, M, W>
where
    H: Handler<Checked<A>, M, S>,
    A: Arguments<First: Access<Guard: Ask<S, W>> + 'static> + 'static,
    Checked<A>: Extract<A::First, M, S>,
    M: 'static,
    W: 'static,
    S: Clone + Send + Sync + 'static,
{
    type Future = Visited<Answering<H::Answer>>;

    fn call(self, request: Request, state: S) -> Self::Future {
        let (parts, body) = request.into_parts();
        if self.kind != RouteKind::CrossOrigin && !self.mount.allows(&parts) {
            return Visited::cross_origin();
        }
        match self.kind {
            RouteKind::Any if parts.method == Method::OPTIONS => {
                return Visited::answered(StatusCode::NO_CONTENT.into_response());
            }
            RouteKind::Callback if is_prefetch(&parts.headers) => {
                let refused = (
                    StatusCode::SERVICE_UNAVAILABLE,
                    [(header::CACHE_CONTROL, "no-store")],
                );
                return Visited::answered(refused.into_response());
            }
            _ => {}
        }
        let Self { handler, mount, .. } = self;
        let joined = mount.join(&parts);
        let spare = mount.spare(&parts, &state);
        mount.visit(joined, || {
            let request = Request::from_parts(parts, body);
            let future = handler.answer::<A::First, W>(request, state, sealed::Seal);
            match spare {
                None => Answering::Alone { future },
                Some(spare) => Answering::WithSpare {
                    future: Box::pin(async { spare.answer(future.await).await }),
                },
            }
        })
    }
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
