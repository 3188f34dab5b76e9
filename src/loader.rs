//! How a user is found: by the id in a session, or by the request itself.

use std::future::Future;

use http::request::Parts;

use crate::{error::BoxError, user::AuthUser};

/// Finds a user by the id that a session remembers.
///
/// Any `Fn(Id) -> Future<Output = Result<Option<User>, Error>>` is one: an
/// `async fn`, or a closure. For a loader that owns something, write a type:
///
/// # Example
///
/// ```
/// # use portcullis::{AuthHash, AuthUser, OneFactor, UserLoader};
/// # #[derive(Clone)] struct Db;
/// # impl Db { async fn account(&self, _id: u64) -> Result<Option<Account>, std::io::Error> { Ok(None) } }
/// # struct Account;
/// # impl AuthUser for Account {
/// #     type Id = u64;
/// #     type Factors = OneFactor;
/// #     fn id(&self) -> u64 { 1 }
/// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
/// # }
/// struct Accounts { db: Db }
///
/// impl UserLoader<Account> for Accounts {
///     type Error = std::io::Error;
///
///     async fn load_user(&self, id: u64) -> Result<Option<Account>, Self::Error> {
///         self.db.account(id).await
///     }
/// }
/// ```
pub trait UserLoader<U: AuthUser>: Send + Sync + 'static {
    /// What goes wrong in the database. It is logged, and answered with 500.
    type Error: Into<BoxError>;

    /// The user with this id, or `None` when there is none any more: the session ends then.
    ///
    /// Called at most once a request, and only where the user is asked for.
    ///
    /// # Errors
    ///
    /// Whatever kept the answer from being known. The request fails with 500 and
    /// the session stays as it is; an error never counts as "no such user".
    fn load_user(&self, id: U::Id) -> impl Future<Output = Result<Option<U>, Self::Error>> + Send;
}

impl<U, F, Fut, E> UserLoader<U> for F
where
    U: AuthUser,
    F: Fn(U::Id) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Option<U>, E>> + Send,
    E: Into<BoxError>,
{
    type Error = E;

    fn load_user(&self, id: U::Id) -> impl Future<Output = Result<Option<U>, E>> + Send {
        self(id)
    }
}

/// Finds a user by the request itself: by an API key in a header, a bearer
/// token, a key in the query.
///
/// Given to the builder with [`request_loader`](crate::Builder::request_loader).
/// Any `Fn(Parts) -> Future<Output = Result<Option<User>, Error>>` is one; for
/// a loader that owns something write a type, as for [`UserLoader`].
///
/// It is asked once for a request, and again where a layer that has looked hands on another
/// address or other headers: one that brings somebody else is answered with 500.
///
/// # Example
///
/// ```
/// use axum::http::{header::AUTHORIZATION, request::Parts};
/// # use portcullis::{AuthHash, AuthUser, OneFactor};
/// # struct Account;
/// # impl AuthUser for Account {
/// #     type Id = u64;
/// #     type Factors = OneFactor;
/// #     fn id(&self) -> u64 { 1 }
/// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
/// # }
/// # async fn find_by_key_hash(_hash: String) -> Result<Option<Account>, std::io::Error> { Ok(None) }
/// # fn sha256_hex(_key: &str) -> String { String::new() }
///
/// async fn load_from_request(request: Parts) -> Result<Option<Account>, std::io::Error> {
///     let value = request.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
///     match value.and_then(|value| value.strip_prefix("Bearer ")) {
///         Some(key) => find_by_key_hash(sha256_hex(key)).await,
///         None => Ok(None),
///     }
/// }
/// ```
///
/// # Security
///
/// Keep a hash of each key and look it up by that: a comparison of the keys
/// themselves tells by its time how much of one was right, and a stolen
/// database gives every key away. A key in a query stands in logs.
pub trait RequestLoader<U: AuthUser>: Send + Sync + 'static {
    /// What goes wrong in the database. It is logged, and answered with 500.
    type Error: Into<BoxError>;

    /// The user whom this request speaks for, or `None` when it names nobody.
    ///
    /// Asked at most once a request, where a login is asked for and no cookie
    /// has brought one. The parts are a copy.
    ///
    /// # Errors
    ///
    /// Whatever kept the answer from being known. The request fails with 500; an
    /// error never counts as "nobody".
    fn load_user(
        &self,
        request: Parts,
    ) -> impl Future<Output = Result<Option<U>, Self::Error>> + Send;
}

impl<U, F, Fut, E> RequestLoader<U> for F
where
    U: AuthUser,
    F: Fn(Parts) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Option<U>, E>> + Send,
    E: Into<BoxError>,
{
    type Error = E;

    fn load_user(&self, request: Parts) -> impl Future<Output = Result<Option<U>, E>> + Send {
        self(request)
    }
}
