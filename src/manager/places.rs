//! The builder's settings about login pages that are not this app's.

use crate::manager::{Builder, Place};

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
}
