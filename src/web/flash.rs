//! Messages for the next page.

use std::{fmt, marker::PhantomData, vec};

use axum::{extract::FromRequestParts, http::request::Parts};

use crate::{
    error::LoginError,
    manager::{CookieOf, Core, Sent},
    session::visit,
    user::AuthUser,
    web::{LoginState, ask::Ask, cookies},
};

/// What the library tells somebody whom it has sent to this page: one message
/// with its category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flash {
    category: String,
    message: String,
}

impl Flash {
    /// The text, as the builder was told, or [localised](crate::Builder::localize).
    /// Not HTML: a template escapes it.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The category, such as a CSS class.
    pub fn category(&self) -> &str {
        &self.category
    }
}

impl fmt::Display for Flash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The messages for this page, which are taken: the answer removes their cookie.
///
/// An ordinary axum extractor for any place, met on the login page. It loads
/// no user and does not look at the session. Today there is one message, that
/// of the latest refusal, or none.
///
/// # Example
///
/// ```
/// use axum::response::Html;
/// use portcullis::{Flashes, Login, Routes, public};
/// # use portcullis::{AuthHash, AuthUser, OneFactor};
/// # struct User;
/// # impl AuthUser for User {
/// #     type Id = u64;
/// #     type Factors = OneFactor;
/// #     fn id(&self) -> u64 { 1 }
/// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
/// # }
///
/// async fn login_page(flashes: Flashes<User>) -> Html<String> {
///     let told: String = flashes.iter().map(|flash| format!("<p>{flash}</p>")).collect();
///     Html(format!("{told}<form method=\"post\">…</form>"))
/// }
///
/// let routes = Routes::<Login<User>>::new().get("/login", public(login_page));
/// ```
///
/// # Errors
///
/// It answers 500, logged, outside of `Routes`.
///
/// # Security
///
/// The cookie is signed, for one realm, and good for 10 minutes: nobody else
/// puts words on your page. Whoever copies it can show the message again, to
/// whoever has the copy.
pub struct Flashes<U> {
    flashes: Vec<Flash>,
    realm: PhantomData<fn(U) -> U>,
}

impl<U> Flashes<U> {
    /// The messages, the oldest first.
    pub fn iter(&self) -> std::slice::Iter<'_, Flash> {
        self.flashes.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.flashes.len()
    }

    /// Is there nothing to say?
    pub fn is_empty(&self) -> bool {
        self.flashes.is_empty()
    }
}

impl<U> IntoIterator for Flashes<U> {
    type Item = Flash;
    type IntoIter = vec::IntoIter<Flash>;

    fn into_iter(self) -> Self::IntoIter {
        self.flashes.into_iter()
    }
}

impl<'a, U> IntoIterator for &'a Flashes<U> {
    type Item = &'a Flash;
    type IntoIter = std::slice::Iter<'a, Flash>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<U> fmt::Debug for Flashes<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.flashes).finish()
    }
}

impl<S, U: AuthUser> FromRequestParts<S> for Flashes<U>
where
    S: LoginState<U>,
{
    type Rejection = LoginError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, LoginError> {
        let ask = Ask {
            login: state.login(),
            request: parts,
        };
        let visit = ask.enter()?;
        let core = &ask.login.0.core;
        let carried = cookies::Shown::of(core, &parts.headers).text(CookieOf::Flash);
        let flashes = carried.and_then(|text| read(&text)).unwrap_or_default();
        let taken = visit::note(visit, |notes| {
            let is_first = !notes.sends(core, CookieOf::Flash);
            if is_first && !flashes.is_empty() {
                notes.set_cookie(core, CookieOf::Flash, Sent::Removed);
            }
            is_first
        });
        let flashes = match taken {
            Some(true) => flashes,
            _ => Vec::new(), // somebody else in this request has them
        };
        Ok(Self {
            flashes,
            realm: PhantomData,
        })
    }
}

/// What carries one message to the next page; `None` if it is too long.
pub(super) fn carry(core: &Core, message: &str, category: &str) -> Option<Sent> {
    let text = serde_json::to_string(&[(category, message)]).ok()?;
    let sent = core.carry(CookieOf::Flash, &text);
    if sent.is_none() {
        tracing::warn!(target: "portcullis", realm = core.realm(), "a message is too long for a cookie, and was left out");
    }
    sent
}

/// What a cookie's value carries, for a test, which has no keys.
#[cfg(feature = "testing")]
pub(crate) fn carried_by(value: &str) -> Option<Vec<Flash>> {
    read(&crate::signed::text_of(value)?)
}

fn read(text: &str) -> Option<Vec<Flash>> {
    let all: Vec<(String, String)> = serde_json::from_str(text).ok()?;
    let flash = |(category, message)| Flash { category, message };
    Some(all.into_iter().map(flash).collect())
}
