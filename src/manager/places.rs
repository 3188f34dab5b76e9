//! The builder's settings about the way to the login page of another site, and back.

use crate::manager::{Builder, Place};

/// Where the page that a browser wanted travels while its user logs in:
/// [`Builder::next_in`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum NextIn {
    /// In the query of the login page: `/login?next=%2Forders`. Each tab has
    /// its own, and a form without `action` keeps it.
    #[default]
    Query,
    /// In a signed cookie, for 10 minutes. The address stays short, and another
    /// site with the login page is told nothing; of several tabs the last one counts.
    Cookie,
}

impl<L, K> Builder<L, K> {
    /// As [`login_path`](Self::login_path), for a login page on another site:
    /// `https://sso.example/login`. It gets the path that the browser wanted
    /// as `next`, and how it brings the browser back is up to it: see
    /// [`Routes::get_callback`](crate::Routes::get_callback).
    ///
    /// [`build`](Self::build) refuses what is not an absolute `https` or `http`
    /// address, or has a user or a fragment in it.
    ///
    /// # Example
    ///
    /// ```
    /// use portcullis::LoginManager;
    ///
    /// let builder = LoginManager::builder().login_url("https://sso.example/login?app=shop");
    /// // A page is sent to https://sso.example/login?app=shop&next=%2Forders
    /// # let _ = builder;
    /// ```
    ///
    /// # Security
    ///
    /// The other site learns the path and the query that the browser asked for.
    /// With [`NextIn::Cookie`] it learns nothing.
    pub fn login_url(mut self, url: impl Into<String>) -> Self {
        self.settings.login_at = Some(Place::Elsewhere(url.into()));
        self
    }

    /// As [`refresh_path`](Self::refresh_path), for a page on another site, as
    /// [`login_url`](Self::login_url).
    pub fn refresh_url(mut self, url: impl Into<String>) -> Self {
        self.settings.refresh_at = Some(Place::Elsewhere(url.into()));
        self
    }

    /// Where the page that the browser wanted travels while its user logs in.
    /// Default: [`NextIn::Query`].
    ///
    /// Either way [`next_or`](crate::Session::next_or) finds it.
    ///
    /// # Example
    ///
    /// ```
    /// use portcullis::{LoginManager, NextIn};
    ///
    /// let builder = LoginManager::builder().login_path("/login").next_in(NextIn::Cookie);
    /// # let _ = builder;
    /// ```
    pub fn next_in(mut self, place: NextIn) -> Self {
        self.settings.next_in = place;
        self
    }
}
