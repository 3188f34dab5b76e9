//! What a request shows and an answer says, read without the library.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, HeaderName, Method, header};
use portcullis_fuzz::{
    cookies,
    support::{COOKIE, REMEMBER, Reply},
};

use crate::model::Shown;

pub fn shown(headers: &HeaderMap, agent: u8) -> Shown {
    let all = cookies::read(cookies::lines(headers));
    let one = |name| cookies::one_of(&all, name).and_then(|value| String::from_utf8(value).ok());
    let keys: Vec<_> = headers.get_all(header::AUTHORIZATION).iter().collect();
    let key = match keys[..] {
        [key] => key
            .to_str()
            .ok()
            .and_then(|key| key.strip_prefix("Bearer ")?.parse().ok()),
        _ => None,
    };
    Shown {
        login: one(COOKIE),
        remember: one(REMEMBER),
        key,
        agent,
    }
}

/// Go's `CrossOriginProtection`, read from its page.
pub fn is_from_here(method: &Method, headers: &HeaderMap) -> bool {
    let all = |name: HeaderName| -> Vec<_> { headers.get_all(name).iter().collect() };
    let is_safe = [Method::GET, Method::HEAD, Method::OPTIONS].contains(method);
    if is_safe && all(header::UPGRADE).is_empty() {
        return true;
    }
    let sites = all(HeaderName::from_static("sec-fetch-site"));
    let (origins, hosts) = (all(header::ORIGIN), all(header::HOST));
    match (&sites[..], &origins[..], &hosts[..]) {
        ([site], [] | [_], _) => *site == "same-origin" || *site == "none",
        ([], [], _) => true,
        ([], [origin], [host]) => {
            let origin = origin.to_str().unwrap_or_default().to_ascii_lowercase();
            let host = host.to_str().unwrap_or_default().to_ascii_lowercase();
            origin
                .split_once("://")
                .is_some_and(|(_, named)| named == host)
        }
        _ => false,
    }
}

/// The cookies that an answer sets; those removed are empty. Each is ours, once,
/// and has every attribute.
pub fn set_cookies(reply: &Reply) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for line in reply.set_cookies() {
        let mut parts = line.split("; ");
        let (name, value) = parts.next().unwrap().split_once('=').unwrap();
        let (ages, mut others): (Vec<_>, Vec<_>) =
            parts.partition(|part| part.starts_with("Max-Age="));
        others.sort_unstable();
        assert_eq!(
            others,
            ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"],
            "{line}"
        );
        let age = ages
            .first()
            .map(|age| age["Max-Age=".len()..].parse::<u64>().unwrap());
        let kind = name.strip_prefix("__Host-login").expect(line);
        let is_right = match (value, kind) {
            ("", _) => age == Some(0),
            (_, "" | "-stranger") => age.is_none(),
            (_, "-remember") => age.is_some_and(|age| (1..=365 * 86_400).contains(&age)),
            (_, "-flash") => age == Some(600),
            _ => false,
        };
        assert!(is_right && ages.len() <= 1, "{line}");
        let before = all.insert(name.to_owned(), value.to_owned());
        assert_eq!(before, None, "set twice: {line}");
    }
    all
}

/// What of a token's cookie opens something.
pub fn secret(value: &str) -> Option<String> {
    let parts: Vec<_> = value.split('.').collect();
    let is_token = parts.len() == 4 && parts[2].len() == 43;
    is_token.then(|| parts[2].to_owned())
}

pub fn vary(reply: &Reply) -> String {
    let lines = reply.headers.get_all(header::VARY).iter();
    let lines: Vec<_> = lines.map(|line| line.to_str().unwrap()).collect();
    lines.join(", ")
}
