//! How an app finds its users, behind one type for each.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::Poll,
};

use http::request::Parts;
use tracing::{Instrument, debug_span};

#[cfg(feature = "password")]
use crate::manager::passwords::DynSaver;
use crate::{
    error::BoxError,
    loader::{RequestLoader, UserLoader},
    manager::listeners::Listeners,
    user::AuthUser,
};

/// What an app gives to find its users by, and who is told of them.
pub(crate) struct Finders<U> {
    pub(crate) loader: Box<dyn DynLoader<U>>,
    pub(crate) request: Option<Box<dyn DynRequestLoader<U>>>,
    pub(crate) listeners: Listeners<U>,
    #[cfg(feature = "password")]
    pub(crate) upgrade: Option<Box<dyn DynSaver<U>>>,
}

impl<U: AuthUser> Finders<U> {
    pub(super) fn new(loader: impl DynLoader<U> + 'static) -> Self {
        Self {
            loader: Box::new(loader),
            request: None,
            listeners: Listeners::new(),
            #[cfg(feature = "password")]
            upgrade: None,
        }
    }
}

/// What a loader gives, sooner or later.
pub(crate) type Loading<'a, U> =
    Pin<Box<dyn Future<Output = Result<Option<U>, BoxError>> + Send + 'a>>;

/// A loader behind one type, which reads the id from a record.
pub(crate) trait DynLoader<U>: Send + Sync {
    fn load<'a>(&'a self, id: &'a [u8]) -> Loading<'a, U>;
}

/// A request loader behind one type.
pub(crate) trait DynRequestLoader<U>: Send + Sync {
    fn load(&self, request: Parts) -> Loading<'_, U>;
}

/// Any loader behind its type. A panic in it is an error: the session stays as
/// it is, and the server goes on.
pub(super) struct Loads<F>(pub(super) F);

impl<U: AuthUser, F: UserLoader<U>> DynLoader<U> for Loads<F> {
    fn load<'a>(&'a self, id: &'a [u8]) -> Loading<'a, U> {
        let load = async move {
            let id = serde_json::from_slice::<U::Id>(id).map_err(|_| UNREADABLE)?;
            caught(PANICKED, || self.0.load_user(id)).await
        };
        Box::pin(load.instrument(debug_span!(target: "portcullis", "user_loader")))
    }
}

impl<U: AuthUser, F: RequestLoader<U>> DynRequestLoader<U> for Loads<F> {
    fn load(&self, request: Parts) -> Loading<'_, U> {
        let load = caught(PANICKED, move || self.0.load_user(request));
        Box::pin(load.instrument(debug_span!(target: "portcullis", "request_loader")))
    }
}

/// What code of the app answers. A panic in it is an error: `panicked`.
pub(crate) async fn caught<T, E: Into<BoxError>, F>(
    panicked: &'static str,
    begin: impl FnOnce() -> F,
) -> Result<T, BoxError>
where
    F: Future<Output = Result<T, E>>,
{
    let answer = catch_unwind(AssertUnwindSafe(begin)).map_err(|_| panicked)?;
    let mut answer = std::pin::pin!(answer);
    std::future::poll_fn(|context| {
        match catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(answer)) => Poll::Ready(answer.map_err(Into::into)),
            Err(_) => Poll::Ready(Err(panicked.into())),
        }
    })
    .await
}

const PANICKED: &str = "the user loader panicked";

/// Not the decoder's own words, which quote what they could not read.
const UNREADABLE: &str = "the user's id in the session is not of the type `AuthUser::Id`";
