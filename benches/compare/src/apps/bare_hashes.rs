//! Plain axum that looks up the cookie's user and computes what portcullis does: the
//! same random bytes and digests, and nothing around them. Nobody can be faster who
//! keeps what these digests give: a store that is no key to the sessions in it, cookies
//! that nobody else can make, logins that end with the password or another browser.

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
};

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    routing::{get, post},
};
use data_encoding::BASE64URL_NOPAD;
use ring::{
    digest::{Digest, SHA256, digest},
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use tokio::runtime::Runtime;

use super::{App, User, Users};

/// An id and a secret.
type Token = [u8; 48];

struct Session {
    user: i64,
    secret: Digest,
    credentials: Digest,
    browser: Digest,
}

#[derive(Clone)]
struct Sessions {
    users: Users,
    all: Arc<RwLock<HashMap<[u8; 16], Session>>>,
    key: Arc<hmac::Key>,
}

fn same(one: Digest, other: Digest) -> Option<()> {
    (one.as_ref() == other.as_ref()).then_some(())
}

fn id_of(token: &Token) -> [u8; 16] {
    std::array::from_fn(|at| token[at])
}

fn browser(headers: &HeaderMap, index: &[u8]) -> Option<Digest> {
    let browser = headers.get(header::USER_AGENT)?;
    Some(digest(&SHA256, &[index, browser.as_bytes()].concat()))
}

/// The digest of the digest that the app gives of the user's password.
fn credentials(user: &User, index: &[u8]) -> Digest {
    let password = digest(&SHA256, user.0.password_hash.as_bytes());
    digest(&SHA256, &[index, password.as_ref()].concat())
}

impl Sessions {
    fn token(&self, headers: &HeaderMap) -> Option<Token> {
        let cookie = headers.get(header::COOKIE)?.as_bytes();
        let mut read = [0; 64];
        let value = cookie
            .strip_prefix(b"sid=")
            .filter(|value| value.len() == 86)?;
        BASE64URL_NOPAD.decode_mut(value, &mut read).ok()?;
        let (token, tag) = read.split_first_chunk::<48>()?;
        let right = hmac::sign(&self.key, token);
        (right.as_ref()[..16] == *tag).then_some(*token)
    }

    fn user(&self, headers: &HeaderMap) -> Option<User> {
        let token = self.token(headers)?;
        let all = self.all.read().ok()?;
        let session = all.get(&id_of(&token))?;
        same(digest(&SHA256, &token[16..]), session.secret)?;
        let index = id_of(&token);
        same(browser(headers, &index)?, session.browser)?;
        let user = self.users.get(session.user)?;
        same(credentials(&user, &index), session.credentials)?;
        Some(user)
    }

    /// Logs in; answers the cookie's value.
    fn add(&self, id: i64, headers: &HeaderMap) -> Option<String> {
        let user = self.users.get(id)?;
        let mut token: Token = [0; 48];
        SystemRandom::new().fill(&mut token).ok()?;
        let index = id_of(&token);
        let session = Session {
            user: id,
            secret: digest(&SHA256, &token[16..]),
            credentials: credentials(&user, &index),
            browser: browser(headers, &index)?,
        };
        self.all.write().ok()?.insert(index, session);
        let tag = hmac::sign(&self.key, &token);
        let signed = [&token, &tag.as_ref()[..16]].concat();
        Some(BASE64URL_NOPAD.encode(&signed))
    }
}

pub(super) fn app(users: &Users, _: &Runtime) -> App {
    let router = Router::new()
        .route("/public", get(async || "hello"))
        .route(
            "/protected",
            get(
                async |headers: HeaderMap, State(sessions): State<Sessions>| match sessions
                    .user(&headers)
                {
                    Some(user) => Ok(user.0.name.clone()),
                    None => Err(StatusCode::UNAUTHORIZED),
                },
            ),
        )
        .route(
            "/login/{id}",
            post(
                async |Path(id): Path<i64>,
                       headers: HeaderMap,
                       State(sessions): State<Sessions>| {
                    let value = sessions.add(id, &headers).unwrap_or_default();
                    [(header::SET_COOKIE, format!("sid={value}; HttpOnly"))]
                },
            ),
        )
        .route(
            "/logout",
            post(
                async |headers: HeaderMap, State(sessions): State<Sessions>| {
                    if sessions.user(&headers).is_some()
                        && let Some(token) = sessions.token(&headers)
                        && let Ok(mut all) = sessions.all.write()
                    {
                        all.remove(&id_of(&token));
                    }
                    [(header::SET_COOKIE, "sid=; Max-Age=0")]
                },
            ),
        )
        .with_state(Sessions {
            users: users.clone(),
            all: Arc::default(),
            key: Arc::new(hmac::Key::new(hmac::HMAC_SHA256, &[7; 32])),
        });
    App {
        name: "bare axum, look-up and hashes",
        router,
        logs_in: true,
        keeps_data: false,
        remembers: false,
    }
}
