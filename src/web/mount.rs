//! What stands around every handler: a visit, and the check of the origin.

use std::{
    cell::RefCell,
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::{
    extract::Request,
    http::{Extensions, request::Parts},
    response::{IntoResponse, Response},
};
use pin_project_lite::pin_project;
use tokio::task::futures::TaskLocalFuture;
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    error::LoginError,
    event::EventKind,
    session::{
        Custom, Customs,
        visit::{self, Mark, Realms, Visit},
    },
    web::{
        answer,
        cross_origin::CrossOrigin,
        instead::{Instead, Spare},
    },
};

/// What every handler of one router has around it. axum clones it with each request.
#[derive(Clone)]
pub(crate) struct Mount(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    realms: Realms,
    cross_origin: CrossOrigin,
    custom: Customs,
    /// Handlers for refusals, by the state that they take.
    instead: Option<Extensions>,
}

impl Mount {
    pub(crate) fn new(realms: Realms) -> Self {
        Self(Arc::new(Inner {
            cross_origin: CrossOrigin::of(&realms),
            realms,
            custom: None,
            instead: None,
        }))
    }

    /// The same, for routes with a custom of their own.
    pub(crate) fn within<S: 'static>(mut self, custom: &Custom, instead: &Instead<S>) -> Self {
        let inner = Arc::make_mut(&mut self.0);
        inner.custom = custom.within(&inner.custom);
        if !instead.is_empty() {
            let all = inner.instead.get_or_insert_default();
            all.insert(instead.within(all.get()));
        }
        self
    }

    /// What a handler for refusals will need, if there is one here.
    pub(crate) fn spare<S: Clone + 'static>(
        &self,
        request: &Request,
        state: &S,
    ) -> Option<Spare<S>> {
        let all = self.0.instead.as_ref()?;
        let (own, top) = (all.get(), all.get());
        if own.is_none() && top.is_none() {
            return None;
        }
        Some(Spare {
            own: own.cloned(),
            top: top.cloned(),
            parts: head_of(request),
            state: state.clone(),
        })
    }

    /// Is this request one that no other site's page has sent?
    pub(crate) fn allows(&self, request: &Request) -> bool {
        let allows = self.0.cross_origin.allows(request);
        if !allows {
            for realm in self.0.realms.iter() {
                realm.tell(EventKind::OriginRefused); // whose handler it was, nobody has asked yet
            }
        }
        allows
    }

    /// Runs a handler in the visit of the layer around it, or in its own.
    pub(crate) fn visit<F: Future<Output = Response>>(
        &self,
        joined: Joined,
        handler: impl FnOnce() -> F,
    ) -> Visited<F> {
        if let Some(mark) = joined.0 {
            let future = handler();
            return Visited::Joined { mark, future };
        }
        let visit = Visit::new(self.0.realms.clone(), self.0.custom.clone());
        Visited::Own {
            future: visit.scope(handler()),
        }
    }

    /// Joins the visit that a layer has opened around this request, if there is one.
    pub(crate) fn join(&self, request: &Request) -> Joined {
        let mark = request.extensions().get().copied();
        Joined(Visit::join(
            &self.0.realms,
            &self.0.custom,
            mark,
            request.headers(),
        ))
    }

    /// The layer that opens a visit outside of an app's layer, for the handler inside.
    pub(crate) fn layer(&self) -> MountLayer {
        MountLayer {
            mount: self.clone(),
            around: Around::Layer,
        }
    }

    /// The layer around a whole service or router that is not ours.
    pub(crate) fn around_foreign(&self, check_origin: bool) -> MountLayer {
        MountLayer {
            mount: self.clone(),
            around: Around::Foreign { check_origin },
        }
    }
}

/// A copy of a request without its body.
fn head_of(request: &Request) -> Parts {
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.method = request.method().clone();
    parts.uri = request.uri().clone();
    parts.version = request.version();
    parts.headers = request.headers().clone();
    parts.extensions = request.extensions().clone();
    parts
}

/// Is a handler in the visit of a layer around it, and in which?
pub(crate) struct Joined(Option<Mark>);

