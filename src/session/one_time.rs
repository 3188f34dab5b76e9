//! Tokens that work once: a link in an e-mail.

use std::{fmt, marker::PhantomData, sync::Arc, time::Duration};

use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    error::{BoxError, Kind, LoginError},
    event::EventKind,
    manager::{Counted, Limit, Login, Tally, body},
    session::visit,
    store::{Delete, Insert, Inserted, Record, RecordKind},
    token::Token,
    user::AuthUser,
};

/// What a [`OneTimeToken`] is for: a type of yours, so that a token of one
/// purpose is never taken for another.
///
/// # Example
///
/// ```
/// use portcullis::Purpose;
///
/// enum PasswordReset {}
///
/// impl Purpose for PasswordReset {
///     const NAME: &'static str = "password-reset";
/// }
/// ```
pub trait Purpose: 'static {
    /// Its name, which stands in the store: no two purposes share one.
    const NAME: &'static str;

    /// How long a token is good. Default: 10 minutes, the most that OWASP ASVS
    /// 5.0, 6.5.5 allows.
    const LASTS: Duration = Duration::from_secs(10 * 60);

    /// How many tokens one user gets within [`LASTS`](Self::LASTS). Default: 3, so
    /// that nobody fills a mailbox. Whoever asks for all of them keeps nobody out:
    /// the user has got those, and each is good to the end of that time.
    const AT_ONCE: u32 = 3;
}

/// A token that proves once, within minutes, that somebody got a message: from
/// [`Login::one_time_token`], and out of the form that it comes back in.
///
/// The store keeps its hash. It is bound to its user and its purpose, and ends
/// when the user's credentials change, as sessions do.
///
/// # Security
///
/// The link in the e-mail opens a page with a button, and the button posts the
/// token: mail scanners open every link, and a GET would use it up. Send that
/// page with `Referrer-Policy: no-referrer`, for its address holds the token.
pub struct OneTimeToken<P> {
    token: String,
    purpose: PhantomData<fn() -> P>,
}

impl<P> OneTimeToken<P> {
    /// The token for the link: 92 letters, digits, `.`, `-` and `_`.
    ///
    /// # Security
    ///
    /// It goes into the message and nowhere else.
    pub fn reveal(&self) -> &str {
        &self.token
    }
}

impl<P> From<String> for OneTimeToken<P> {
    fn from(token: String) -> Self {
        Self {
            token,
            purpose: PhantomData,
        }
    }
}

impl<'de, P> Deserialize<'de> for OneTimeToken<P> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from(String::deserialize(deserializer)?))
    }
}

impl<P> fmt::Debug for OneTimeToken<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeToken(REDACTED)")
    }
}

/// The body of a token's record.
#[derive(Serialize, Deserialize)]
pub(crate) struct Issued<'a> {
    purpose: &'a str,
    user: &'a [u8],
    user_tag: [u8; 4],
    auth_hash: [u8; 16],
}

impl<U: AuthUser> Login<U> {
    /// A token for a link in an e-mail to this user.
    ///
    /// # Example
    ///
    /// ```
    /// use portcullis::{AuthUser, Login, LoginError, OneTimeToken, Purpose};
    ///
    /// enum LoginLink {}
    /// impl Purpose for LoginLink {
    ///     const NAME: &'static str = "login-link";
    /// }
    ///
    /// async fn mail_a_link<U: AuthUser>(login: &Login<U>, user: &U) -> Result<String, LoginError> {
    ///     let token: OneTimeToken<LoginLink> = login.one_time_token(user).await?;
    ///     Ok(format!("https://app.example/login/link?token={}", token.reveal()))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`is_throttled`](LoginError::is_throttled) when this user got
    /// [too many](Purpose::AT_ONCE) (3 in 10 minutes, unless the purpose says
    /// otherwise), [`is_inactive`](LoginError::is_inactive), and
    /// [`is_store`](LoginError::is_store).
    ///
    /// # Security
    ///
    /// Answer the same whether there is such a user or not, and whatever comes
    /// of this: send the message from a task of its own, so that the answer takes
    /// the same time.
    pub async fn one_time_token<P: Purpose>(
        &self,
        user: &U,
    ) -> Result<OneTimeToken<P>, LoginError> {
        let (realm, core) = (&self.0, &self.0.core);
        if !user.is_active() {
            return Err(Kind::Inactive.into());
        }
        let (index, id) = realm.index(&user.id())?;
        let limit = Limit {
            most: P::AT_ONCE,
            window: P::LASTS,
        };
        let tally = Tally::of(
            core,
            "one-time tokens",
            &[P::NAME.as_bytes(), index.as_bytes()],
        );
        if let Counted::Over(retry_after) = core.count(tally, limit).await? {
            core.emit_of(EventKind::LoginThrottled, index);
            return Err(Kind::Throttled { retry_after }.into());
        }
        let issued = Issued {
            purpose: P::NAME,
            user: &id,
            user_tag: realm.user_tag,
            auth_hash: user.session_auth_hash().for_record(index),
        };
        let body = issued.encode().map_err(|error| core.failed(error))?;
        let now = core.now();
        let token = Token::random(Some(index.home())).map_err(|error| core.failed(error))?;
        let (kind, expires) = (RecordKind::OneTime, now.plus(P::LASTS));
        let mut record = Record::new(kind, token.id, token.hash(), expires, body);
        (record.user, record.created, record.seen) = (Some(index), now, now);
        match core.insert(Insert::new(record, now)).await? {
            Inserted::Done => {}
            Inserted::Taken => return Err(core.failed("the new id was taken")),
        }
        let token = token.to_cookie_value(core.one_time_keys());
        Ok(OneTimeToken::from(token))
    }

