//! Logging in with an account of another site (OAuth 2.0 with PKCE, RFC 6749 and
//! RFC 7636), and linking a second one.
//!
//! ```sh
//! export CLIENT_ID=… CLIENT_SECRET=… AUTH_URL=… TOKEN_URL=… PROFILE_URL=…
//! cargo run -p portcullis-example-oauth
//! ```
//!
//! The way to the provider begins with a POST and keeps what it must know again
//! in the session. The way back is a GET from another site, and its route says so.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    extract::{FromRef, Query, State},
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
};
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, TokenResponse, TokenUrl, basic::BasicClient,
    reqwest,
};
use portcullis::{
    AnySession, AuthHash, AuthUser, Authenticated, BoxError, CurrentUser, Data, Fresh, Login,
    LoginError, LoginManager, OneFactor, Routes, SecretKey, Session, SessionData,
};
use serde::{Deserialize, Serialize};

/// An account of ours. It has no password.
#[derive(Clone, Debug)]
pub struct Account {
    id: u64,
    name: String,
}

impl AuthUser for Account {
    type Id = u64;
    type Factors = OneFactor;

    fn id(&self) -> u64 {
        self.id
    }

    /// There is no credential here that could change.
    fn session_auth_hash(&self) -> AuthHash {
        AuthHash::none()
    }
}

/// Our database: accounts, and whose each account of the provider is.
#[derive(Clone, Default)]
struct Database(Arc<Mutex<Tables>>);

#[derive(Default)]
struct Tables {
    accounts: HashMap<u64, Account>,
    /// By the provider's subject, which never changes: not by an e-mail
    /// address, which may be another's tomorrow, or was never checked.
    links: HashMap<String, u64>,
}

impl Database {
    fn with<R>(&self, run: impl FnOnce(&mut Tables) -> R) -> R {
        run(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn find(&self, id: u64) -> Option<Account> {
        self.with(|tables| tables.accounts.get(&id).cloned())
    }

    /// The account of this subject, made now if there is none: signing up is
    /// logging in for the first time.
    fn of(&self, profile: &Profile) -> Option<Account> {
        self.with(|tables| {
            let new = tables.accounts.len() as u64 + 1;
            let id = *tables.links.entry(profile.sub.clone()).or_insert(new);
            let name = profile.name.clone();
            let account = tables.accounts.entry(id).or_insert(Account { id, name });
            Some(account.clone())
        })
    }

    /// Links another subject to an account, unless it is somebody's already.
    fn link(&self, by: &Fresh<Account>, profile: &Profile) -> bool {
        self.with(|tables| *tables.links.entry(profile.sub.clone()).or_insert(by.id) == by.id)
    }
}

/// Where the provider is, and who we are there.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Where the browser is sent.
    pub auth_url: String,
    /// Where a code becomes a token.
    pub token_url: String,
    /// What the token opens: who it is.
    pub profile_url: String,
    /// Our name there.
    pub client_id: String,
    /// Our secret there.
    pub client_secret: String,
    /// Our own callback, as the provider knows it.
    pub redirect_url: String,
}

type Client = BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

#[derive(Clone, FromRef)]
struct App {
    login: Login<Account>,
    database: Database,
    client: Client,
    http: reqwest::Client,
    provider: Provider,
}

/// What has to be known again on the way back. It stays on the server.
#[derive(Default, Serialize, Deserialize)]
struct Flow {
    state: String,
    verifier: String,
}

impl SessionData for Flow {
    type User = Account;
    const NAME: &'static str = "oauth";
}

/// Off to the provider: to log in, or to link an account of there.
async fn begin(
    _: CurrentUser<Account>,
    State(app): State<App>,
    mut flow: Data<Flow>,
) -> Result<Redirect, LoginError> {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let to_provider = app.client.authorize_url(CsrfToken::new_random);
    let (url, state) = to_provider.set_pkce_challenge(challenge).url();
    flow.update(|flow| {
        flow.state = state.secret().clone();
        flow.verifier = verifier.secret().clone();
    })
    .await?;
    Ok(Redirect::to(url.as_str()))
}

#[derive(Deserialize)]
struct Back {
    code: String,
    state: String,
}

/// Who it is at the provider.
#[derive(Deserialize)]
struct Profile {
    sub: String,
    name: String,
}

/// And back. Of two requests with the same answer one gets the `flow`, and who
/// began none gets nowhere: another's answer can't be pushed on a visitor.
async fn callback(
    session: AnySession<Account>,
    login: Login<Account>,
    State(app): State<App>,
    mut flow: Data<Flow>,
    Query(back): Query<Back>,
) -> Result<Redirect, AppError> {
    let flow = flow.take().await?.filter(|flow| flow.state == back.state);
    let flow = flow.ok_or_else(LoginError::refused)?;
    let profile = app.profile(back.code, flow.verifier).await?;
    match session {
        AnySession::Anonymous(session) => {
            let account = app.database.of(&profile).ok_or_else(LoginError::refused)?;
            let session = session.login_user(login.vouch_for(account)).await?;
            Ok(session.next_or("/"))
        }
        AnySession::Fresh(session) => match app.database.link(&session, &profile) {
            true => Ok(Redirect::to("/")),
            false => Err(AppError::Taken),
        },
        // Whoever has only an old login proves with the provider that it is the same user.
        AnySession::Authenticated(session) => confirm(session, &app, &profile).await,
    }
}

async fn confirm(
    session: Session<Authenticated<Account>>,
    app: &App,
    profile: &Profile,
) -> Result<Redirect, AppError> {
    let id = app
        .database
        .with(|tables| tables.links.get(&profile.sub).copied());
    let account = id.and_then(|id| app.database.find(id));
    let account = account.ok_or_else(LoginError::refused)?;
    let session = session.confirm_login(app.login.vouch_for(account)).await?;
    Ok(session.next_or("/"))
}

impl App {
    /// A code becomes a token, and that the profile. None of it is kept.
    async fn profile(&self, code: String, verifier: String) -> Result<Profile, AppError> {
        let exchange = self
            .client
            .exchange_code(AuthorizationCode::new(code))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier));
        let token = exchange.request_async(&self.http).await;
        let token = token.map_err(|_| AppError::Provider)?;
        let answer = self
            .http
            .get(&self.provider.profile_url)
            .bearer_auth(token.access_token().secret())
            .send()
            .await
            .and_then(reqwest::Response::error_for_status);
        let answer = answer.map_err(|_| AppError::Provider)?;
        let profile = answer.bytes().await.map_err(|_| AppError::Provider)?;
        serde_json::from_slice(&profile).map_err(|_| AppError::Provider)
    }
}

