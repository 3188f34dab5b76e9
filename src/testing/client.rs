//! A browser for tests, without a socket.

use std::{any::TypeId, collections::BTreeMap, future::poll_fn, sync::Arc};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Extensions, HeaderMap, HeaderValue, Method, Request, header},
};
use tower_service::Service;

use crate::{
    session::login_as::LoginAs,
    testing::{TestRequest, TestResponse},
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
///
/// Its clone is another window of the same browser, or a thief with its cookies.
#[derive(Clone)]
pub struct TestClient {
    app: Router,
    cookies: BTreeMap<String, Cookie>,
    logins: Vec<Wanted>,
}

#[derive(Clone)]
struct Cookie {
    value: String,
    /// Does it outlive the window?
    is_kept: bool,
}

/// A login that no request has used yet.
#[derive(Clone)]
struct Wanted {
    of: TypeId,
    insert: Arc<dyn Fn(&mut Extensions) + Send + Sync>,
    is_used: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl TestClient {
    /// A browser without cookies.
    pub fn new(app: Router) -> Self {
        Self {
            app: app.with_state(()),
            cookies: BTreeMap::new(),
            logins: Vec::new(),
        }
    }

    /// Logs a user in, fresh, with the next request that asks who is there: a
    /// session like any, without the login form. Said for users of two types, it
    /// logs in to both their realms; of one type the last one counts. For another kind of login see
    /// [`login_with`](Self::login_with).
    pub fn login_as<U: AuthUser>(self, user: U) -> Self {
        self.login_with(LoginAs::new(user))
    }

    /// As [`login_as`](Self::login_as), with the options of
    /// [`login_as`](crate::testing::login_as): `.stale()`, `.remembered()`.
    pub fn login_with<U: AuthUser>(mut self, login: LoginAs<U>) -> Self {
        let of_request = login.clone();
        let of = TypeId::of::<U>();
        self.logins.retain(|wanted| wanted.of != of);
        self.logins.push(Wanted {
            of,
            insert: Arc::new(move |extensions| drop(extensions.insert(of_request.clone()))),
            is_used: Arc::new(move || login.is_used()),
        });
        self
    }

    /// The same browser, with its cookies, at another server: one that shares
    /// the store, or the same one after a restart.
    pub fn on(self, app: Router) -> Self {
        Self {
            app: app.with_state(()),
            ..self
        }
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
        TestRequest::new(self, method, path)
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

    pub(super) async fn send(&mut self, mut request: Request<Body>) -> TestResponse {
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
        for login in &self.logins {
            (login.insert)(request.extensions_mut());
        }
        let Ok(()) =
            poll_fn(|context| Service::<Request<Body>>::poll_ready(&mut self.app, context)).await;
        let Ok(response) = self.app.call(request).await;
        self.logins.retain(|login| !(login.is_used)());
        let (parts, body) = response.into_parts();
        let body = match to_bytes(body, usize::MAX).await {
            Ok(body) => body,
            Err(error) => panic!("the body of the answer broke off: {error}"),
        };
        self.keep(&parts.headers);
        TestResponse::new(parts.status, parts.headers, body)
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

impl std::fmt::Debug for TestClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestClient")
            .field("cookies", &self.cookies.keys())
            .finish_non_exhaustive()
    }
}
