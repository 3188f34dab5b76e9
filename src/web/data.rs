//! What an app keeps in a session.

use std::{fmt, ops::Deref, sync::Arc};

use axum::{extract::FromRequestParts, http::request::Parts};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    error::{Kind, LoginError},
    manager::{
        CookieOf, Core, Login,
        content::{Content, Entry},
    },
    session::{
        Found,
        presented::Stranger,
        stranger,
        visit::{self, Notes, Number},
    },
    store::{Insert, Inserted, Record, RecordKind, Swap, Touch, Update},
    token::Token,
    user::AuthUser,
    web::{LoginState, ask::Ask, find::Use},
};

/// A type that an app keeps in the session: a cart, the steps of a wizard, the
/// `state` of an OAuth login. Asked for as [`Data<T>`].
///
/// # Example
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use portcullis::{Data, LoginError, SessionData};
/// # use portcullis::{AuthHash, AuthUser, OneFactor, CurrentUser};
/// # struct Account;
/// # impl AuthUser for Account {
/// #     type Id = u64;
/// #     type Factors = OneFactor;
/// #     fn id(&self) -> u64 { 1 }
/// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
/// # }
///
/// #[derive(Default, Serialize, Deserialize)]
/// struct Cart { items: Vec<u64> }
///
/// impl SessionData for Cart {
///     type User = Account;
///     const NAME: &'static str = "cart";
///     const KEEP_AT_LOGIN: bool = true;
/// }
///
/// async fn add(_: CurrentUser<Account>, mut cart: Data<Cart>, item: String) -> Result<String, LoginError> {
///     let item = item.parse().unwrap_or_default();
///     let count = cart.update(|cart| { cart.items.push(item); cart.items.len() }).await?;
///     Ok(format!("{count} items"))
/// }
/// ```
pub trait SessionData: Serialize + DeserializeOwned + Default + Send + Sync + 'static {
    /// The user type of the realm whose session holds it.
    type User: AuthUser;

    /// The name it is kept under, unique in the realm.
    const NAME: &'static str;

    /// Does it survive a stranger's login? Default: no, for somebody else may
    /// have planted it.
    ///
    /// # Security
    ///
    /// `true` is for what harms nobody when an attacker chose it: a cart, a
    /// language. Never for what the user is believed to have said.
    const KEEP_AT_LOGIN: bool = false;
}

/// What the session holds of type `T`: an extractor beside any guard.
///
/// It derefs to the value as it was when it was extracted, `T::default()` if
/// there was none, also after a transition in the same handler;
/// [`stored`](Self::stored) tells these apart. Change it
/// with [`update`](Self::update), use it once with [`take`](Self::take). A
/// stranger gets a session only with the first update.
///
/// # Example
///
/// ```
/// use portcullis::{CurrentUser, Data, LoginError};
/// # use serde::{Deserialize, Serialize};
/// # use portcullis::{AuthHash, AuthUser, OneFactor, SessionData};
/// # struct User;
/// # impl AuthUser for User {
/// #     type Id = u64;
/// #     type Factors = OneFactor;
/// #     fn id(&self) -> u64 { 1 }
/// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
/// # }
/// # #[derive(Default, Serialize, Deserialize)] struct Visits { count: u64 }
/// # impl SessionData for Visits {
/// #     type User = User;
/// #     const NAME: &'static str = "visits";
/// # }
///
/// async fn count(_: CurrentUser<User>, mut visits: Data<Visits>) -> Result<String, LoginError> {
///     visits.update(|visits| visits.count += 1).await?;
///     Ok(format!("visit {}", visits.count))
/// }
/// ```
pub struct Data<T: SessionData> {
    value: T,
    is_stored: bool,
    login: Login<T::User>,
    visit: Number,
    record: Option<Record>,
}

impl<T: SessionData> Data<T> {
    /// The value, if the session held one.
    ///
    /// # Security
    ///
    /// A check against what the app has stored _must_ fail when nothing is:
    /// an OAuth callback whose visitor has begun no login, for example.
    pub fn stored(&self) -> Option<&T> {
        (self.is_stored && self.is_of_who_is_here()).then_some(&self.value)
    }

