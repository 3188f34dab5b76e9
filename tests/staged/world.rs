//! An app whose users have a password, and some of them an authenticator app.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Form, Router,
    extract::{FromRef, Query, State},
    response::Redirect,
};
use portcullis::{
    Anonymous, AnySession, AuthHash, AuthUser, Authenticated, BoxError, Builder, CurrentUser, Data,
    FirstFactor, Fresh, HasKey, HasLoader, HasPassword, HasTotp, Login, LoginError, LoginManager,
    OneTimeToken, Password, PasswordCost, Pending, Purpose, RecoveryCode, Routes, SecretKey,
    Session, SessionData, Throttle, Timestamp, TotpCode, TotpSecret, TwoFactors, public,
    testing::{TestClient, TestClock, TestResponse},
};
use serde::{Deserialize, Serialize};

use crate::support::Spy;

#[derive(Clone, Debug)]
pub struct Account {
    pub id: u64,
    pub name: String,
    pub hash: Option<String>,
    pub totp: Option<String>,
    pub active: bool,
}

impl AuthUser for Account {
    type Id = u64;
    type Factors = TwoFactors;

    fn id(&self) -> u64 {
        self.id
    }

    fn is_active(&self) -> bool {
        self.active
    }

    fn has_second_factor(&self) -> bool {
        self.totp.is_some()
    }

    fn session_auth_hash(&self) -> AuthHash {
        AuthHash::of(format!("{:?} {:?}", self.hash, self.totp))
    }
}

impl HasPassword for Account {
    fn password_hash(&self) -> Option<&str> {
        self.hash.as_deref()
    }
}

impl HasTotp for Account {
    fn totp_secret(&self) -> Option<TotpSecret> {
        TotpSecret::from_base32(self.totp.as_deref()?).ok()
    }
}

/// What happens to an account behind the app's back.
pub type Change = (u64, fn(&mut Account));

/// The database.
#[derive(Default)]
pub struct Accounts {
    all: Mutex<HashMap<u64, Account>>,
    pub recovery: Mutex<HashSet<String>>,
    pub upgraded: Mutex<Vec<String>>,
    pub broken: AtomicBool,
    /// Users can't be loaded.
    pub away: AtomicBool,
    /// What happens between a guard or a look and the check.
    pub meanwhile: Mutex<Option<Change>>,
    /// What happens before a better hash is saved.
    pub before_save: Mutex<Option<Change>>,
}

impl Accounts {
    pub fn change(&self, id: u64, change: impl FnOnce(&mut Account)) {
        change(self.all.lock().unwrap().get_mut(&id).unwrap());
    }

    fn change_meanwhile(&self) {
        if let Some((id, change)) = self.meanwhile.lock().unwrap().take() {
            self.change(id, change);
        }
    }

    /// `UPDATE … SET hash = $1 WHERE id = $2 AND hash = $3`
    fn save_hash(&self, account: Account, hash: String) -> Option<Account> {
        if let Some((id, change)) = self.before_save.lock().unwrap().take() {
            self.change(id, change);
        }
        if self.get(account.id)?.hash != account.hash {
            return None;
        }
        self.upgraded.lock().unwrap().push(hash.clone());
        self.change(account.id, |account| account.hash = Some(hash));
        self.get(account.id)
    }

    pub fn get(&self, id: u64) -> Option<Account> {
        self.all.lock().unwrap().get(&id).cloned()
    }

    fn find(&self, name: &str) -> Option<Account> {
        let all = self.all.lock().unwrap();
        all.values().find(|account| account.name == name).cloned()
    }
}

/// What the app keeps for a stranger: one piece survives a login.
#[derive(Default, Serialize, Deserialize)]
pub struct Cart(pub Vec<u32>);

impl SessionData for Cart {
    type User = Account;
    const NAME: &'static str = "cart";
    const KEEP_AT_LOGIN: bool = true;
}

pub enum LoginLink {}

impl Purpose for LoginLink {
    const NAME: &'static str = "login-link";
}

pub enum Reset {}

impl Purpose for Reset {
    const NAME: &'static str = "reset";
}

#[derive(Clone, FromRef)]
pub struct App {
    pub login: Login<Account>,
    pub accounts: Arc<Accounts>,
    pub clock: TestClock,
}

