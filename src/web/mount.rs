//! What stands around every handler: a visit, and the check of the origin.

use std::{
    cell::RefCell,
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::{extract::Request, http::request::Parts, response::Response};
use pin_project_lite::pin_project;
use tokio::task::futures::TaskLocalFuture;
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    session::{
        AnswerForm,
        visit::{Mark, Realms, Visit},
    },
    web::{Answers, answer, cross_origin::CrossOrigin},
};

/// What every handler of one router has around it.
#[derive(Clone)]
pub(crate) struct Mount {
    realms: Realms,
    cross_origin: Arc<CrossOrigin>,
    form: Option<AnswerForm>,
    /// Are the routes below a path? There axum forgets fallbacks.
    pub(crate) is_nested: bool,
}

impl Mount {
    pub(crate) fn new(realms: Realms) -> Self {
        Self {
            cross_origin: Arc::new(CrossOrigin::of(&realms)),
            realms,
            form: None,
            is_nested: false,
        }
    }

    /// The same, for routes below a path.
    pub(crate) fn nested(&self) -> Self {
        Self {
            is_nested: true,
            ..self.clone()
        }
    }

    /// The same, with the form of the library's answers fixed.
    pub(crate) fn answering(mut self, answers: Option<Answers>) -> Self {
        self.form = answers.map(Answers::form).or(self.form);
        self
    }

    /// Is this request one that no other site's page has sent?
    pub(crate) fn allows(&self, request: &Parts) -> bool {
        self.cross_origin.allows(request)
    }

    /// Runs a handler in the visit of the layer around it, or in its own.
    pub(crate) fn visit<F: Future<Output = Response>>(
        &self,
        mark: Option<Mark>,
        handler: impl FnOnce() -> F,
    ) -> Visited<F> {
        if Visit::join(&self.realms, self.form, mark) {
            return Visited::Joined { future: handler() };
        }
        let visit = Visit::new(self.realms.clone(), self.form);
        Visited::Own {
            future: visit.scope(handler()),
        }
    }

    /// The layer that opens a visit outside of an app's layer or service.
    pub(crate) fn layer(&self, check_origin: bool) -> MountLayer {
        MountLayer {
            mount: self.clone(),
            check_origin,
        }
    }
}

pin_project! {
    /// A handler or a service in its visit, or an answer without it.
    #[project = Projected]
    pub(crate) enum Visited<F> {
        Own { #[pin] future: TaskLocalFuture<RefCell<Visit>, F> },
        Joined { #[pin] future: F },
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

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Response> {
        match self.project() {
            // The layers around it are to see that this is for one person's eyes.
            Projected::Joined { future } => future.poll(context).map(answer::mark_private),
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

/// Opens a visit that the handler inside joins, so that looks in between work.
#[derive(Clone)]
pub(crate) struct MountLayer {
    mount: Mount,
    check_origin: bool,
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

    fn call(&mut self, request: Request) -> Self::Future {
        let MountLayer {
            mount,
            check_origin,
        } = &self.layer;
        let (mut parts, body) = request.into_parts();
        if *check_origin && !mount.allows(&parts) {
            return Served {
                visited: Visited::cross_origin(),
            };
        }
        let mark = parts.extensions.get::<Mark>().copied();
        let visited = if Visit::is_around(&mount.realms, mark) {
            let future = self.inner.call(Request::from_parts(parts, body));
            Visited::Joined {
                future: Answer { future },
            }
        } else {
            let mark = Mark::new();
            parts.extensions.insert(mark);
            let visit = Visit::joinable(mount.realms.clone(), mount.form, mark);
            let future = self.inner.call(Request::from_parts(parts, body));
            Visited::Own {
                future: visit.scope(Answer { future }),
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
