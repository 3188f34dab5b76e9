//! Settings: what a browser forgets at logout.

use http::HeaderValue;

use crate::manager::{Builder, Settings};

/// Something that a browser keeps of a site, and forgets at logout:
/// [`Builder::clear_site_data`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SiteData {
    /// Answers in its cache. Chromium takes seconds for it, during which the logout
    /// hangs. What the library answers a user is `no-store` anyway.
    Cache,
    /// Every cookie of the site, those of other apps on this host and on the
    /// subdomains of its registrable domain included. It is left out of an answer that
    /// sets a cookie of the library, which would go with the others.
    Cookies,
    /// What scripts keep: local and session storage, databases, service workers, for the
    /// whole origin.
    Storage,
}

impl SiteData {
    /// As the header writes it (W3C Clear Site Data, 3.1).
    fn name(self) -> &'static str {
        match self {
            Self::Cache => "\"cache\"",
            Self::Cookies => "\"cookies\"",
            Self::Storage => "\"storage\"",
        }
    }
}

/// What the answer to a logout says in `Clear-Site-Data`.
pub(crate) struct ClearSiteData {
    all: Option<HeaderValue>,
    but_cookies: Option<HeaderValue>,
}

impl ClearSiteData {
    pub(super) fn of(settings: &Settings) -> Self {
        let value = |is_said: fn(&SiteData) -> bool| {
            let said = settings.site_data.iter().filter(|data| is_said(data));
            let names: Vec<_> = said.map(|data| data.name()).collect();
            let value = HeaderValue::try_from(names.join(", ")).ok()?;
            (!value.is_empty()).then_some(value)
        };
        Self {
            all: value(|_| true),
            but_cookies: value(|data| *data != SiteData::Cookies),
        }
    }

    /// The header. Cookies that the answer sets would be cleared too (W3C Clear Site
    /// Data, "Fetch Integration").
    pub(crate) fn header(&self, sets_cookie: bool) -> Option<HeaderValue> {
        match sets_cookie {
            false => self.all.clone(),
            true => self.but_cookies.clone(),
        }
    }
}

impl<L, K> Builder<L, K> {
    /// What a browser is told to forget when its user logs out or is switched, with the header
    /// `Clear-Site-Data`: nobody who uses it next finds what the last one saw.
    /// Default: [`Storage`](SiteData::Storage). `[]`: nothing.
    ///
    /// Browsers listen to it over https and on `localhost`. Its own cookies the
    /// library removes anyway.
    ///
    /// # Security
    ///
    /// OWASP ASVS 5.0, 14.3.1. Without it an app that keeps data of its users in
    /// the browser clears that itself.
    pub fn clear_site_data(mut self, data: impl IntoIterator<Item = SiteData>) -> Self {
        self.settings.site_data = data.into_iter().collect();
        self
    }
}
