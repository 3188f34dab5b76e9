//! The settings that make logins less safe, behind one word to grep for.

use crate::manager::Builder;

/// Settings that you want to see in a review: from [`Builder::dangerous`].
///
/// # Example
///
/// ```
/// use portcullis::LoginManager;
///
/// // A demonstration on the local network, without https.
/// let builder = LoginManager::builder().dangerous().cookies_over_http();
/// # let _ = builder;
/// ```
#[must_use]
#[derive(Debug)]
pub struct Dangerous<L, K>(pub(super) Builder<L, K>);

impl<L, K> Dangerous<L, K> {
    /// Sends cookies without `Secure` and without the `__Host-` prefix, so that
    /// they work over plain http: in Safari on `http://localhost` (other
    /// browsers need no such setting there), or on a local network.
    ///
    /// # Security
    ///
    /// Whoever listens on the way has the session, and a sibling subdomain can
    /// plant a cookie. Never in production (OWASP ASVS 5.0, 3.3.1).
    pub fn cookies_over_http(mut self) -> Builder<L, K> {
        self.0.settings.secure = false;
        self.0
    }

    /// Lets pages of any origin send unsafe requests.
    ///
    /// # Security
    ///
    /// `SameSite=Lax` is then the only thing that stands between a foreign page
    /// and your users' sessions, and nothing between it and a forged login.
    pub fn without_cross_origin_check(mut self) -> Builder<L, K> {
        self.0.settings.check_origin = false;
        self.0
    }
}
