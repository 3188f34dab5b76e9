//! Browsers that have logged in before: a cookie says so, and opens nothing.
//!
//! What a stranger does to an account must not keep its user out. So a browser in
//! which its user has logged in has limits of its own, and a part of the queue
//! for hashes ("device cookie", OWASP Slow Down Online Guessing Attacks). The
//! cookie is bound to the credentials: with new ones a copy is a stranger's.

use std::{net::IpAddr, sync::Arc, time::Duration};

use data_encoding::HEXLOWER;

use crate::{
    manager::{CookieOf, Core, Sent},
    secret::random,
    session::notes::Notes,
    user::{UserIndex, digest},
};

/// A digest of a user and what it logs in with.
pub(crate) type Credentials = [u8; 16];

/// What a request shows of who tries to log in.
#[derive(Clone, Copy, Default)]
pub(crate) struct Caller {
    /// IPv6 by its first 64 bits.
    pub(crate) network: Option<IpAddr>,
    pub(crate) known: Option<KnownBrowser>,
}

/// A browser that has logged in with some credentials.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct KnownBrowser {
    credentials: Credentials,
    browser: [u8; 16],
}

impl KnownBrowser {
    /// The name of the browser, if these are the credentials.
    pub(super) fn with(self, credentials: Credentials) -> Option<[u8; 16]> {
        (self.credentials == credentials).then_some(self.browser)
    }

    pub(crate) fn read(text: &str) -> Option<Self> {
        let bytes: [u8; 32] = HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()?;
        let mut known = Self {
            credentials: [0; 16],
            browser: [0; 16],
        };
        known.credentials.copy_from_slice(&bytes[..16]);
        known.browser.copy_from_slice(&bytes[16..]);
        Some(known)
    }

    fn carried(self, core: &Core) -> Option<Sent> {
        let text = HEXLOWER.encode(&[self.credentials, self.browser].concat());
        core.carry_for(CookieOf::Known, &text, KNOWN_FOR)
    }
}

/// What a user logs in with, given its auth hash as a record keeps it.
pub(super) fn credentials(user: UserIndex, auth_hash: &[u8; 16]) -> Credentials {
    digest(&[b"known", user.as_bytes(), auth_hash])
}

impl Notes {
    /// Somebody has logged in with these credentials: the browser is known by
    /// them from now on, for as long again, if it was known before or gave a
    /// password, a code or a token in this request. Where none of these is used
    /// no browser is asked to keep a cookie.
    pub(super) fn know_the_browser(&mut self, core: &Arc<Core>, credentials: Credentials) {
        if self.caller(core).known.is_none() && !self.is_checked(core) {
            return;
        }
        let Ok(browser) = random() else { return };
        let known = KnownBrowser {
            credentials,
            browser,
        };
        if let Some(sent) = known.carried(core) {
            self.set_cookie(core, CookieOf::Known, sent);
        }
    }
}

/// How long a browser is known that does not log in.
const KNOWN_FOR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
