//! Where a browser is sent to log in.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{error::BuildError, local_path::LocalPath};

/// A page of this app, or one of another site.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Here(LocalPath),
    Elsewhere(String),
}

impl Place {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Here(path) => path.as_str(),
            Self::Elsewhere(url) => url,
        }
    }

    /// Refuses what is no place to send a browser to, with `next` behind it.
    pub(super) fn check(&self) -> Result<(), BuildError> {
        match self {
            Self::Here(path) if path.as_str().contains('?') => {
                if LocalPath::parse(format!("{path}&next=%2F")).is_some() {
                    return Ok(());
                }
                Err(BuildError::new(format!(
                    "`{path}` leaves no room for `next`"
                )))
            }
            Self::Here(_) => Ok(()),
            Self::Elsewhere(url) if is_absolute(url) => Ok(()),
            Self::Elsewhere(url) => Err(BuildError::new(format!(
                "`{url}` is not the address of a login page: write scheme, host and path, as in `https://sso.example/login`"
            ))),
        }
    }
}

/// Is it `http` or `https`, with a host, and without a user, a fragment, or
/// anything that two parsers may read in two ways?
fn is_absolute(url: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\\#\"<>`{}|^".contains(&byte);
    if url.len() > LocalPath::MAX_LEN || !url.bytes().all(plain) {
        return false;
    }
    let Ok(uri) = url.parse::<http::Uri>() else {
        return false;
    };
    matches!(uri.scheme_str(), Some("http" | "https"))
        && uri.host().is_some_and(|host| !host.is_empty())
        && uri
            .authority()
            .is_some_and(|authority| !authority.as_str().contains('@'))
}

/// A path or an address with `next` in its query.
pub(crate) fn with_next(place: &str, next: Option<&LocalPath>) -> String {
    let Some(next) = next else {
        return place.to_owned();
    };
    let joint = if place.contains('?') { '&' } else { '?' };
    let next = utf8_percent_encode(next.as_str(), IN_A_QUERY);
    format!("{place}{joint}next={next}")
}

const IN_A_QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_absolute_and_means_one_thing() {
        for url in [
            "https://sso.example/login",
            "https://sso.example/login?app=1",
            "http://localhost:8080/",
            "https://sso.example",
            "https://[::1]/login",
        ] {
            assert!(is_absolute(url), "{url}");
        }
        for url in [
            "",
            "/login",
            "//sso.example/login",
            "sso.example/login",
            "https:/login",
            "https:///login",
            "https://",
            "ftp://sso.example/",
            "javascript://sso.example/%0aalert(1)",
            "https://user@sso.example/",
            "https://user:password@sso.example/",
            "https://sso.example/#login",
            "https://sso.example\\@evil.example/",
            "https://sso.example/a b",
            "https://sso.example/\r\nSet-Cookie: a=b",
            "https://sso.exämple/",
        ] {
            assert!(!is_absolute(url), "{url}");
        }
    }
}
