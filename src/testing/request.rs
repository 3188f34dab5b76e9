//! What a [`TestClient`] sends, and what it gets.

use std::{
    future::{Future, IntoFuture},
    pin::Pin,
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Serialize, de::DeserializeOwned};

use crate::testing::TestClient;

/// A request about to be sent: from [`TestClient::get`] and its siblings.
#[must_use = "a request is sent when it is awaited"]
pub struct TestRequest<'a> {
    client: &'a mut TestClient,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Vec<u8>,
    follows: bool,
}

impl<'a> TestRequest<'a> {
    pub(super) fn new(client: &'a mut TestClient, method: Method, path: &str) -> Self {
        let mut headers = HeaderMap::new();
        let accept = HeaderValue::from_static("text/html,application/xhtml+xml,*/*;q=0.8");
        headers.insert(header::ACCEPT, accept);
        headers.insert(
            header::USER_AGENT,
            HeaderValue::from_static("portcullis-test"),
        );
        Self {
            client,
            method,
            path: path.to_owned(),
            headers,
            body: Vec::new(),
            follows: false,
        }
    }

    /// Sends a form with these fields.
    pub fn form<N: AsRef<str>, V: AsRef<str>>(
        mut self,
        fields: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let pair = |(name, value): (N, V)| {
            format!("{}={}", encoded(name.as_ref()), encoded(value.as_ref()))
        };
        let pairs: Vec<_> = fields.into_iter().map(pair).collect();
        self.body = pairs.join("&").into_bytes();
        self.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
    }

    /// Sends a value as JSON.
    ///
    /// # Panics
    ///
    /// When it can't be written as JSON.
    pub fn json(mut self, value: &impl Serialize) -> Self {
        self.body = match serde_json::to_vec(value) {
            Ok(body) => body,
            Err(error) => panic!("this is no JSON: {error}"),
        };
        self.header(header::CONTENT_TYPE, "application/json")
    }

    /// Asks for an answer of this type, such as `application/json`, in the
    /// place of a page.
    pub fn accept(self, media_type: &str) -> Self {
        self.header(header::ACCEPT, media_type)
    }

    /// Sends this header, in the place of another of the name.
    ///
    /// # Panics
    ///
    /// When the value can't stand in a header.
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        match HeaderValue::from_str(value) {
            Ok(value) => self.headers.insert(name, value),
            Err(error) => panic!("`{value}` is no value of a header: {error}"),
        };
        self
    }

    /// Follows redirects, up to ten of them, as a browser does.
    pub fn follow_redirects(mut self) -> Self {
        self.follows = true;
        self
    }

    async fn run(self) -> TestResponse {
        let Self {
            client,
            method,
            path,
            headers,
            body,
            follows,
        } = self;
        let mut request = built(method, &path, headers.clone(), body.into());
        let mut at = path;
        for _ in 0..MAX_REDIRECTS {
            let response = client.send(request).await;
            let Some(next) = response.location().filter(|_| follows) else {
                return response;
            };
            at = target(&at, next);
            let mut headers = headers.clone();
            headers.remove(header::CONTENT_TYPE);
            request = built(Method::GET, &at, headers, Body::empty());
        }
        panic!("more than {MAX_REDIRECTS} redirects, the last to `{at}`")
    }
}

impl<'a> IntoFuture for TestRequest<'a> {
    type Output = TestResponse;
    type IntoFuture = Pin<Box<dyn Future<Output = TestResponse> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// An answer: from awaiting a [`TestRequest`].
pub struct TestResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl TestResponse {
    pub(super) fn new(status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        Self {
            status,
            headers,
            body,
        }
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Where a redirect leads.
    pub fn location(&self) -> Option<&str> {
        let location = self.headers.get(header::LOCATION)?;
        location
            .to_str()
            .ok()
            .filter(|_| self.status.is_redirection())
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body, read as JSON.
    ///
    /// # Panics
    ///
    /// When it is not.
    pub fn json<T: DeserializeOwned>(&self) -> T {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("the body is not that JSON: {error}: {}", self.text()),
        }
    }
}

fn built(method: Method, path: &str, headers: HeaderMap, body: Body) -> Request<Body> {
    let uri: Uri = match path.parse() {
        Ok(uri) => uri,
        Err(error) => panic!("`{path}` is no path: {error}"),
    };
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    request
}

/// Where a `Location` leads from a path; another site is not followed.
fn target(from: &str, location: &str) -> String {
    if location.starts_with("//") || location.contains("://") {
        panic!("`{location}` leads to another site");
    }
    match location.strip_prefix('/') {
        Some(_) => location.to_owned(),
        None => {
            let path = from.split('?').next().unwrap_or_default();
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            format!("{folder}/{location}")
        }
    }
}

impl std::fmt::Debug for TestRequest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TestRequest({} {})", self.method, self.path)
    }
}

impl std::fmt::Debug for TestResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestResponse")
            .field("status", &self.status)
            .field("body", &self.text())
            .finish_non_exhaustive()
    }
}

const MAX_REDIRECTS: usize = 10;
