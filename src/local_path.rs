//! Where to go on this site: a path that can't lead anywhere else.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Deserializer, de};

/// A path on this origin, with its query: `/orders?page=2`.
///
/// Met wherever a browser is sent to a place that came with the request: a
/// `next` that was tampered with must not lead to another site. Only the parser
/// makes one, and [`from_static`](Self::from_static) for the paths in your
/// source. As a form field, `next: LocalPath` is checked when the form is read.
///
/// # Example
///
/// ```
/// use portcullis::LocalPath;
///
/// assert!(LocalPath::parse("/orders?page=2").is_some());
/// assert!(LocalPath::parse("https://evil.example").is_none());
/// assert!(LocalPath::parse("//evil.example").is_none());
/// assert!(LocalPath::parse("/\\evil.example").is_none());
/// ```
///
/// # Security
///
/// Accepted is what begins with one `/`, then neither `/` nor `\`, also when
/// percent-encoded, and is visible ASCII throughout, at most
/// [`MAX_LEN`](Self::MAX_LEN) bytes; no part of the path is `.` or `..`, so a
/// browser has nothing to resolve; no `#`. Everything else is `None`: there is
/// no attempt to repair (OWASP: Unvalidated Redirects and Forwards).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct LocalPath(Cow<'static, str>);

impl LocalPath {
    /// The longest path that is accepted, in bytes.
    pub const MAX_LEN: usize = 2048;

    /// Reads a path as it stands in a `Location` header, percent-encoded where needed.
    pub fn parse(path: impl Into<String>) -> Option<Self> {
        let path = path.into();
        is_local(&path).then(|| Self(path.into()))
    }

    /// A path of your source.
    ///
    /// # Panics
    ///
    /// When it is not a local path; in a handler, that is at its first request.
    pub fn from_static(path: &'static str) -> Self {
        assert!(
            is_local(path),
            "`{path}` is not a path on this origin: it begins with one slash"
        );
        Self(Cow::Borrowed(path))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LocalPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for LocalPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalPath({})", self.0)
    }
}

impl<'de> Deserialize<'de> for LocalPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let path = String::deserialize(deserializer)?;
        Self::parse(path).ok_or_else(|| de::Error::custom("not a path on this origin"))
    }
}

/// What [`Session::next_or`](crate::Session::next_or) and the builder's paths
/// take: a [`LocalPath`], or a literal that is one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a checked path: it may lead to another site",
    label = "expected a `LocalPath` or a literal such as \"/\"",
    note = "let the form check it: `#[derive(Deserialize)] struct Form {{ next: LocalPath, … }}`",
    note = "or parse it: `LocalPath::parse(text)`, and say where to go when that is `None`",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait IntoLocalPath: sealed::IntoLocalPath {
    #[doc(hidden)]
    fn into_local_path(self) -> LocalPath;
}

#[diagnostic::do_not_recommend]
impl IntoLocalPath for LocalPath {
    fn into_local_path(self) -> LocalPath {
        self
    }
}

#[diagnostic::do_not_recommend]
impl IntoLocalPath for &'static str {
    fn into_local_path(self) -> LocalPath {
        LocalPath::from_static(self)
    }
}

mod sealed {
    pub trait IntoLocalPath {}
    impl IntoLocalPath for super::LocalPath {}
    impl IntoLocalPath for &'static str {}
}

fn is_local(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else {
        return false;
    };
    if path.len() > LocalPath::MAX_LEN || !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        return false;
    }
    if path.contains(['\\', '#', '"', '<', '>']) {
        return false;
    }
    let path = rest.split('?').next().unwrap_or_default();
    // `//host` and every spelling of it that some decoder turns into it.
    let first = decoded_twice(path);
    if first.chars().any(char::is_control) {
        return false;
    }
    if first.starts_with(['/', '\\']) {
        return false;
    }
    path.split('/')
        .all(|part| !matches!(decoded_twice(part).as_ref(), "." | ".."))
}

/// Proxies and frameworks decode once more than they should: so does this check.
fn decoded_twice(text: &str) -> String {
    let once = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
    percent_encoding::percent_decode_str(&once)
        .decode_utf8_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_this_origin_pass() {
        for path in [
            "/",
            "/a",
            "/a/b?c=d&e=%2F",
            "/?next=//x",
            "/a//b",
            "/%C3%A9",
            "/a:b@c",
            "/..a/.b",
            "/~x;y=1",
        ] {
            assert!(LocalPath::parse(path).is_some(), "{path}");
        }
    }

    #[test]
    fn everything_that_may_lead_away_is_refused() {
        let long = format!("/{}", "a".repeat(LocalPath::MAX_LEN));
        for path in [
            "",
            "a",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/%2fevil.example",
            "/%2Fevil.example",
            "/%252fevil.example",
            "/%5cevil.example",
            "/%09/evil.example",
            "/%0d%0aSet-Cookie:x",
            "/a%00",
            "/%2509/evil.example",
            "https://evil.example",
            "http:evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "/a\r\nSet-Cookie: x",
            "/a b",
            "/é",
            "/\u{2044}evil",
            "/a#b",
            "/.",
            "/..",
            "/./a",
            "/../a",
            "/a/..//evil.example",
            "/%2e%2e/a",
            "/a\0",
            " /a",
            "?a",
            "#a",
            "@evil.example",
            "//user@evil.example",
            ".//evil",
            "/a\"b",
            "/<a>",
            &long,
        ] {
            assert!(LocalPath::parse(path).is_none(), "{path:?}");
        }
    }

    #[test]
    #[should_panic(expected = "not a path on this origin")]
    fn a_literal_that_leads_away_is_a_program_error() {
        LocalPath::from_static("//evil.example");
    }
}
