//! Settings: the cookie that remembers a browser.

use std::time::Duration;

use cookie::SameSite as CookieSameSite;

use crate::manager::{Builder, Dangerous, Settings, cookie::Attributes};

/// What can be told of the remember cookie.
#[derive(Clone, Debug)]
pub(crate) struct RememberSettings {
    pub(crate) lasts: Duration,
    pub(crate) refresh: bool,
    pub(crate) name: Option<String>,
    pub(crate) domain: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) http_only: bool,
    pub(crate) same_site: CookieSameSite,
}

impl Default for RememberSettings {
    fn default() -> Self {
        Self {
            lasts: Duration::from_secs(365 * 24 * 60 * 60),
            refresh: false,
            name: None, // `__Host-`, the realm and `-remember`
            domain: None,
            path: None,
            http_only: true,
            same_site: CookieSameSite::Lax,
        }
    }
}

/// Browsers keep no cookie for longer (RFC 6265bis, 5.5).
pub(crate) const LONGEST: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// Which requests from other sites carry the remember cookie: [`Builder::remember_cookie_same_site`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SameSite {
    /// None: somebody who follows a link to the app is not remembered before the next click.
    Strict,
    /// Those that open a page of the app: links. The default.
    Lax,
}

impl Settings {
    /// The name of the remember cookie: `__Host-` where the browser allows it.
    pub(crate) fn remember_cookie(&self) -> String {
        let remember = &self.remember;
        match &remember.name {
            Some(name) => name.clone(),
            None if !self.secure => format!("{}-remember", self.realm),
            None if remember.domain.is_none() && remember.path.is_none() => {
                format!("__Host-{}-remember", self.realm)
            }
            None => format!("__Secure-{}-remember", self.realm),
        }
    }

    /// Does a request that carries the remember cookie carry the session cookie,
    /// as long as the browser has one?
    pub(crate) fn cookies_go_together(&self) -> bool {
        let remember = &self.remember;
        remember.domain.is_none() && remember.same_site != CookieSameSite::None
    }

    pub(crate) fn remember_attributes(&self) -> Attributes {
        let remember = &self.remember;
        Attributes {
            domain: remember.domain.clone(),
            path: remember.path.clone().unwrap_or_else(|| "/".to_owned()),
            http_only: remember.http_only,
            same_site: remember.same_site,
            ..Attributes::of_this_host(self.secure)
        }
    }
}

impl<L, K> Builder<L, K> {
    /// How long a browser is remembered whose user asked for it with
    /// [`remember`](crate::LoginUser::remember). Default: 365 days, at most the
    /// 400 that browsers keep a cookie (RFC 6265bis, 5.5).
    pub fn remember_for(mut self, duration: Duration) -> Self {
        self.settings.remember.lasts = duration;
        self
    }

    /// Does being remembered begin anew with every use? Default: no, a login is
    /// remembered up to a day that is known when it happens. Noted when the use
    /// of a session is, once a [`touch_interval`](Self::touch_interval).
    pub fn refresh_remember_cookie(mut self, refresh: bool) -> Self {
        self.settings.remember.refresh = refresh;
        self
    }

    /// The whole name of the remember cookie. Default: `__Host-`, the realm and
    /// `-remember`; with a domain or a path of its own, `__Secure-` in front.
    pub fn remember_cookie_name(mut self, name: impl Into<String>) -> Self {
        self.settings.remember.name = Some(name.into());
        self
    }

    /// The domain whose subdomains get the remember cookie too, as in
    /// `example.org`. Default: this host alone.
    ///
    /// # Security
    ///
    /// Every server below it gets the token, and can plant one.
    pub fn remember_cookie_domain(mut self, domain: impl Into<String>) -> Self {
        self.settings.remember.domain = Some(domain.into());
        self
    }

    /// The path below which the remember cookie is sent, as in `/app`. Default: `/`.
    ///
    /// The login page is best below it: a login that is not shown the cookie
    /// removes it from the browser, but can't end what it remembers on the server.
    pub fn remember_cookie_path(mut self, path: impl Into<String>) -> Self {
        self.settings.remember.path = Some(path.into());
        self
    }

    /// Which requests from other sites carry the remember cookie. Default: [`SameSite::Lax`].
    pub fn remember_cookie_same_site(mut self, same_site: SameSite) -> Self {
        self.settings.remember.same_site = match same_site {
            SameSite::Strict => CookieSameSite::Strict,
            SameSite::Lax => CookieSameSite::Lax,
        };
        self
    }
}

impl<L, K> Dangerous<L, K> {
    /// Lets scripts of the page read the remember cookie: no `HttpOnly`.
    ///
    /// # Security
    ///
    /// A script that somebody plants in a page has a token that is good for a
    /// year (OWASP ASVS 5.0, 3.3.4).
    pub fn remember_cookie_for_scripts(mut self) -> Builder<L, K> {
        self.0.settings.remember.http_only = false;
        self.0
    }

    /// Sends the remember cookie with every request from another site too:
    /// `SameSite=None`, for an app that lives in a frame of another site.
    ///
    /// # Security
    ///
    /// What other sites may then do in the user's name is left to the check of
    /// the [origin](Builder::origin) alone.
    pub fn cross_site_remember_cookie(mut self) -> Builder<L, K> {
        self.0.settings.remember.same_site = CookieSameSite::None;
        self.0
    }
}
