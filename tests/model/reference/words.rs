//! What a request shows and asks for, and what it is answered.

use std::collections::BTreeMap;

use super::{SeriesId, SessionId, StrangerId, UserId};

/// What differs from case to case.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub protection: Protection,
    /// None: a login stays fresh as long as its session.
    pub fresh_for: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    Off,
    Basic,
    Strong,
}

/// A cookie of a browser, by what it opens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cookie<T> {
    #[default]
    None,
    /// Somebody has changed a byte: it opens nothing.
    Forged,
    Of(T),
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Jar {
    pub session: Cookie<SessionId>,
    pub remember: Cookie<(SeriesId, usize)>,
    pub stranger: Cookie<StrangerId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CookieName {
    Session,
    Remember,
    Stranger,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Until the browser is closed.
    Set,
    /// For so many seconds.
    SetFor(u64),
    Removed,
}

#[derive(Clone, Copy, Debug)]
pub enum Request {
    /// A page for who is logged in, one for who is fresh, one for anybody, and
    /// one that only looks.
    Me,
    Fresh,
    Who,
    Look,
    Data,
    AddNote(u64),
    AddCart(u64),
    LogIn(UserId, Options),
    LogOut,
    Confirm(UserId),
    Switch(UserId),
    ChangePassword(u8),
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    pub remember: bool,
    pub days: Option<u32>,
    pub stale: bool,
    pub force: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Where the browser is sent, without the query.
    pub location: Option<String>,
    pub body: String,
    pub cookies: BTreeMap<CookieName, Sent>,
}

impl Answer {
    pub(super) fn ok(&mut self, body: &str) {
        (self.status, self.body) = (200, body.to_owned());
    }

    pub(super) fn see(&mut self, location: &str) {
        (self.status, self.location) = (303, Some(location.to_owned()));
    }

    pub(super) fn set(&mut self, name: CookieName) {
        self.cookies.insert(name, Sent::Set);
    }

    pub(super) fn remember_for(&mut self, seconds: u64) {
        self.cookies
            .insert(CookieName::Remember, Sent::SetFor(seconds));
    }

    pub(super) fn removed(&mut self, name: CookieName) {
        self.cookies.insert(name, Sent::Removed);
    }
}
