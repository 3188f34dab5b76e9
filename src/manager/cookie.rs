//! The cookies of a realm: what each is called, looks like and is signed with.

use std::fmt::Write;

use cookie::{Cookie, SameSite};

use crate::{
    clock::Timestamp,
    key::{KeyRing, SecretKey},
    manager::Settings,
    token::Token,
};

/// Which of the cookies of a realm.
///
/// Users and strangers have cookies of their own, so that a stranger's request
/// that comes late never overwrites the cookie of the login that has overtaken it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CookieOf {
    Login,
    Stranger,
    Remember,
    Flash,
    Next,
    /// Says that a browser has logged in before, and opens nothing.
    Known,
}

impl CookieOf {
    /// Each at the place that its number says.
    pub(crate) const ALL: [Self; 6] = [
        Self::Login,
        Self::Stranger,
        Self::Remember,
        Self::Flash,
        Self::Next,
        Self::Known,
    ];
}

/// One of the cookies of a realm, with keys of its own.
pub(crate) struct CookieKind {
    pub(crate) name: String,
    pub(crate) keys: KeyRing,
    attributes: Attributes,
}

/// How a browser is to treat a cookie.
#[derive(Clone, Debug)]
pub(crate) struct Attributes {
    pub(crate) domain: Option<String>,
    pub(crate) path: String,
    pub(crate) secure: bool,
    pub(crate) http_only: bool,
    pub(crate) same_site: SameSite,
}

/// All cookies of a realm.
pub(crate) struct Cookies {
    login: CookieKind,
    stranger: CookieKind,
    remember: CookieKind,
    flash: CookieKind,
    next: CookieKind,
    known: CookieKind,
    /// Of tokens that are no cookies.
    pub(crate) one_time: KeyRing,
}

impl Cookies {
    pub(crate) fn new(settings: &Settings, keys: &[SecretKey]) -> Self {
        let kind = |name, usage, attributes| CookieKind {
            name,
            keys: KeyRing::derive(keys, &settings.realm, usage),
            attributes,
        };
        let of_this_host = || Attributes::of_this_host(settings.secure);
        let remembers = settings.remember_attributes();
        Self {
            login: kind(settings.login_cookie(), "login", of_this_host()),
            stranger: kind(settings.stranger_cookie(), "stranger", of_this_host()),
            remember: kind(settings.remember_cookie(), "remember", remembers),
            flash: kind(settings.flash_cookie(), "flash", of_this_host()),
            next: kind(settings.next_cookie(), "next", of_this_host()),
            one_time: KeyRing::derive(keys, &settings.realm, "one-time"),
            known: kind(settings.known_cookie(), "known", of_this_host()),
        }
    }

    pub(crate) fn of(&self, of: CookieOf) -> &CookieKind {
        match of {
            CookieOf::Login => &self.login,
            CookieOf::Stranger => &self.stranger,
            CookieOf::Remember => &self.remember,
            CookieOf::Flash => &self.flash,
            CookieOf::Next => &self.next,
            CookieOf::Known => &self.known,
        }
    }
}

impl Attributes {
    /// What the prefix `__Host-` asks for, and no script and no other site's form.
    pub(crate) fn of_this_host(secure: bool) -> Self {
        Self {
            domain: None,
            path: "/".to_owned(),
            secure,
            http_only: true,
            same_site: SameSite::Lax,
        }
    }
}

impl CookieKind {
    /// The value that gives a browser this token.
    pub(crate) fn value_of(&self, token: &Token) -> String {
        token.to_cookie_value(&self.keys)
    }

    /// The `Set-Cookie` line that gives the browser a value, for the session
    /// of the browser or up to a time, or takes it away.
    ///
    /// All come from one description, so that a browser always recognises the
    /// cookie it is to remove.
    pub(crate) fn line(&self, sent: &Sent, now: Timestamp) -> String {
        let (value, max_age) = match sent {
            Sent::Value(value, None) => (value.as_str(), None),
            Sent::Value(value, Some(until)) => (value.as_str(), Some(until.since(now).as_secs())),
            Sent::Removed => ("", Some(0)),
        };
        let Attributes {
            domain,
            path,
            secure,
            http_only,
            same_site,
        } = &self.attributes;
        let mut cookie = Cookie::build((self.name.as_str(), value))
            .path(path)
            .secure(*secure)
            .http_only(*http_only)
            .same_site(*same_site);
        if let Some(domain) = domain {
            cookie = cookie.domain(domain);
        }
        if let Some(seconds) = max_age {
            let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
            cookie = cookie.max_age(cookie::time::Duration::seconds(seconds));
        }
        let mut line = String::with_capacity(LINE);
        let _ = write!(line, "{}", cookie.build()); // a `String` takes all
        line
    }
}

/// What a line takes in bytes as the library's own cookies are set.
const LINE: usize = 192;

/// What is sent to the browser under a cookie's name.
#[derive(Clone)]
pub(crate) enum Sent {
    /// This value, until then; without a time until the browser is closed.
    Value(String, Option<Timestamp>),
    Removed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_cookie_is_at_the_place_that_its_number_says() {
        for (place, of) in CookieOf::ALL.into_iter().enumerate() {
            assert_eq!(of as usize, place);
        }
    }
}
