//! An app's handlers for refusals, mounted in the place of the library's answer.

use std::{future::Future, pin::Pin, sync::Arc};

use axum::{
    body::Body, extract::Request, handler::Handler, http::request::Parts, response::Response,
};

use crate::web::{Reason, answer};

/// An axum handler, its arguments forgotten.
type Boxed<S> =
    Arc<dyn Fn(Request, S) -> Pin<Box<dyn Future<Output = Response> + Send>> + Send + Sync>;

/// The handlers for refusals of some routes.
pub(crate) struct Instead<S> {
    unauthorized: Option<Boxed<S>>,
    needs_refresh: Option<Boxed<S>>,
    forbidden: Option<Boxed<S>>,
}

impl<S: 'static> Instead<S> {
    pub(crate) fn set<H, T>(&mut self, reason: Reason, handler: H)
    where
        H: Handler<T, S>,
    {
        let boxed: Boxed<S> =
            Arc::new(move |request, state| Box::pin(handler.clone().call(request, state)));
        match reason {
            Reason::Unauthorized => self.unauthorized = Some(boxed),
            Reason::NeedsRefresh => self.needs_refresh = Some(boxed),
            Reason::Forbidden => self.forbidden = Some(boxed),
            Reason::Refused => {}
        }
    }

    /// These handlers where there is one, else those around them.
    pub(super) fn within(&self, around: Option<&Self>) -> Self {
        let Self {
            unauthorized,
            needs_refresh,
            forbidden,
        } = self;
        let or = |own: &Option<Boxed<S>>, around: Option<&Option<Boxed<S>>>| {
            own.clone().or_else(|| around?.clone())
        };
        Self {
            unauthorized: or(unauthorized, around.map(|around| &around.unauthorized)),
            needs_refresh: or(needs_refresh, around.map(|around| &around.needs_refresh)),
            forbidden: or(forbidden, around.map(|around| &around.forbidden)),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.unauthorized.is_none() && self.needs_refresh.is_none() && self.forbidden.is_none()
    }

    fn answers(&self, reason: Reason) -> Option<&Boxed<S>> {
        match reason {
            Reason::Unauthorized => self.unauthorized.as_ref(),
            Reason::NeedsRefresh => self.needs_refresh.as_ref(),
            Reason::Forbidden => self.forbidden.as_ref(),
            Reason::Refused => None,
        }
    }
}

impl<S> Clone for Instead<S> {
    fn clone(&self) -> Self {
        Self {
            unauthorized: self.unauthorized.clone(),
            needs_refresh: self.needs_refresh.clone(),
            forbidden: self.forbidden.clone(),
        }
    }
}

impl<S> Default for Instead<S> {
    fn default() -> Self {
        Self {
            unauthorized: None,
            needs_refresh: None,
            forbidden: None,
        }
    }
}

/// What it takes to call such a handler: a request like the one that may be
/// refused, and the state.
pub(crate) struct Spare<S> {
    pub(super) own: Option<Instead<S>>,
    /// Of routes around those with this state.
    pub(super) top: Option<Instead<()>>,
    pub(super) parts: Parts,
    pub(super) state: S,
}

impl<S: 'static> Spare<S> {
    /// The answer of the app's handler to a refusal, if it has one; any other
    /// answer stays what it is.
    pub(crate) async fn answer(self, response: Response) -> Response {
        let Self {
            own,
            top,
            parts,
            state,
        } = self;
        let Some(reason) = answer::reason(&response) else {
            return response;
        };
        let request = Request::from_parts(parts, Body::empty());
        let own = own.as_ref().and_then(|own| own.answers(reason));
        let top = top.as_ref().and_then(|top| top.answers(reason));
        let said = match (own, top) {
            (Some(own), _) => own(request, state).await,
            (None, Some(top)) => top(request, ()).await,
            (None, None) => return response,
        };
        answer::replace(response, said)
    }
}