#[derive(Deserialize)]
struct LoginForm {
    name: String,
    password: Password,
    #[serde(default)]
    remember: bool,
}

async fn log_in(
    session: Session<Anonymous>,
    State(app): State<App>,
    Form(form): Form<LoginForm>,
) -> Result<Redirect, LoginError> {
    let found = app.accounts.find(&form.name);
    app.accounts.change_meanwhile();
    match app
        .login
        .check_password(&form.name, found, &form.password)
        .await?
    {
        FirstFactor::IsEnough(verified) => {
            let session = session.login_user(verified).remember(form.remember).await?;
            Ok(session.next_or("/in"))
        }
        FirstFactor::AsksForSecond(half) => {
            let session = session.begin_login(half).remember(form.remember).await?;
            Ok(session.second_factor_page())
        }
    }
}

#[derive(Deserialize)]
struct CodeForm {
    code: TotpCode,
}

async fn code(
    session: Session<Pending<Account>>,
    State(app): State<App>,
    Form(form): Form<CodeForm>,
) -> Result<Redirect, LoginError> {
    app.accounts.change_meanwhile();
    Ok(session.finish_login(form.code).await?.next_or("/in"))
}

/// A check of the app's own: `two` is right.
async fn by_directory(
    session: Session<Anonymous>,
    State(app): State<App>,
) -> Result<Redirect, LoginError> {
    let account = app.accounts.get(2).unwrap();
    let attempt = app.login.attempt("two", Some(&account)).await?;
    attempt.succeeded().await?;
    let FirstFactor::AsksForSecond(half) = app.login.vouch_for(account) else {
        return Err(LoginError::refused());
    };
    Ok(session.begin_login(half).await?.second_factor_page())
}

/// The first factor was checked six minutes before the login begins.
async fn begin_late(
    session: Session<Anonymous>,
    State(app): State<App>,
) -> Result<&'static str, LoginError> {
    let account = app.accounts.get(2).unwrap();
    let FirstFactor::AsksForSecond(half) = app.login.vouch_for(account) else {
        return Ok("one is enough");
    };
    app.clock.advance(minutes(6));
    session.begin_login(half).await?;
    Ok("begun")
}

#[derive(Deserialize)]
struct RecoveryForm {
    code: RecoveryCode,
}

async fn recovery(
    session: Session<Pending<Account>>,
    State(app): State<App>,
    Form(form): Form<RecoveryForm>,
) -> Result<Redirect, LoginError> {
    let spend = async move |hash: String| {
        if app.accounts.broken.load(Ordering::Relaxed) {
            return Err("the database is away");
        }
        app.accounts.change_meanwhile();
        Ok(app.accounts.recovery.lock().unwrap().remove(&hash))
    };
    let session = session.finish_login(form.code.spent_by(spend)).await?;
    Ok(session.next_or("/in"))
}

#[derive(Deserialize)]
struct ConfirmForm {
    password: Password,
    code: Option<TotpCode>,
}

async fn confirm(
    session: Session<Authenticated<Account>>,
    login: Login<Account>,
    Form(form): Form<ConfirmForm>,
) -> Result<Redirect, LoginError> {
    let account = session.user().clone();
    let name = account.name.clone();
    let verified = match login
        .check_password(&name, Some(account), &form.password)
        .await?
    {
        FirstFactor::IsEnough(verified) => verified,
        FirstFactor::AsksForSecond(half) => {
            let code = form.code.ok_or_else(LoginError::refused)?;
            login.check_second_factor(half, code).await?
        }
    };
    Ok(session.confirm_login(verified).await?.next_or("/in"))
}

/// A look that is no first argument.
async fn look(who: CurrentUser<Account>) -> String {
    who.user()
        .map_or("nobody".to_owned(), |account| account.name.clone())
}

async fn log_out(session: AnySession<Account>) -> Result<&'static str, LoginError> {
    match session {
        AnySession::Anonymous(_) => return Ok("nobody"),
        AnySession::Pending(session) => drop(session.logout_user().await?),
        AnySession::Authenticated(session) => drop(session.logout_user().await?),
        AnySession::Fresh(session) => drop(session.logout_user().await?),
    }
    Ok("out")
}

