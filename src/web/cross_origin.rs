//! Requests that another site's page sends in a user's name.
//!
//! The algorithm of Go's `http.CrossOriginProtection`: browsers say where a
//! request comes from, so no token is needed. `SameSite=Lax` alone leaves
//! sibling subdomains and forged logins.

use std::sync::Arc;

use axum::http::{HeaderMap, Method, Request, Uri, header};

use crate::{event::EventKind, manager::Core};

/// Which origins may send unsafe requests.
#[derive(Clone, Debug)]
pub(crate) struct CrossOrigin {
    check: bool,
    trusted: Vec<String>,
}

impl CrossOrigin {
    /// What the realms of a router say together: an origin that one of them
    /// trusts is trusted; the check is off only if all of them say so.
    pub(crate) fn of(realms: &[Arc<Core>]) -> Self {
        Self {
            check: realms.is_empty() || realms.iter().any(|core| core.settings.check_origin),
            trusted: realms
                .iter()
                .flat_map(|core| core.settings.origins.clone())
                .collect(),
        }
    }

    /// May this request be served, whoever is logged in?
    pub(crate) fn allows<B>(&self, request: &Request<B>) -> bool {
        let headers = request.headers();
        let allowed = !self.check || is_safe(request) || self.is_from_here(headers, request.uri());
        if !allowed {
            let (origin, host) = (header::ORIGIN, header::HOST);
            tracing::info!(
                target: "portcullis", event = EventKind::OriginRefused.name(),
                origin = ?headers.get(origin), host = ?headers.get(host),
                "a request from another origin was refused: `.origin(…)` trusts one"
            );
        }
        allowed
    }

    fn is_from_here(&self, headers: &HeaderMap, uri: &Uri) -> bool {
        let Ok(site) = single(headers, "sec-fetch-site") else {
            return false;
        };
        let Ok(origin) = single(headers, header::ORIGIN.as_str()) else {
            return false;
        };
        let is_trusted = |origin: &str| {
            self.trusted
                .iter()
                .any(|trusted| trusted.eq_ignore_ascii_case(origin))
        };
        match (site, origin) {
            (Some("same-origin" | "none"), _) => true,
            (Some(_), origin) => origin.is_some_and(is_trusted),
            // Neither header: not a browser, so nobody is tricked.
            (None, None) => true,
            (None, Some(origin)) => is_trusted(origin) || is_of_host(origin, headers, uri),
        }
    }
}

/// Reading changes nothing; opening a WebSocket does, although it is a GET.
fn is_safe<B>(request: &Request<B>) -> bool {
    matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    ) && !request.headers().contains_key(header::UPGRADE)
}

/// Does the origin name the host that the request was sent to? The scheme is
/// not known here, so `http` and `https` are one.
fn is_of_host(origin: &str, headers: &HeaderMap, uri: &Uri) -> bool {
    let Some((_, host)) = origin.split_once("://") else {
        return false;
    };
    let own = match single(headers, header::HOST.as_str()) {
        Ok(Some(own)) => own,
        Ok(None) => uri.authority().map_or("", |authority| authority.as_str()),
        Err(Repeated) => return false,
    };
    !own.is_empty() && host.eq_ignore_ascii_case(own)
}

/// A header that must not be there twice.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Repeated> {
    let mut values = headers.get_all(name).into_iter();
    let value = values.next();
    if values.next().is_some() {
        return Err(Repeated);
    }
    Ok(value.map(|value| value.to_str().unwrap_or("unreadable")))
}

struct Repeated;

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(method: Method, uri: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let rules = CrossOrigin {
            check: true,
            trusted: vec!["https://app.example".to_owned()],
        };
        rules.allows(&request.body(()).unwrap())
    }

    /// Each row: is a POST allowed that has these headers?
    const ROWS: &[(bool, &[(&str, &str)])] = &[
        (true, &[]),
        (true, &[("sec-fetch-site", "same-origin")]),
        (true, &[("sec-fetch-site", "none")]),
        (false, &[("sec-fetch-site", "same-site")]),
        (false, &[("sec-fetch-site", "cross-site")]),
        (false, &[("sec-fetch-site", "something-new")]),
        (
            false,
            &[
                ("sec-fetch-site", "same-origin"),
                ("sec-fetch-site", "cross-site"),
            ],
        ),
        (
            true,
            &[
                ("sec-fetch-site", "cross-site"),
                ("origin", "https://app.example"),
            ],
        ),
        (
            false,
            &[
                ("sec-fetch-site", "cross-site"),
                ("origin", "https://here.example"),
                ("host", "here.example"),
            ],
        ),
        (
            true,
            &[("origin", "https://app.example"), ("host", "internal:3000")],
        ),
        (
            true,
            &[("origin", "https://here.example"), ("host", "here.example")],
        ),
        (
            true,
            &[
                ("origin", "http://here.example:8080"),
                ("host", "HERE.example:8080"),
            ],
        ),
        (
            false,
            &[
                ("origin", "https://here.example:8080"),
                ("host", "here.example"),
            ],
        ),
        (
            false,
            &[("origin", "https://evil.example"), ("host", "here.example")],
        ),
        (
            false,
            &[
                ("origin", "https://here.example.evil"),
                ("host", "here.example"),
            ],
        ),
        (
            false,
            &[
                ("origin", "https://here.example"),
                ("host", "here.example"),
                ("host", "here.example"),
            ],
        ),
        (false, &[("origin", "null"), ("host", "here.example")]),
        (false, &[("origin", "null"), ("host", "null")]),
        (false, &[("origin", "https://")]),
        (false, &[("origin", "https://here.example")]),
    ];

    #[test]
    fn unsafe_requests_come_from_here() {
        for (allowed, headers) in ROWS {
            assert_eq!(allows(Method::POST, "/", headers), *allowed, "{headers:?}");
        }
    }

    #[test]
    fn under_http2_the_authority_is_the_host() {
        let origin = [("origin", "https://here.example")];
        assert!(allows(Method::POST, "https://here.example/", &origin));
        assert!(!allows(Method::POST, "https://there.example/", &origin));
    }

    #[test]
    fn reading_is_safe_and_a_socket_is_not() {
        let cross_site = ("sec-fetch-site", "cross-site");
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            assert!(allows(method, "/", &[cross_site]));
        }
        assert!(!allows(
            Method::GET,
            "/",
            &[cross_site, ("upgrade", "websocket")]
        ));
        assert!(!allows(Method::TRACE, "/", &[cross_site]));
        assert!(
            !allows(Method::from_bytes(b"get").unwrap(), "/", &[cross_site]),
            "methods have a case"
        );
    }
}