pin_project! {
    /// A handler or a service in its visit, or an answer without it.
    #[project = Projected]
    pub(crate) enum Visited<F> {
        Own { #[pin] future: TaskLocalFuture<RefCell<Visit>, F> },
        Joined { mark: Mark, #[pin] future: F },
        Answered { response: Option<Response> },
    }
}

impl<F> Visited<F> {
    /// Refuses a request that another site's page has sent.
    pub(crate) fn cross_origin() -> Self {
        Self::answered(answer::cross_origin())
    }

    /// Answers without calling anything.
    pub(crate) fn answered(response: Response) -> Self {
        Self::Answered {
            response: Some(response),
        }
    }
}

impl<F: Future<Output = Response>> Future for Visited<F> {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Response> {
        match self.as_mut().project() {
            Projected::Joined { mark, .. } if !visit::is_marked(*mark) => {
                let response = LoginError::misuse("unknown", ELSEWHERE).into_response();
                self.set(Self::Answered { response: None });
                Poll::Ready(answer::mark_private(response))
            }
            // The layers around it are to see that this is for one person's eyes.
            Projected::Joined { future, .. } => future.poll(context).map(answer::mark_private),
            Projected::Own { mut future } => {
                let response = ready!(future.as_mut().poll(context));
                let notes = future
                    .take_value()
                    .and_then(|visit| visit.into_inner().into_notes());
                Poll::Ready(answer::finish(notes, response))
            }
            Projected::Answered { response } => response.take().map_or(Poll::Pending, Poll::Ready),
        }
    }
}

const ELSEWHERE: &str =
    "a layer's `next` runs in its own request: don't put it aside for another one to finish";

/// Opens a visit around a service.
#[derive(Clone)]
pub(crate) struct MountLayer {
    mount: Mount,
    around: Around,
}

#[derive(Clone, Copy)]
enum Around {
    /// The handler inside joins the visit, so that looks in between work.
    Layer,
    /// What is inside is the whole visit; nothing joins it.
    Foreign { check_origin: bool },
}

impl<S> Layer<S> for MountLayer {
    type Service = Mounted<S>;

    fn layer(&self, inner: S) -> Mounted<S> {
        Mounted {
            inner,
            layer: self.clone(),
        }
    }
}

/// A service with a visit around it.
#[derive(Clone)]
pub(crate) struct Mounted<S> {
    inner: S,
    layer: MountLayer,
}

impl<S> Service<Request> for Mounted<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Served<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let MountLayer { mount, around } = &self.layer;
        let inner = &mut self.inner;
        let visited = match around {
            Around::Foreign { check_origin: true } if !mount.allows(&request) => {
                Visited::cross_origin()
            }
            Around::Foreign { .. } => {
                let joined = mount.join(&request);
                request.extensions_mut().remove::<Mark>();
                mount.visit(joined, || Answer::of(inner, request))
            }
            Around::Layer => {
                let mark = request.extensions().get().copied();
                if let Some(mark) = Visit::around(&mount.0.realms, mark, request.headers()) {
                    let future = Answer::of(inner, request);
                    Visited::Joined { mark, future }
                } else {
                    let mark = Mark::new();
                    request.extensions_mut().insert(mark);
                    let visit = Visit::joinable(
                        mount.0.realms.clone(),
                        mount.0.custom.clone(),
                        mark,
                        request.headers(),
                    );
                    Visited::Own {
                        future: visit.scope(Answer::of(inner, request)),
                    }
                }
            }
        };
        Served { visited }
    }
}

pin_project! {
    /// What a service that can't fail gives, without the `Result`.
    pub(crate) struct Answer<F> {
        #[pin]
        future: F,
    }
}

impl<F> Answer<F> {
    fn of<S: Service<Request, Future = F>>(service: &mut S, request: Request) -> Self {
        Self {
            future: service.call(request),
        }
    }
}

impl<F: Future<Output = Result<Response, Infallible>>> Future for Answer<F> {
    type Output = Response;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Response> {
        self.project()
            .future
            .poll(context)
            .map(|answer| answer.unwrap_or_else(|never| match never {}))
    }
}

pin_project! {
    /// And with it again.
    pub(crate) struct Served<F> {
        #[pin]
        visited: Visited<Answer<F>>,
    }
}

impl<F: Future<Output = Result<Response, Infallible>>> Future for Served<F> {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().visited.poll(context).map(Ok)
    }
}