#[derive(Deserialize)]
struct New {
    password: Password,
}

async fn change_password(
    session: Session<Fresh<Account>>,
    State(app): State<App>,
    Form(form): Form<New>,
) -> Result<&'static str, LoginError> {
    let hash = app.login.hash_password(&form.password).await?;
    let id = session.user().id;
    app.accounts.change(id, |account| account.hash = Some(hash));
    session
        .credentials_changed(app.accounts.get(id).unwrap())
        .await?;
    Ok("changed")
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

/// What the e-mail would say.
async fn mail_link(
    _: Anonymous,
    State(app): State<App>,
    Query(query): Query<Name>,
) -> Result<String, LoginError> {
    let Some(account) = app.accounts.find(&query.name) else {
        return Ok(String::new());
    };
    let token: OneTimeToken<LoginLink> = app.login.one_time_token(&account).await?;
    Ok(token.reveal().to_owned())
}

#[derive(Deserialize)]
#[serde(bound = "")]
struct Token<P> {
    token: OneTimeToken<P>,
}

async fn follow_link(
    session: Session<Anonymous>,
    State(app): State<App>,
    Form(form): Form<Token<LoginLink>>,
) -> Result<Redirect, LoginError> {
    let account = app.login.redeem(form.token).await?;
    match app.login.vouch_for(account) {
        FirstFactor::IsEnough(verified) => Ok(session.login_user(verified).await?.next_or("/in")),
        FirstFactor::AsksForSecond(half) => {
            Ok(session.begin_login(half).await?.second_factor_page())
        }
    }
}

async fn mail_reset(
    _: Anonymous,
    State(app): State<App>,
    Query(query): Query<Name>,
) -> Result<String, LoginError> {
    let account = app.accounts.find(&query.name).unwrap();
    let token: OneTimeToken<Reset> = app.login.one_time_token(&account).await?;
    Ok(token.reveal().to_owned())
}

async fn reset_with(
    _: Anonymous,
    State(app): State<App>,
    Form(form): Form<Token<Reset>>,
) -> Result<String, LoginError> {
    let account = app.login.redeem(form.token).await?;
    Ok(account.name)
}

async fn add_to_cart(
    _: Option<Authenticated<Account>>,
    mut cart: Data<Cart>,
) -> Result<String, LoginError> {
    cart.update(|cart| cart.0.push(7)).await?;
    Ok(format!("{:?}", cart.0))
}

async fn cart(_: Option<Authenticated<Account>>, cart: Data<Cart>) -> String {
    format!("{:?}", cart.0)
}

pub type Ready = Builder<HasLoader<Account>, HasKey>;

/// A server, and what it shares with others.
#[derive(Clone)]
pub struct World {
    pub app: Router,
    pub login: Login<Account>,
    pub accounts: Arc<Accounts>,
    pub store: Spy,
    pub clock: TestClock,
    /// Who may call what.
    pub table: String,
}

pub const PASSWORD: &str = "correct horse";
pub const START: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);
pub const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

impl World {
    pub fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub fn with(settings: impl FnOnce(Ready) -> Ready) -> Self {
        Self::with_routes(settings, |routes| routes)
    }

    /// Account 1, `one`, has a password; 2, `two`, an authenticator app as well;
    /// 3, `three`, no password; 4, `four`, is inactive.
    pub fn with_routes(
        settings: impl FnOnce(Ready) -> Ready,
        more: impl FnOnce(Routes<App>) -> Routes<App>,
    ) -> Self {
        let accounts = Accounts::default();
        let hash = Password::from(PASSWORD.to_owned())
            .hash(PasswordCost::new(8, 1))
            .unwrap();
        for (id, name) in [(1, "one"), (2, "two"), (3, "three"), (4, "four")] {
            let account = Account {
                id,
                name: name.to_owned(),
                hash: (id != 3).then(|| hash.clone()),
                totp: (id == 2).then(|| SECRET.to_owned()),
                active: id != 4,
            };
            accounts.all.lock().unwrap().insert(id, account);
        }
        Self::server(
            Arc::new(accounts),
            Spy::default(),
            TestClock::at(START),
            settings,
            more,
        )
    }

