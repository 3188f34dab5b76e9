//! Who asks: what an answer of the library depends on besides the login.

use http::{HeaderValue, Method, Uri};

use crate::local_path::LocalPath;

/// The little that is kept of a request until its answer is known: nothing
/// that is not needed for most answers is worked out before.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    pub(crate) form: AnswerForm,
    only_reads: bool,
    uri: Uri,
    /// The address that htmx tells of the page around a fragment.
    current_page: Option<HeaderValue>,
}

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerForm {
    /// A browser that shows what it gets.
    Page,
    /// A program, or a script in a page.
    Api,
    /// htmx, which puts what it gets into a page.
    Htmx,
}

impl Asker {
    pub(crate) fn new(
        form: AnswerForm,
        method: &Method,
        uri: &Uri,
        current_page: Option<&HeaderValue>,
    ) -> Self {
        let only_reads = matches!(*method, Method::GET | Method::HEAD);
        Self {
            form,
            only_reads,
            uri: uri.clone(),
            current_page: current_page.cloned(),
        }
    }

    /// The page the browser is on, as far as it may be returned to.
    pub(crate) fn page(&self) -> Option<LocalPath> {
        match (self.form, &self.current_page) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn asker(form: AnswerForm, method: Method, uri: &str, current: Option<&str>) -> Asker {
        let current = current.map(|url| HeaderValue::from_str(url).unwrap());
        Asker::new(form, &method, &uri.parse().unwrap(), current.as_ref())
    }

    #[test]
    fn a_page_is_returned_to_only_if_reading_it_is_safe() {
        let page = |method| asker(AnswerForm::Page, method, "/orders?page=2", None).page();
        assert_eq!(page(Method::GET), LocalPath::parse("/orders?page=2"));
        assert_eq!(page(Method::POST), None);
        assert_eq!(
            asker(AnswerForm::Page, Method::GET, "http://evil.example/a", None).page(),
            LocalPath::parse("/a")
        );
        assert_eq!(
            asker(AnswerForm::Page, Method::GET, "//evil.example/a", None).page(),
            None
        );
    }

    #[test]
    fn htmx_returns_to_the_page_around_the_fragment() {
        let page = |url| asker(AnswerForm::Htmx, Method::POST, "/fragment", url).page();
        assert_eq!(
            page(Some("https://app.example/list?page=2")),
            LocalPath::parse("/list?page=2")
        );
        assert_eq!(page(Some("https://app.example//evil.example")), None);
        assert_eq!(page(None), None);
    }

    #[test]
    fn next_is_one_local_path() {
        let next = |query: &str| {
            asker(
                AnswerForm::Page,
                Method::POST,
                &format!("/login?{query}"),
                None,
            )
            .next()
        };
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
