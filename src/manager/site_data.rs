//! Settings: what a browser forgets at logout.

use http::HeaderValue;

use crate::manager::{Builder, Settings};

/// Something that a browser keeps of a site, and forgets at logout:
/// [`Builder::clear_site_data`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SiteData {
    /// Answers in its cache. The app's files are fetched again.
    Cache,
    /// Every cookie of the site, those of other apps on this host and on the
    /// subdomains of its registrable domain included.
    Cookies,
    /// What scripts keep: local and session storage, databases, service workers.
    Storage,
    /// Open pages of the site: they are loaded again, in every tab.
    ExecutionContexts,
}

impl SiteData {
    /// As the header writes it (W3C Clear Site Data, 3.1).
    fn name(self) -> &'static str {
        match self {
            Self::Cache => "\"cache\"",
            Self::Cookies => "\"cookies\"",
            Self::Storage => "\"storage\"",
            Self::ExecutionContexts => "\"executionContexts\"",
        }
    }
}

impl Settings {
    /// What the answer to a logout says in `Clear-Site-Data`.
    pub(super) fn clear_site_data(&self) -> Option<HeaderValue> {
        let names: Vec<_> = self.site_data.iter().map(|data| data.name()).collect();
        HeaderValue::try_from(names.join(", "))
            .ok()
            .filter(|value| !value.is_empty())
    }
}

impl<L, K> Builder<L, K> {
    /// What a browser is told to forget when its user logs out or is switched, with the header
    /// `Clear-Site-Data`: nobody who uses it next finds what the last one saw.
    /// Default: [`Cache`](SiteData::Cache) and [`Storage`](SiteData::Storage).
    /// `[]`: nothing.
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