    /// Another server on the same database and store.
    pub fn beside(&self, settings: impl FnOnce(Ready) -> Ready) -> Self {
        Self::server(
            self.accounts.clone(),
            self.store.clone(),
            self.clock.clone(),
            settings,
            |routes| routes,
        )
    }

    fn server(
        accounts: Arc<Accounts>,
        store: Spy,
        clock: TestClock,
        settings: impl FnOnce(Ready) -> Ready,
        more: impl FnOnce(Routes<App>) -> Routes<App>,
    ) -> Self {
        let loader = {
            let accounts = accounts.clone();
            move |id: u64| {
                let is_away = accounts.away.load(Ordering::Relaxed);
                let found = accounts.get(id);
                async move {
                    match is_away {
                        true => Err(BoxError::from("the database is away")),
                        false => Ok(found),
                    }
                }
            }
        };
        let saver = {
            let accounts = accounts.clone();
            move |account: Account, hash: String| {
                let saved = accounts.save_hash(account, hash);
                async move { Ok::<_, BoxError>(saved) }
            }
        };
        let builder = LoginManager::builder()
            .user_loader(loader)
            .password_upgrade(saver)
            .secret_key(SecretKey::from([1; 32]))
            .store(store.clone())
            .clock(clock.clone())
            .login_path("/login")
            .second_factor_path("/login/code")
            .refresh_path("/confirm")
            .dangerous()
            .cheap_passwords();
        let (mut handle, mut table) = (None, String::new());
        let manager = settings(builder).build().unwrap();
        let app = manager.into_router(|login| {
            handle = Some(login.clone());
            let (accounts, clock) = (accounts.clone(), clock.clone());
            let routes = more(Routes::new())
                .get("/login", async |_: Anonymous| "login page")
                .post("/login", log_in)
                .get("/login/code", async |who: Pending<Account>| {
                    who.user().name.clone()
                })
                .post("/login/code", code)
                .post("/login/directory", by_directory)
                .post("/login/late", begin_late)
                .get("/look", public(look))
                .post("/login/recovery", recovery)
                .post("/confirm", confirm)
                .get("/in", async |who: Authenticated<Account>| who.name.clone())
                .get("/fresh", async |who: Fresh<Account>| who.name.clone())
                .get(
                    "/who",
                    async |who: Option<Authenticated<Account>>| match who {
                        Some(who) => who.name.clone(),
                        None => "nobody".to_owned(),
                    },
                )
                .get("/factors", async |who: Authenticated<Account>| {
                    who.info().by_second_factor().to_string()
                })
                .post("/password", change_password)
                .get("/link", mail_link)
                .post("/link", follow_link)
                .get("/reset", mail_reset)
                .post("/reset", reset_with)
                .get("/cart", cart)
                .post("/cart", add_to_cart)
                .post("/logout", log_out);
            table = routes.access_table().to_string();
            routes.with_state(App {
                login,
                accounts,
                clock,
            })
        });
        Self {
            app,
            login: handle.unwrap(),
            accounts,
            store,
            clock,
            table,
        }
    }

    pub fn browser(&self) -> TestClient {
        TestClient::new(self.app.clone())
    }

    pub fn hashes(&self) -> u64 {
        portcullis::testing::password_hashes(&self.login)
    }

    /// The code that `two` reads off its app, some steps from now.
    pub fn code(&self, steps: i64) -> String {
        use portcullis::Clock;
        let now = self.clock.now().unix_seconds() as i64 + 30 * steps;
        let secret = TotpSecret::from_base32(SECRET).unwrap();
        portcullis::testing::totp_code(&secret, Timestamp::from_unix_seconds(now as u64))
    }
}

pub async fn log_in_as(browser: &mut TestClient, name: &str, password: &str) -> TestResponse {
    browser
        .post("/login")
        .form([("name", name), ("password", password)])
        .await
}

pub async fn give(browser: &mut TestClient, code: &str) -> TestResponse {
    browser.post("/login/code").form([("code", code)]).await
}

pub fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

/// A limit that no test reaches by chance.
pub fn many() -> Throttle {
    Throttle::default()
        .per_account(100_000)
        .second_factor(100_000)
}
