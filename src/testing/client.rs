//! A browser for tests, without a socket.

use std::{
    collections::BTreeMap,
    future::{Future, IntoFuture, poll_fn},
    pin::Pin,
    sync::Arc,
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    http::{
        Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header,
    },
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Serialize, de::DeserializeOwned};
use tower_service::Service;

use crate::{
    session::login_as::LoginAs,
    user::AuthUser,
    web::{Flash, flash::carried_by},
};

/// A browser that sends requests to an app without a socket, and keeps its cookies.
///
/// It asks for pages, as a browser does (`Accept: text/html`); for an API say
/// [`accept`](TestRequest::accept). Its `User-Agent` is always the same, so
/// session protection may be on.
///
/// # Example
///
/// ```
/// # use std::convert::Infallible;
/// use portcullis::testing::TestClient;
/// # use portcullis::{AuthHash, AuthUser, Authenticated, LoginManager, OneFactor, Routes, SecretKey};
/// # #[derive(Clone)] struct Account { name: &'static str }
/// # impl AuthUser for Account {
/// #     type Id = String;
/// #     type Factors = OneFactor;
/// #     fn id(&self) -> String { self.name.to_owned() }
/// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
/// # }
/// # fn app() -> axum::Router {
/// #     LoginManager::builder()
/// #         .user_loader(async |_: String| Ok::<_, Infallible>(Some(Account { name: "leafstorm" })))
/// #         .secret_key(SecretKey::generate().unwrap())
/// #         .login_path("/login")
/// #         .build().unwrap()
/// #         .into_router(|login| Routes::new().get("/me", async |account: Authenticated<Account>| account.name).with_state(login))
/// # }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let mut nobody = TestClient::new(app());
/// assert_eq!(nobody.get("/me").await.location(), Some("/login?next=%2Fme"));
///
/// let mut client = TestClient::new(app()).login_as(Account { name: "leafstorm" });
/// assert_eq!(client.get("/me").await.text(), "leafstorm");
/// # });
/// ```
pub struct TestClient {
    app: Router,
    cookies: BTreeMap<String, Cookie>,
    login: Option<Wanted>,
}

struct Cookie {
    value: String,
    /// Does it outlive the window?
    is_kept: bool,
}

/// A login that no request has used yet.
struct Wanted {
    insert: Arc<dyn Fn(&mut Extensions) + Send + Sync>,
    is_used: Box<dyn Fn() -> bool + Send + Sync>,
}

impl TestClient {
    /// A browser without cookies.
    pub fn new(app: Router) -> Self {
        Self {
            app: app.with_state(()),
            cookies: BTreeMap::new(),
            login: None,
        }
    }

    /// Logs a user in, fresh, with the next request that asks who is there: a
    /// session like any, without the login form. For another kind of login see
    /// [`login_with`](Self::login_with).
    pub fn login_as<U: AuthUser>(self, user: U) -> Self {
        self.login_with(LoginAs::new(user))
    }

    /// As [`login_as`](Self::login_as), with the options of
    /// [`login_as`](crate::testing::login_as): `.stale()`, `.remembered()`.
    pub fn login_with<U: AuthUser>(mut self, login: LoginAs<U>) -> Self {
        let of_request = login.clone();
        self.login = Some(Wanted {
            insert: Arc::new(move |extensions| drop(extensions.insert(of_request.clone()))),
            is_used: Box::new(move || login.is_used()),
        });
        self
    }

    /// A GET request, sent when it is awaited.
    pub fn get(&mut self, path: &str) -> TestRequest<'_> {
        self.request(Method::GET, path)
    }

    /// A POST request, sent when it is awaited.
    pub fn post(&mut self, path: &str) -> TestRequest<'_> {
        self.request(Method::POST, path)
    }

    /// A request with this method, sent when it is awaited.
    pub fn request(&mut self, method: Method, path: &str) -> TestRequest<'_> {
        let mut headers = HeaderMap::new();
        let accept = HeaderValue::from_static("text/html,application/xhtml+xml,*/*;q=0.8");
        headers.insert(header::ACCEPT, accept);
        headers.insert(
            header::USER_AGENT,
            HeaderValue::from_static("portcullis-test"),
        );
        TestRequest {
            client: self,
            method,
            path: path.to_owned(),
            headers,
            body: Vec::new(),
            follows: false,
        }
    }

    /// Closes the window: cookies without a lifetime are gone, and what
    /// remembers the browser stays.
    pub fn close_window(&mut self) {
        self.cookies.retain(|_, cookie| cookie.is_kept);
    }

    /// The names of the cookies that the browser holds.
    pub fn cookie_names(&self) -> impl Iterator<Item = &str> {
        self.cookies.keys().map(String::as_str)
    }

    /// The messages that the browser carries and no page has shown yet, such as
    /// "Please log in to access this page."
    pub fn flashes(&self) -> Vec<Flash> {
        let carried = self
            .cookies
            .iter()
            .filter(|(name, _)| name.ends_with("-flash"));
        let read = carried.filter_map(|(_, cookie)| carried_by(&cookie.value));
        read.flatten().collect()
    }

    async fn send(&mut self, mut request: Request<Body>) -> TestResponse {
        let pairs: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, cookie)| format!("{name}={}", cookie.value))
            .collect();
        if let Ok(cookies) = HeaderValue::try_from(pairs.join("; "))
            && !pairs.is_empty()
        {
            request.headers_mut().insert(header::COOKIE, cookies);
        }
        if let Some(login) = &self.login {
            (login.insert)(request.extensions_mut());
        }
        let Ok(()) =
            poll_fn(|context| Service::<Request<Body>>::poll_ready(&mut self.app, context)).await;
        let Ok(response) = self.app.call(request).await;
        if self.login.as_ref().is_some_and(|login| (login.is_used)()) {
            self.login = None;
        }
        let (parts, body) = response.into_parts();
        let body = match to_bytes(body, usize::MAX).await {
            Ok(body) => body,
            Err(error) => panic!("the body of the answer broke off: {error}"),
        };
        self.keep(&parts.headers);
        TestResponse {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    fn keep(&mut self, headers: &HeaderMap) {
        for line in headers.get_all(header::SET_COOKIE) {
            let line = String::from_utf8_lossy(line.as_bytes());
            let (pair, attributes) = line.split_once(';').unwrap_or((&line, ""));
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            let mut attributes = attributes.split(';').map(str::trim);
            let max_age = attributes.find_map(|one| one.strip_prefix("Max-Age="));
            if max_age == Some("0") {
                self.cookies.remove(name);
                continue;
            }
            let cookie = Cookie {
                value: value.to_owned(),
                is_kept: max_age.is_some(),
            };
            self.cookies.insert(name.to_owned(), cookie);
        }
    }
}

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

impl TestRequest<'_> {
    /// Sends a form with these fields.
    pub fn form<'f>(mut self, fields: impl IntoIterator<Item = (&'f str, &'f str)>) -> Self {
        let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let pairs = fields.into_iter();
        let pairs: Vec<_> = pairs
            .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
            .collect();
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

impl std::fmt::Debug for TestClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestClient")
            .field("cookies", &self.cookies.keys())
            .finish_non_exhaustive()
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
