//! What an app's own answer to a refusal can see.

use std::fmt;

use axum::http::{HeaderMap, Method, Uri};

use crate::{
    error::Kind,
    local_path::LocalPath,
    session::visit::Notes,
    web::words::{Words, login_at, refresh_at},
};

/// A request that is refused: what the builder's functions see, such as that
/// of [`unauthorized`](crate::Builder::unauthorized).
///
/// # Security
///
/// The headers are those of the request, its cookies among them; `{:?}` leaves
/// them out.
pub struct Refusal {
    reason: Reason,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    realm: String,
    next: Option<LocalPath>,
    login_path: Option<String>,
    refresh_path: Option<String>,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// Nobody is logged in, or no longer.
    Unauthorized,
    /// Somebody is, but did not give the password just now.
    NeedsRefresh,
    /// Somebody may not do this.
    Forbidden,
    /// The login that was tried is refused.
    Refused,
}

impl Reason {
    /// Whoever may not log in learns no reason, so there is one for all.
    pub(crate) fn of(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Unauthorized | Kind::Ended | Kind::Pending => Some(Self::Unauthorized),
            Kind::NeedsRefresh { .. } => Some(Self::NeedsRefresh),
            Kind::Forbidden => Some(Self::Forbidden),
            Kind::Refused | Kind::Inactive => Some(Self::Refused),
            _ => None,
        }
    }
}

impl Refusal {
    /// The refusal of this visit, if its request was kept.
    pub(super) fn of(kind: Kind, words: &Words, notes: &Notes) -> Option<Self> {
        let (asker, core) = (notes.asker.as_ref()?, notes.asked.as_ref()?);
        let (method, headers) = asker.head()?;
        let reason = Reason::of(kind)?;
        let next = match reason {
            Reason::Refused => asker.next(),
            _ => asker.page(words.form),
        };
        Some(Self {
            reason,
            method: method.clone(),
            uri: asker.uri().clone(),
            headers: headers.clone(),
            realm: core.realm().to_owned(),
            next,
            login_path: login_at(notes).map(str::to_owned),
            refresh_path: refresh_at(notes).map(str::to_owned),
        })
    }

    /// Why.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// The method of the request.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// What the browser asked for, also below [`nest`](crate::Routes::nest).
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The path of the [`uri`](Self::uri).
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// The headers of the request: `Accept-Language`, for example.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The name of the realm that was asked.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// Where to go after the login: the page, if it may be returned to.
    pub fn next(&self) -> Option<&LocalPath> {
        self.next.as_ref()
    }

    /// Where one logs in, on these routes or else at all: a path, or the
    /// address of a page on another site. Without `next`.
    pub fn login_path(&self) -> Option<&str> {
        self.login_path.as_deref()
    }

    /// Where one gives the password again, as [`login_path`](Self::login_path).
    pub fn refresh_path(&self) -> Option<&str> {
        self.refresh_path.as_deref()
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal")
            .field("reason", &self.reason)
            .field("method", &self.method)
            .field("path", &self.path())
            .finish_non_exhaustive()
    }
}
