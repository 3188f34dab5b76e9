//! From the request itself to who is logged in, for this request alone.

use std::sync::Arc;

use http::request::Parts;

use crate::{
    error::LoginError,
    event::EventKind,
    manager::{Realm, SessionInfo, Source},
    session::Found,
    user::AuthUser,
};

impl<U: AuthUser> Realm<U> {
    /// Asks the request loader, if there is one.
    ///
    /// # Errors
    ///
    /// When it fails; an error never counts as "nobody".
    pub(crate) async fn by_request(
        self: &Arc<Self>,
        request: Parts,
    ) -> Result<Found<U>, LoginError> {
        let Some(loader) = &self.finders.request else {
            return Ok(Found::Nobody);
        };
        let user = loader.load(request.clone()).await;
        let user = user.map_err(|error| self.core.loader_failed(error))?;
        let Some(user) = user.filter(U::is_active) else {
            return Ok(Found::Nobody);
        };
        let info = SessionInfo::without_session(Source::Request, self.core.now());
        let mut known = self.known(user, None, info, false);
        known.request = Some(Arc::new(request));
        let known = Arc::new(known);
        known.emit(EventKind::UserLoadedFromRequest);
        Ok(Found::LoggedIn(known))
    }

    /// The user that a request brings now, as it did before.
    pub(super) async fn again_by_request(&self, request: &Parts) -> Result<Option<U>, LoginError> {
        let Some(loader) = &self.finders.request else {
            return Ok(None);
        };
        let user = loader.load(request.clone()).await;
        user.map_err(|error| self.core.loader_failed(error))
    }
}
