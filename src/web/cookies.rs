//! The cookies of a realm, in and out.

use crate::{
    key::SignedBy,
    manager::{CookieOf, Core, Sent},
    session::presented::ShownCookies,
    signed,
    token::Token,
};
use axum::http::{HeaderMap, HeaderValue, header};

/// The token that this request presents to a realm, if the realm has signed it.
pub(super) fn presented(
    core: &Core,
    of: CookieOf,
    headers: &HeaderMap,
) -> Option<(Token, SignedBy)> {
    let kind = core.cookie(of);
    Token::from_cookie_value(single(&kind.name, headers)?, &kind.keys)
}

/// The text that this request carries for a realm, if the realm has signed it
/// and its time is not over.
pub(super) fn carried(core: &Core, of: CookieOf, headers: &HeaderMap) -> Option<String> {
    let kind = core.cookie(of);
    signed::read(&kind.keys, single(&kind.name, headers)?, core.now())
}

/// The value of the only cookie of this name.
///
/// Two cookies of the name are none: one of them was planted, and nobody can
/// tell which (RFC 6265bis, 5.8.3 leaves the order open).
fn single<'a>(name: &'a str, headers: &'a HeaderMap) -> Option<&'a [u8]> {
    let mut values = values(headers, name.as_bytes());
    values.next().filter(|_| values.next().is_none())
}

/// Is there a cookie of this kind, good or bad?
pub(super) fn has(core: &Core, of: CookieOf, headers: &HeaderMap) -> bool {
    values(headers, core.cookie(of).name.as_bytes())
        .next()
        .is_some()
}

/// What tells a realm who somebody is, unread.
pub(super) fn shown(core: &Core, headers: &HeaderMap) -> ShownCookies {
    let of = |of| {
        let mut shown = Vec::new();
        for value in values(headers, core.cookie(of).name.as_bytes()) {
            shown.extend_from_slice(value);
            shown.push(b';');
        }
        shown
    };
    let mut authorization = Vec::new();
    if core.settings.reads_requests {
        for value in headers.get_all(header::AUTHORIZATION) {
            authorization.extend_from_slice(value.as_bytes());
            authorization.push(b';');
        }
    }
    ShownCookies {
        login: of(CookieOf::Login),
        remember: of(CookieOf::Remember),
        authorization,
    }
}

/// The values of all cookies whose name is exactly this, read as bytes.
///
/// Only space and tab are trimmed, as RFC 6265bis says: a parser that trims
/// U+2000 as well lets a sibling subdomain pass a `__Host-` name. What is not
/// ours is skipped unread, whatever bytes it has.
fn values<'a>(headers: &'a HeaderMap, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    headers
        .get_all(header::COOKIE)
        .into_iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b';'))
        .filter_map(move |pair| {
            let at = pair.iter().position(|byte| *byte == b'=')?;
            (trim(&pair[..at]) == name).then(|| trim(&pair[at + 1..]))
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
        values(&headers, b"__Host-login")
            .map(<[u8]>::to_vec)
            .collect()
    }

    #[test]
    fn a_cookie_is_found_among_others_and_over_several_lines() {
        assert_eq!(read(&[b"a=b; __Host-login=x;c=d"]), [b"x"]);
        assert_eq!(read(&[b"a=b", b"\t__Host-login = x ; c"]), [b"x"]);
        assert_eq!(read(&["umlaut=\u{fc}; __Host-login=x".as_bytes()]), [b"x"]);
        assert_eq!(read(&[b"\xff\xfe=\x80; __Host-login=x"]), [b"x"]);
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
