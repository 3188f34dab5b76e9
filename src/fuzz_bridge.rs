//! What the programs under `fuzz/` reach and users do not. It is compiled for
//! them alone, and decides nothing.

#![allow(
    missing_docs,
    missing_debug_implementations,
    reason = "nobody else reads it"
)]

use std::sync::Arc;

use axum::http::HeaderMap;

use crate::{
    key::{KeyRing, SecretKey, SignedBy},
    manager::{CookieOf, Core, LoginManager, content::Content, counter, series::SeriesContent},
    session::one_time::Issued,
    token,
    web::cookies::Shown,
};

/// The cookies of a realm, by the place of their kind: login, stranger,
/// remember, flash, next, known.
pub struct Cookies(Arc<Core>);

/// A token that a realm has accepted.
pub struct Token(token::Token, SignedBy);

impl Cookies {
    pub fn of<U>(manager: &LoginManager<U>) -> Self {
        Self(manager.realm.core.clone())
    }

    pub fn names(&self) -> [&str; 6] {
        CookieOf::ALL.map(|of| self.0.cookie(of).name.as_str())
    }

    pub fn values(&self, headers: &HeaderMap) -> [Option<Vec<u8>>; 6] {
        let shown = Shown::of(&self.0, headers);
        shown.of.map(|of| of.single().map(<[u8]>::to_vec))
    }

    pub fn token(&self, of: usize, headers: &HeaderMap) -> Option<Token> {
        let (token, signed_by) = Shown::of(&self.0, headers).token(CookieOf::ALL[of])?;
        Some(Token(token, signed_by))
    }

    pub fn text(&self, of: usize, headers: &HeaderMap) -> Option<String> {
        Shown::of(&self.0, headers).text(CookieOf::ALL[of])
    }
}

impl Token {
    pub fn is_signed_by_the_newest(&self) -> bool {
        self.1 == SignedBy::Newest
    }

    pub fn signed_with(&self, key: &SecretKey, realm: &str, usage: &str) -> String {
        let keys = KeyRing::derive([key], realm, usage);
        self.0.to_cookie_value(&keys)
    }
}

/// A body read and written again, each kind of record by its number.
pub fn rewritten(kind: u8, body: &[u8]) -> Option<Arc<[u8]>> {
    match kind {
        0 => Content::decode(body).ok()?.encode().ok(),
        1 => SeriesContent::decode(body).ok()?.encode().ok(),
        2 => Issued::decode(body).ok()?.encode().ok(),
        _ => Some(counter::encode(counter::decode(body).ok()?)),
    }
}