async fn home(who: CurrentUser<Account>) -> Html<String> {
    let begin = |what: &str| {
        format!(r#"<form method="post" action="/oauth"><button>{what}</button></form>"#)
    };
    Html(match who.user() {
        None => begin("Log in with the provider"),
        Some(account) => {
            let name = account.name.replace('&', "&amp;").replace('<', "&lt;");
            format!("<p>Hello, {name}.</p>{}", begin("Link another account"))
        }
    })
}

async fn log_out(session: Session<Authenticated<Account>>) -> Result<Redirect, LoginError> {
    session.logout_user().await?;
    Ok(Redirect::to("/"))
}

/// What goes wrong in a handler. The answer of a [`LoginError`] stays its own.
#[derive(Debug, thiserror::Error)]
enum AppError {
    #[error(transparent)]
    Login(#[from] LoginError),
    #[error("the provider did not answer as it should")]
    Provider,
    #[error("that account is linked to somebody else")]
    Taken,
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Login(error) => return error.into_response(),
            Self::Provider => StatusCode::BAD_GATEWAY,
            Self::Taken => StatusCode::CONFLICT,
        };
        (status, self.to_string()).into_response()
    }
}

/// The app, for `main` and for tests, which bring a provider of their own.
///
/// # Errors
///
/// When an address of the provider is none.
pub fn app(provider: Provider) -> Result<axum::Router, BoxError> {
    let client = BasicClient::new(ClientId::new(provider.client_id.clone()))
        .set_client_secret(ClientSecret::new(provider.client_secret.clone()))
        .set_auth_uri(AuthUrl::new(provider.auth_url.clone())?)
        .set_token_uri(TokenUrl::new(provider.token_url.clone())?)
        .set_redirect_uri(RedirectUrl::new(provider.redirect_url.clone())?);
    // A redirect would carry the secret to wherever it leads.
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let database = Database::default();
    let loader = {
        let database = database.clone();
        move |id: u64| {
            let found = database.find(id);
            async move { Ok::<_, Infallible>(found) }
        }
    };
    let manager = LoginManager::builder()
        .user_loader(loader)
        .secret_key(SecretKey::generate()?)
        .login_path("/")
        .build()?;
    Ok(manager.into_router(|login| {
        Routes::new()
            .get("/", home)
            .post("/oauth", begin)
            .get_callback("/oauth/callback", callback)
            .post("/logout", log_out)
            .with_state(App {
                login,
                database,
                client,
                http,
                provider,
            })
    }))
}