    /// Is the login still that under which this was read? A transition in the
    /// same request may have brought somebody else.
    fn is_of_who_is_here(&self) -> bool {
        let user = self.record.as_ref().and_then(|record| record.user);
        let now = visit::note(self.visit, |notes| {
            match notes.found::<T::User>(&self.login.0.core) {
                Some(Found::LoggedIn(known)) => {
                    known.record.as_ref().and_then(|record| record.user)
                }
                _ => None,
            }
        });
        now.is_none_or(|now| now == user)
    }

    /// Changes the value as it is in the store now, and keeps it there.
    ///
    /// Another request may change it at the same moment: then `change` is
    /// called again with what that one wrote, so no update is lost.
    ///
    /// # Errors
    ///
    /// [`is_ended`](LoginError::is_ended) when the session was logged out or
    /// replaced since this request began: nothing is written then.
    /// [`is_too_large`](LoginError::is_too_large) beyond the
    /// [limit](crate::Builder::max_data_bytes), and [`is_store`](LoginError::is_store).
    pub async fn update<R>(
        &mut self,
        mut change: impl FnMut(&mut T) -> R,
    ) -> Result<R, LoginError> {
        self.swap(|stored| {
            let mut value = stored.unwrap_or_default();
            let result = change(&mut value);
            (Some(value), result)
        })
        .await
    }

    /// Takes the value out of the session: of two requests that try, one gets it.
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update).
    pub async fn take(&mut self) -> Result<Option<T>, LoginError> {
        self.catch_up();
        if self.record.is_none() {
            return Ok(None);
        }
        self.swap(|stored| (None, stored)).await
    }

    /// Puts what `change` makes of the stored value in its place.
    async fn swap<R>(
        &mut self,
        mut change: impl FnMut(Option<T>) -> (Option<T>, R),
    ) -> Result<R, LoginError> {
        self.catch_up();
        let core = self.login.0.core.clone();
        for _ in 0..MAX_CONFLICTS {
            let (value, result) = change(read::<T>(&core, self.record.as_ref())?);
            let body = write(&core, self.record.as_ref(), value.as_ref())?;
            let swap = match self.record.clone() {
                Some(record) => self.put(&core, record, body).await?,
                None => self.begin(&core, body).await?,
            };
            match swap {
                Swap::Done => {
                    self.is_stored = value.is_some();
                    self.value = value.unwrap_or_default();
                    return Ok(result);
                }
                Swap::Gone => return Err(visit::ended(self.visit, &core)),
                Swap::Conflict => self.reload(&core).await?,
            }
        }
        Err(core.failed("the session was written to all the time"))
    }

    /// What happened to the session since this was extracted, in this request.
    fn catch_up(&mut self) {
        let core = &self.login.0.core;
        let now = visit::note(self.visit, |notes| match notes.found::<T::User>(core) {
            Some(Found::LoggedIn(known)) if known.record.is_some() => known.record.clone(),
            _ => match notes.stranger(core) {
                Stranger::Read(record) => record,
                Stranger::Presented(..) => None,
            },
        });
        let Some(now) = now else { return };
        let id = |record: &Option<Record>| record.as_ref().map(|record| record.id);
        if id(&now) != id(&self.record) {
            self.record = now;
        }
    }

    async fn put(
        &mut self,
        core: &Arc<Core>,
        mut record: Record,
        body: Arc<[u8]>,
    ) -> Result<Swap, LoginError> {
        let now = core.now();
        let update = Update::new(record.kind, record.id, record.version, body.clone(), now);
        let swap = core.done(core.store.update(update).await)?;
        if swap == Swap::Done {
            record.version = record.version.next();
            record.body = body;
            if record.user.is_none() && now.since(record.seen) >= core.settings.touch_every {
                record.seen = now;
                record.expires = now.plus(core.settings.stranger_idle);
                let touch = Touch::new(record.kind, record.id, record.expires, now, now);
                core.done(core.store.touch(touch).await)?;
            }
            self.note(core, record);
        }
        Ok(swap)
    }

    /// A stranger's first data: the session begins, and its cookie is sent.
    async fn begin(&mut self, core: &Arc<Core>, body: Arc<[u8]>) -> Result<Swap, LoginError> {
        visit::check(self.visit)?;
        let found = visit::note(self.visit, |notes| notes.found::<T::User>(core)).flatten();
        if let Some(Found::LoggedIn(known)) = found
            && !known.is_only_remembered()
        {
            return Err(Kind::Forbidden.into()); // who came with the request has no session
        }
        let token = Token::random(None).map_err(|error| core.failed(error))?;
        let now = core.now();
        let expires = now.plus(core.settings.stranger_idle);
        let mut record = Record::new(RecordKind::Session, token.id, token.hash(), expires, body);
        (record.created, record.seen) = (now, now);
        match core.insert(Insert::new(record.clone(), now)).await? {
            Inserted::Taken => Ok(Swap::Conflict),
            Inserted::Done => {
                let set = |notes: &mut Notes| notes.send_token(core, CookieOf::Stranger, &token);
                if visit::note(self.visit, set).is_none() {
                    // Carried away while the store worked: nobody could use it.
                    core.delete(record.id).await?;
                    return Err(Kind::Answered.into());
                }
                self.note(core, record);
                Ok(Swap::Done)
            }
        }
    }

    async fn reload(&mut self, core: &Arc<Core>) -> Result<(), LoginError> {
        let Some(record) = &self.record else {
            return Ok(());
        };
        let now = core.load(record.id).await?;
        self.record = Some(now.ok_or_else(|| visit::ended(self.visit, core))?);
        Ok(())
    }

    fn note(&mut self, core: &Arc<Core>, record: Record) {
        if record.user.is_none() {
            visit::note(self.visit, |notes| {
                notes.change_stranger(core, Some(record.clone()))
            });
        }
        self.record = Some(record);
    }
}

