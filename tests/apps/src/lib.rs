//! The apps are in `tests/`, one file each. Here is the browser that visits them.

use std::collections::BTreeMap;

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header, request::Builder},
};
use tower::ServiceExt;

/// A browser: it keeps the cookies that it is given, and shows the cookies it has.
pub struct Browser {
    app: Router,
    cookies: BTreeMap<String, String>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Browser {
    /// A browser without cookies, on an app that others may visit as well.
    pub fn on(app: &Router) -> Self {
        Self {
            app: app.clone(),
            cookies: BTreeMap::new(),
        }
    }

    /// Opens a page, as a link does.
    pub async fn get(&mut self, path: &str) -> Answer {
        let request = page(Method::GET, path).body(Body::empty());
        self.send(request.expect("a request")).await
    }

    /// Posts a form, as `<form method="post">` on a page of the app does.
    pub async fn post(&mut self, path: &str, form: &str) -> Answer {
        let request = page(Method::POST, path)
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned()));
        self.send(request.expect("a request")).await
    }

    /// Sends any request, with the cookies.
    pub async fn send(&mut self, mut request: Request<Body>) -> Answer {
        if !self.cookies.is_empty() {
            let cookies: Vec<_> = self
                .cookies
                .iter()
                .map(|(n, v)| format!("{n}={v}"))
                .collect();
            let line = cookies.join("; ").parse().expect("a Cookie line");
            request.headers_mut().insert(header::COOKIE, line);
        }
        let answer = send(&self.app, request).await;
        for line in answer.headers.get_all(header::SET_COOKIE) {
            self.keep(line.to_str().expect("a Set-Cookie line"));
        }
        answer
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// Puts a cookie into the browser.
    pub fn set_cookie(&mut self, name: &str, value: impl Into<String>) {
        self.cookies.insert(name.to_owned(), value.into());
    }

    fn keep(&mut self, line: &str) {
        let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
        let (name, value) = pair.split_once('=').expect("a name and a value");
        let has = |wanted: &str| {
            let mut all = attributes.split(';').map(str::trim);
            all.any(|attribute| attribute.eq_ignore_ascii_case(wanted))
        };
        if name.starts_with("__Host-") {
            assert!(has("Secure") && has("Path=/"), "browsers refuse {line}");
        }
        if has("Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.set_cookie(name, value);
        }
    }
}

/// Sends one request, without any cookies but its own.
pub async fn send(app: &Router, request: Request<Body>) -> Answer {
    let Ok(response) = app.clone().oneshot(request).await;
    let (head, body) = response.into_parts();
    Answer {
        status: head.status,
        headers: head.headers,
        body: to_bytes(body, usize::MAX).await.expect("a body"),
    }
}

/// A request for a page of `https://app.example`, as a browser sends it.
fn page(method: Method, path: &str) -> Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "app.example")
        .header(header::ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8")
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    /// A header that is there at most once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.get_all(name).iter();
        let first = all.next()?;
        assert!(all.next().is_none(), "{name} is there twice");
        Some(first.to_str().expect("a header of text"))
    }

    /// Where the answer sends the browser. Panics if it does not.
    #[track_caller]
    pub fn location(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.text());
        self.header("location").expect("a Location")
    }

    /// The text of a page that was shown. Panics if it was not.
    #[track_caller]
    pub fn page(&self) -> &str {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        self.text()
    }
}
