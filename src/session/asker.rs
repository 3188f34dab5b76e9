//! Who asks: what an answer of the library depends on besides the login.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};

use crate::{local_path::LocalPath, session::accept};

/// The little that is kept of a request until its answer is known: nothing
/// that is not needed for most answers is worked out before.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    only_reads: bool,
    is_htmx: bool,
    uri: Uri,
    accept: Option<HeaderValue>,
    /// The address that htmx tells of the page around a fragment.
    current_page: Option<HeaderValue>,
    /// Method and headers, if an answer of the app's own wants to see them.
    head: Option<Box<(Method, HeaderMap)>>,
}

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerForm {
    /// A browser that shows what it gets.
    Page,
    /// A program, or a script in a page.
    Api,
    /// Somebody at a terminal.
    Plain,
    /// htmx, which puts what it gets into a page.
    Htmx,
}

impl Asker {
    pub(crate) fn new(method: &Method, uri: &Uri, headers: &HeaderMap, keep: bool) -> Self {
        let is_htmx = headers.contains_key(&HX_REQUEST);
        Self {
            only_reads: matches!(*method, Method::GET | Method::HEAD),
            is_htmx,
            uri: uri.clone(),
            accept: accepted(headers),
            current_page: is_htmx
                .then(|| headers.get(&HX_CURRENT_URL).cloned())
                .flatten(),
            head: keep.then(|| Box::new((method.clone(), headers.clone()))),
        }
    }

    /// What the browser asked for.
    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Method and headers, if they were kept.
    pub(crate) fn head(&self) -> Option<(&Method, &HeaderMap)> {
        self.head
            .as_deref()
            .map(|(method, headers)| (method, headers))
    }

    /// The form of answer that the request asks for.
    pub(crate) fn form(&self) -> AnswerForm {
        if self.is_htmx {
            return AnswerForm::Htmx;
        }
        let accept = self.accept.as_ref().and_then(|accept| accept.to_str().ok());
        accept::form(accept.unwrap_or_default())
    }

    /// The page the browser is on, as far as it may be returned to.
    pub(crate) fn page(&self, form: AnswerForm) -> Option<LocalPath> {
        match (form, &self.current_page) {
            (AnswerForm::Htmx, page) => path_of(&page.as_ref()?.to_str().ok()?.parse().ok()?),
            _ if self.only_reads => path_of(&self.uri),
            _ => None,
        }
    }

    /// The `next` in the query, if it is one that may be gone to.
    pub(crate) fn next(&self) -> Option<LocalPath> {
        next_in(self.uri.query()?)
    }
}

/// What the client accepts: several lines are one list (RFC 9110, 5.3).
fn accepted(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut lines = headers.get_all(header::ACCEPT).iter();
    let first = lines.next()?;
    if lines.next().is_none() {
        return Some(first.clone());
    }
    let lines: Vec<_> = headers.get_all(header::ACCEPT).iter().collect();
    let lines: Vec<_> = lines.iter().map(|line| line.as_bytes()).collect();
    HeaderValue::from_bytes(&lines.join(&b',')).ok()
}

fn path_of(uri: &Uri) -> Option<LocalPath> {
    LocalPath::parse(uri.path_and_query()?.as_str())
}

/// The one `next` of a query; two are none.
fn next_in(query: &str) -> Option<LocalPath> {
    let mut values = query
        .split('&')
        .filter_map(|pair| pair.strip_prefix("next="));
    let value = values.next().filter(|_| values.next().is_none())?;
    let value = value.replace('+', " ");
    let decoded = percent_encoding::percent_decode_str(&value)
        .decode_utf8()
        .ok()?;
    LocalPath::parse(decoded)
}

static HX_REQUEST: HeaderName = HeaderName::from_static("hx-request");
static HX_CURRENT_URL: HeaderName = HeaderName::from_static("hx-current-url");

#[cfg(test)]
mod tests {
    use super::*;

    fn asker(method: Method, uri: &str, headers: &[(&'static str, &str)]) -> Asker {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        Asker::new(&method, &uri.parse().unwrap(), &map, false)
    }

    #[test]
    fn a_page_is_returned_to_only_if_reading_it_is_safe() {
        let page = |method, uri| asker(method, uri, &[]).page(AnswerForm::Page);
        assert_eq!(
            page(Method::GET, "/orders?page=2"),
            LocalPath::parse("/orders?page=2")
        );
        assert_eq!(page(Method::POST, "/orders?page=2"), None);
        assert_eq!(
            page(Method::GET, "http://evil.example/a"),
            LocalPath::parse("/a")
        );
        assert_eq!(page(Method::GET, "//evil.example/a"), None);
    }

    #[test]
    fn htmx_returns_to_the_page_around_the_fragment() {
        let page = |url: Option<&str>| {
            let url = url.map(|url| ("hx-current-url", url));
            let headers: Vec<_> = [("hx-request", "true")].into_iter().chain(url).collect();
            asker(Method::POST, "/fragment", &headers).page(AnswerForm::Htmx)
        };
        assert_eq!(
            page(Some("https://app.example/list?page=2")),
            LocalPath::parse("/list?page=2")
        );
        assert_eq!(page(Some("https://app.example//evil.example")), None);
        assert_eq!(page(None), None);
    }

    #[test]
    fn several_lines_of_accept_are_one_list() {
        let form = |lines: &[&str]| {
            let headers: Vec<_> = lines.iter().map(|line| ("accept", *line)).collect();
            asker(Method::GET, "/", &headers).form()
        };
        assert_eq!(form(&["image/png", "text/html"]), AnswerForm::Page);
        assert_eq!(form(&["text/html;q=0", "text/plain"]), AnswerForm::Plain);
        assert_eq!(form(&[]), AnswerForm::Api);
    }

    #[test]
    fn next_is_one_local_path() {
        let next = |query: &str| asker(Method::POST, &format!("/login?{query}"), &[]).next();
        assert_eq!(
            next("a=b&next=%2Forders%3Fpage%3D2"),
            LocalPath::parse("/orders?page=2")
        );
        for query in [
            "",
            "next=",
            "next=/a&next=/a",
            "next=//evil.example",
            "next=%2F%2Fevil.example",
            "next=%ff",
            "xnext=/a",
        ] {
            assert_eq!(next(query), None, "{query}");
        }
    }
}