/// The value in a record. What can't be read any more, because the type has
/// changed, is as good as none.
fn read<T: SessionData>(core: &Core, record: Option<&Record>) -> Result<Option<T>, LoginError> {
    let Some(record) = record else {
        return Ok(None);
    };
    let content = Content::decode(&record.body).map_err(|error| core.failed(error))?;
    let Some(entry) = content.data.iter().find(|entry| entry.name == T::NAME) else {
        return Ok(None);
    };
    let value = serde_json::from_slice(entry.json).inspect_err(|error| {
        // Not the error itself, which quotes what it could not read.
        let (line, column) = (error.line(), error.column());
        tracing::warn!(
            target: "portcullis", realm = core.realm(), data = T::NAME, line, column,
            "session data of another shape was dropped"
        );
    });
    Ok(value.ok())
}

/// The record's body with the value in it, or without one.
fn write<T: SessionData>(
    core: &Core,
    record: Option<&Record>,
    value: Option<&T>,
) -> Result<Arc<[u8]>, LoginError> {
    let json = value
        .map(serde_json::to_vec)
        .transpose()
        .map_err(|error| core.failed(error))?;
    let mut content = match record {
        None => Content::default(),
        Some(record) => Content::decode(&record.body).map_err(|error| core.failed(error))?,
    };
    content.data.retain(|entry| entry.name != T::NAME);
    content.data.extend(json.as_deref().map(|json| Entry {
        name: T::NAME,
        keep_at_login: T::KEEP_AT_LOGIN,
        json,
    }));
    let bytes: usize = content
        .data
        .iter()
        .map(|entry| entry.name.len() + entry.json.len())
        .sum();
    if bytes > core.settings.max_data {
        return Err(Kind::TooLarge.into());
    }
    content.encode().map_err(|error| core.failed(error))
}

impl<S, T: SessionData> FromRequestParts<S> for Data<T>
where
    S: LoginState<T::User>,
{
    type Rejection = LoginError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, LoginError> {
        let ask = Ask {
            login: state.login(),
            request: parts,
        };
        let visit = ask.enter()?;
        let record = match ask.find(Use::Look).await? {
            Found::LoggedIn(known) if known.record.is_some() => known.record.clone(),
            Found::LoggedIn(known) if !known.is_only_remembered() => None,
            _ => stranger(&ask.login.0.core, visit).await?,
        };
        let login = ask.login;
        let stored = read(&login.0.core, record.as_ref())?;
        let is_stored = stored.is_some();
        Ok(Self {
            value: stored.unwrap_or_default(),
            is_stored,
            login,
            visit,
            record,
        })
    }
}

impl<T: SessionData> Deref for Data<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: SessionData + fmt::Debug> fmt::Debug for Data<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Data").field(&self.value).finish()
    }
}

/// More than any number of requests that write at once.
const MAX_CONFLICTS: usize = 1024;
