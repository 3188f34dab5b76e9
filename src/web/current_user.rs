//! A look at who is logged in.

use std::{fmt, sync::Arc};

use axum::{extract::FromRequestParts, http::request::Parts};

use crate::{
    error::{Kind, LoginError},
    event::EventKind,
    manager::{Login, SessionInfo},
    session::{
        Authenticated, Found,
        known::Known,
        visit::{self, Number},
    },
    user::AuthUser,
    web::{LoginState, ask::Ask, find::Use},
};

/// Who is logged in, if anybody: a look, not a proof.
///
/// An ordinary axum extractor for any place: a navbar on a public page, a
/// middleware, an error page, your own extractors. It never refuses because
/// nobody is logged in, and it passes nowhere a proof is asked. As a handler's
/// first argument it says that anyone may call.
///
/// # Example
///
/// ```
/// use portcullis::CurrentUser;
/// # use portcullis::{AuthHash, AuthUser, OneFactor};
/// # struct Account { name: String }
/// # impl AuthUser for Account {
/// #     type Id = u64;
/// #     type Factors = OneFactor;
/// #     fn id(&self) -> u64 { 1 }
/// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
/// # }
///
/// async fn home(who: CurrentUser<Account>) -> String {
///     match who.user() {
///         Some(account) => format!("Hello, {}", account.name),
///         None => "Hello, stranger".to_owned(),
///     }
/// }
/// ```
///
/// # Errors
///
/// It answers 503 or 500 when the store or the loader fails, and 500, logged,
/// outside of `Routes`: never "nobody".
pub struct CurrentUser<U> {
    login: Login<U>,
    known: Option<Arc<Known<U>>>,
    visit: Number,
}

impl<U: AuthUser> CurrentUser<U> {
    pub(crate) fn new(login: Login<U>, found: Found<U>, visit: Number) -> Self {
        let known = match found {
            Found::Nobody | Found::Pending(_) => None,
            Found::LoggedIn(known) => Some(known),
        };
        Self {
            login,
            known,
            visit,
        }
    }

    /// The user who is logged in.
    pub fn user(&self) -> Option<&U> {
        self.known.as_ref().map(|known| &known.user)
    }

    /// Is somebody logged in?
    pub fn is_authenticated(&self) -> bool {
        self.known.is_some()
    }

    /// What is known of the session.
    pub fn info(&self) -> Option<SessionInfo> {
        self.known.as_ref().map(|known| known.info.clone())
    }

    /// The proof, if somebody is logged in: for a check that depends on what
    /// the request says.
    ///
    /// A look that is older than five seconds, as after a slow body, is asked for once
    /// more. What comes after the proof asks nothing: take the body first.
    ///
    /// # Errors
    ///
    /// [`is_unauthorized`](LoginError::is_unauthorized), also for a remembered
    /// browser whose login no guard has restored yet (as a handler's first
    /// argument this is one, elsewhere it only looks); and after the login was
    /// changed in this request, or outside of it, [`is_ended`](LoginError::is_ended).
    /// Returned from the handler they send the browser to the login page. A handler
    /// that has a [`Session`](crate::Session) of this user type has its proof there,
    /// and neither it nor a layer around it gets a second one, which could outlive
    /// it: that is answered with 500. And as [`Authenticated::recheck`], where it is
    /// asked again.
    pub async fn into_authenticated(self) -> Result<Authenticated<U>, LoginError> {
        let realm = &self.login.0;
        let known = self.known.as_ref();
        let Some(known) = known.filter(|known| !known.is_only_remembered()) else {
            visit::note(self.visit, |notes| notes.asked = Some(realm.core.clone()));
            realm.emit::<Known<U>>(EventKind::UserUnauthorized, None, None);
            return Err(Kind::Unauthorized.into());
        };
        let proof = self.still(known)?;
        if visit::note(self.visit, |notes| notes.is_old()) == Some(true) {
            proof.0.recheck_in(self.visit).await?;
            return self.still(known);
        }
        Ok(proof)
    }

    /// The proof of this login as it is now, should it have been asked for once more
    /// meanwhile.
    fn still(&self, known: &Known<U>) -> Result<Authenticated<U>, LoginError> {
        let core = &self.login.0.core;
        let now = visit::note(self.visit, |notes| {
            (notes.found::<U>(core), notes.has_given_session(core))
        });
        match now {
            Some((Some(Found::LoggedIn(now)), is_given)) if now.is_same_login_as(known) => {
                match is_given {
                    true => Err(LoginError::misuse(core.realm(), ONE_PROOF)),
                    false => Ok(Authenticated(now)),
                }
            }
            _ => {
                visit::note(self.visit, |notes| notes.asked = Some(core.clone()));
                Err(Kind::Ended.into())
            }
        }
    }
}

const ONE_PROOF: &str = "a handler that has the session has its proof in it: lend `&*session`";

impl<S, U: AuthUser> FromRequestParts<S> for CurrentUser<U>
where
    S: LoginState<U>,
{
    type Rejection = LoginError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, LoginError> {
        Ask {
            login: state.login(),
            request: parts,
        }
        .current_user(Use::Look)
        .await
    }
}

impl<U> fmt::Debug for CurrentUser<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CurrentUser")
            .field(&self.known.as_ref().map(|known| known.info.id()))
            .finish()
    }
}