    /// Uses a token up, and gives the user as it is now: somebody who got the
    /// message proved to read this user's mail. Of two requests that try, one gets it.
    ///
    /// For a login say so with [`vouch_for`](Self::vouch_for), which asks
    /// users of two factors for the second one.
    ///
    /// # Example
    ///
    /// ```
    /// use axum::{Form, response::Redirect};
    /// use portcullis::{Anonymous, AuthUser, Login, LoginError, OneFactor, OneTimeToken, Purpose, Session};
    /// # enum LoginLink {}
    /// # impl Purpose for LoginLink { const NAME: &'static str = "login-link"; }
    ///
    /// #[derive(serde::Deserialize)]
    /// struct LinkForm { token: OneTimeToken<LoginLink> }
    ///
    /// async fn log_in<U: AuthUser<Factors = OneFactor>>(
    ///     session: Session<Anonymous>,
    ///     login: Login<U>,
    ///     Form(form): Form<LinkForm>,
    /// ) -> Result<Redirect, LoginError> {
    ///     let user = login.redeem(form.token).await?;
    ///     Ok(session.login_user(login.vouch_for(user)).await?.next_or("/"))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`is_refused`](LoginError::is_refused) when it was used, is too old, of
    /// another purpose or of credentials that have changed, or was never given
    /// out: match that to say that the link is no longer good, for with `?` the
    /// browser is sent to the login page; [`is_inactive`](LoginError::is_inactive),
    /// [`is_store`](LoginError::is_store) and [`is_loader`](LoginError::is_loader). A
    /// token is used up once it was right, also where the user may not be logged in.
    pub async fn redeem<P: Purpose>(&self, token: OneTimeToken<P>) -> Result<U, LoginError> {
        let core = &self.0.core;
        let visit = visit::running(core);
        let record = self.find_token(&token).await?;
        let delete = Delete::new(RecordKind::OneTime, record.id);
        if !core.done(core.store.delete(delete).await)? {
            return Err(Kind::Refused.into()); // another request was faster
        }
        let user = self.user_of_token(&record).await?;
        if let Some(visit) = visit {
            visit::note(visit, |notes| notes.see_check(core));
        }
        Ok(user)
    }

    /// The user of a token that is good, which stays good: for what has to be done
    /// before it is used up, as hashing the new password.
    ///
    /// # Errors
    ///
    /// As [`redeem`](Self::redeem), which may fail none the less: another request
    /// may be faster.
    ///
    /// # Security
    ///
    /// Nothing is proved before it is redeemed.
    pub async fn check_token<P: Purpose>(&self, token: &OneTimeToken<P>) -> Result<U, LoginError> {
        let record = self.find_token(token).await?;
        self.user_of_token(&record).await
    }

    async fn find_token<P: Purpose>(&self, token: &OneTimeToken<P>) -> Result<Record, LoginError> {
        let (realm, core) = (&self.0, &self.0.core);
        let keys = core.one_time_keys();
        let read = Token::from_cookie_value(token.token.as_bytes(), keys);
        let (token, _) = read.ok_or(Kind::Refused)?;
        let record = core.load_kind(RecordKind::OneTime, token.id).await?;
        let record = record.filter(|record| record.hash.matches(&token));
        let record = record.ok_or(Kind::Refused)?;
        let issued = Issued::decode(&record.body).map_err(|error| core.failed(error))?;
        let index = realm.index_of(issued.user);
        let is_ours = issued.user_tag == realm.user_tag && record.user == Some(index);
        match issued.purpose == P::NAME && is_ours {
            true => Ok(record),
            false => Err(Kind::Refused.into()),
        }
    }

    /// The user as it is now, if it is active and its credentials are those of then.
    async fn user_of_token(&self, record: &Record) -> Result<U, LoginError> {
        let (realm, core) = (&self.0, &self.0.core);
        let issued = Issued::decode(&record.body).map_err(|error| core.failed(error))?;
        let user = realm.load_user(issued.user).await?.ok_or(Kind::Refused)?;
        let who = (issued.user, realm.index_of(issued.user));
        if !realm.has_credentials(&user, who, &issued.auth_hash) {
            return Err(Kind::Refused.into());
        }
        match user.is_active() {
            true => Ok(user),
            false => Err(Kind::Inactive.into()),
        }
    }
}

impl<'a> Issued<'a> {
    pub(crate) fn decode(body: &'a [u8]) -> Result<Self, BoxError> {
        body::read(FORMAT, body)
    }

    pub(crate) fn encode(&self) -> Result<Arc<[u8]>, BoxError> {
        Ok(postcard::to_extend(self, vec![FORMAT])?.into())
    }
}

/// The first byte of every body.
const FORMAT: u8 = 1;
