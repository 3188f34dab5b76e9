//! Where a browser goes after a login.

use axum::response::Redirect;

use crate::{
    local_path::{IntoLocalPath, LocalPath},
    manager::{NextIn, Place, with_next},
    session::{IsPending, Session},
    user::AuthUser,
};

impl<P> Session<P> {
    /// Goes where the browser was going when it was asked to log in, else to
    /// `fallback`: 303 to the `next` in this request's query, or in the cookie
    /// of [`NextIn::Cookie`], which a login removes.
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

    /// Goes to the page that asks for the second factor, and takes along where
    /// the browser was going: 303 to the
    /// [`second_factor_path`](crate::Builder::second_factor_path).
    pub fn second_factor_page<U>(&self) -> Redirect
    where
        U: AuthUser,
        P: IsPending<User = U>,
    {
        let settings = &self.proof.half_known().realm.core.settings;
        let place = settings
            .second_factor_at
            .as_ref()
            .map_or("/", Place::as_str);
        let next = match settings.next_in {
            NextIn::Query => self.ticket.next.as_ref(),
            NextIn::Cookie => None, // it stays where it is
        };
        Redirect::to(&with_next(place, next))
    }

    /// Where the browser was going when it was asked to log in.
    pub fn next_path(&self) -> Option<&LocalPath> {
        self.ticket.next.as_ref()
    }
}
