//! Browsers that have logged in before: a cookie says so, and opens nothing.
//!
//! What a stranger does to an account must not keep its user out. So a browser in
//! which its user has logged in has limits of its own, and a part of the queue
//! for hashes ("device cookie", OWASP Slow Down Online Guessing Attacks). The
//! cookie is bound to the credentials: with new ones a copy is a stranger's.

use std::{net::IpAddr, sync::Arc, time::Duration};

use data_encoding::HEXLOWER;

use crate::{
    key::Mac,
    manager::{CookieOf, Core, Sent},
    secret::random,
    session::{device::Visitor, notes::Notes},
    user::{UserIndex, digest},
};

/// A digest of a user and what it logs in with.
pub(crate) type Credentials = [u8; 16];

/// What a request shows of who tries to log in.
#[derive(Clone, Default)]
pub(crate) struct Caller {
    pub(crate) visitor: Visitor,
    /// IPv6 by its first 64 bits. None if networks are not counted.
    pub(crate) network: Option<IpAddr>,
    pub(crate) known: Option<KnownBrowser>,
}

/// A browser that has logged in with some credentials.
#[derive(Clone, Copy)]
pub(crate) struct KnownBrowser {
    /// The credentials, but nobody who reads the cookie finds out whose.
    tag: Mac,
    pub(crate) browser: [u8; 16],
}

impl KnownBrowser {
    /// Are these the credentials?
    pub(super) fn is_with(self, core: &Core, credentials: Credentials) -> bool {
        let keys = core.one_time_keys();
        keys.verify(&message(credentials), &self.tag).is_some()
    }

    /// Of whose known browsers it is one.
    #[cfg(feature = "password")]
    pub(crate) fn share(self) -> Mac {
        self.tag
    }

    pub(crate) fn read(text: &str) -> Option<Self> {
        let bytes: [u8; 32] = HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()?;
        let mut known = Self {
            tag: [0; 16],
            browser: [0; 16],
        };
        known.tag.copy_from_slice(&bytes[..16]);
        known.browser.copy_from_slice(&bytes[16..]);
        Some(known)
    }

    fn carried(self, core: &Core) -> Option<Sent> {
        let text = HEXLOWER.encode(&[self.tag, self.browser].concat());
        core.carry_for(CookieOf::Known, &text, KNOWN_FOR)
    }
}

/// What a user logs in with, given its auth hash as a record keeps it.
pub(super) fn credentials(user: UserIndex, auth_hash: &[u8; 16]) -> Credentials {
    digest(&[b"known", user.as_bytes(), auth_hash])
}

fn message(credentials: Credentials) -> Vec<u8> {
    [b"known browser" as &[u8], &credentials].concat()
}

impl Notes {
    /// Somebody has logged in with these credentials: the browser is known by
    /// them from now on, for as long again, if it was known before or gave a
    /// password, a code or a token in this request. Where none of these is used
    /// no browser is asked to keep a cookie.
    pub(super) fn know_the_browser(
        &mut self,
        core: &Arc<Core>,
        credentials: impl FnOnce() -> Credentials,
    ) {
        if self.caller(core).known.is_none() && !self.is_checked(core) {
            return;
        }
        let Ok(browser) = random() else { return };
        let tag = core.one_time_keys().sign(&message(credentials()));
        let known = KnownBrowser { tag, browser };
        if let Some(sent) = known.carried(core) {
            self.set_cookie(core, CookieOf::Known, sent);
        }
    }
}

/// How long a browser is known that does not log in.
const KNOWN_FOR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
