//! The cookies of a realm, in and out.

use crate::{
    key::SignedBy,
    manager::{CookieOf, Core, Sent},
    session::presented::ShownCookies,
    signed,
    token::Token,
};
use axum::http::{HeaderMap, HeaderValue, header};

/// The cookies of a realm that a request shows, found in one pass, and unread.
pub(crate) struct Shown<'a> {
    core: &'a Core,
    pub(crate) of: [Values<'a>; CookieOf::ALL.len()],
}

/// The values of one name.
///
/// Two cookies of the name are none: one of them was planted, and nobody can
/// tell which (RFC 6265bis, 5.8.3 leaves the order open).
#[derive(Clone, Default)]
pub(crate) enum Values<'a> {
    #[default]
    None,
    One(&'a [u8]),
    /// All of them, a semicolon after each.
    Several(Vec<u8>),
}

impl<'a> Shown<'a> {
    pub(crate) fn of(core: &'a Core, headers: &'a HeaderMap) -> Self {
        let mut of: [Values<'a>; CookieOf::ALL.len()] = Default::default();
        for (name, value) in pairs(headers) {
            let is_named = |of: &CookieOf| core.cookie(*of).name.as_bytes() == name;
            if let Some(named) = CookieOf::ALL.into_iter().find(is_named) {
                of[named as usize].push(value);
            }
        }
        Self { core, of }
    }

    /// The token, if the realm has signed it.
    pub(crate) fn token(&self, of: CookieOf) -> Option<(Token, SignedBy)> {
        Token::from_cookie_value(self.of[of as usize].single()?, &self.core.cookie(of).keys)
    }

    /// The text, if the realm has signed it and its time is not over.
    pub(crate) fn text(&self, of: CookieOf) -> Option<String> {
        let value = self.of[of as usize].single()?;
        signed::read(&self.core.cookie(of).keys, value, self.core.now())
    }

    /// Is there a cookie of this kind, good or bad?
    pub(super) fn has(&self, of: CookieOf) -> bool {
        !matches!(self.of[of as usize], Values::None)
    }

    /// What tells the realm who somebody is.
    pub(super) fn who(&self) -> ShownCookies {
        ShownCookies {
            login: self.of[CookieOf::Login as usize].all(),
            remember: self.of[CookieOf::Remember as usize].all(),
        }
    }
}

impl<'a> Values<'a> {
    fn push(&mut self, value: &'a [u8]) {
        match self {
            Self::None => *self = Self::One(value),
            Self::One(first) => *self = Self::Several([*first, b";", value, b";"].concat()),
            Self::Several(all) => {
                all.extend_from_slice(value);
                all.push(b';');
            }
        }
    }

    pub(crate) fn single(&self) -> Option<&'a [u8]> {
        match self {
            Self::One(value) => Some(value),
            Self::None | Self::Several(_) => None,
        }
    }

    fn all(&self) -> Vec<u8> {
        match self {
            Self::None => Vec::new(),
            Self::One(value) => [value, b";" as &[u8]].concat(),
            Self::Several(all) => all.clone(),
        }
    }
}

/// The names and values of all cookies, read as bytes.
///
/// Only space and tab are trimmed, as RFC 6265bis says: a parser that trims
/// U+2000 as well lets a sibling subdomain pass a `__Host-` name. What is not
/// ours is skipped unread, whatever bytes it has.
fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&[u8], &[u8])> {
    let lines = headers.get_all(header::COOKIE).into_iter();
    let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(|pair| {
        let at = pair.iter().position(|byte| *byte == b'=')?;
        Some((trim(&pair[..at]), trim(&pair[at + 1..])))
    })
}

fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// The `Set-Cookie` line of what is sent.
pub(super) fn set_cookie(core: &Core, of: CookieOf, sent: &Sent) -> Option<HeaderValue> {
    HeaderValue::try_from(core.cookie(of).line(sent, core.now())).ok()
}

/// Does this answer set or remove the cookie already?
pub(super) fn is_set(core: &Core, of: CookieOf, headers: &HeaderMap) -> bool {
    let name = core.cookie(of).name.as_bytes();
    let mut lines = headers.get_all(header::SET_COOKIE).iter();
    lines.any(|line| {
        line.as_bytes()
            .strip_prefix(name)
            .is_some_and(|rest| rest.starts_with(b"="))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, HeaderValue::from_bytes(line).unwrap());
        }
        let named = pairs(&headers).filter(|(name, _)| name == b"__Host-login");
        named.map(|(_, value)| value.to_vec()).collect()
    }

    #[test]
    fn a_cookie_is_found_among_others_and_over_several_lines() {
        assert_eq!(read(&[b"a=b; __Host-login=x;c=d"]), [b"x"]);
        assert_eq!(read(&[b"a=b", b"\t__Host-login = x ; c"]), [b"x"]);
        assert_eq!(read(&["umlaut=\u{fc}; __Host-login=x".as_bytes()]), [b"x"]);
        assert_eq!(read(&[b"\xff\xfe=\x80; __Host-login=x"]), [b"x"]);
    }

    #[test]
    fn all_of_a_name_are_kept_in_their_order() {
        let mut values = Values::default();
        let mut all = Vec::new();
        for value in [&b"a"[..], b"", b"c", b"dd"] {
            values.push(value);
            all.extend_from_slice(&[value, b";"].concat());
            assert_eq!(values.all(), all);
            assert_eq!(values.single().is_some(), all == b"a;");
        }
    }

    #[test]
    fn only_the_exact_name_counts() {
        for line in [
            "__host-login=x",
            "__Host-Login=x",
            "x__Host-login=x",
            "__Host-login",
            "=__Host-login",
        ] {
            assert!(read(&[line.as_bytes()]).is_empty(), "{line}");
        }
        for space in ["\u{2000}", "\u{a0}", "\u{85}", "\u{3000}"] {
            assert!(
                read(&[format!("{space}__Host-login=x").as_bytes()]).is_empty(),
                "{space:?}"
            );
            assert!(
                read(&[format!("__Host-login{space}=x").as_bytes()]).is_empty(),
                "{space:?}"
            );
        }
    }
}
