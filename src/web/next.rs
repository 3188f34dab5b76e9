//! Where a browser goes after a login.

use axum::response::Redirect;

use crate::{
    local_path::{IntoLocalPath, LocalPath},
    session::Session,
};

impl<P> Session<P> {
    /// Goes where the browser was going when it was asked to log in, else to
    /// `fallback`: 303 to the `next` in this request's query, or in the cookie
    /// of [`NextIn::Cookie`](crate::NextIn::Cookie), which a login removes.
    ///
    /// A form without `action` is posted to the address it came from, so the
    /// query keeps `next` by itself.
    ///
    /// # Panics
    ///
    /// When a literal is not a [`LocalPath`].
    ///
    /// # Security
    ///
    /// A `next` that would lead to another site is as good as none.
    pub fn next_or(&self, fallback: impl IntoLocalPath) -> Redirect {
        match &self.ticket.next {
            Some(next) => Redirect::to(next.as_str()),
            None => Redirect::to(fallback.into_local_path().as_str()),
        }
    }

    /// Where the browser was going when it was asked to log in.
    pub fn next_path(&self) -> Option<&LocalPath> {
        self.ticket.next.as_ref()
    }
}
