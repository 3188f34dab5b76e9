//! A session in whatever state it is.

use crate::{
    session::{Anonymous, Authenticated, Fresh, Pending, Session},
    user::{AuthUser, Factors, NeverPending},
};

/// The session of this request, for a handler that serves every state and
/// changes it. Match it exhaustively.
///
/// For users of one factor `Pending` can't be, and the `match` needs no arm for it.
///
/// # Example
///
/// ```
/// use axum::response::Redirect;
/// use portcullis::{AnySession, LoginError};
/// # use portcullis::{AuthHash, AuthUser, OneFactor};
/// # struct User;
/// # impl AuthUser for User {
/// #     type Id = u64;
/// #     type Factors = OneFactor;
/// #     fn id(&self) -> u64 { 1 }
/// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
/// # }
///
/// async fn log_out(session: AnySession<User>) -> Result<Redirect, LoginError> {
///     match session {
///         AnySession::Anonymous(_) => {}
///         AnySession::Authenticated(session) => drop(session.logout_user().await?),
///         AnySession::Fresh(session) => drop(session.logout_user().await?),
///     }
///     Ok(Redirect::to("/"))
/// }
/// ```
pub enum AnySession<U: AuthUser> {
    /// Nobody is logged in.
    Anonymous(Session<Anonymous<U>>),
    /// The first of two factors is checked.
    Pending(<U::Factors as Factors>::Either<NeverPending, Session<Pending<U>>>),
    /// A user is logged in, but did not give the password just now.
    Authenticated(Session<Authenticated<U>>),
    /// A user gave the password just now.
    Fresh(Session<Fresh<U>>),
}

impl<U: AuthUser> std::fmt::Debug for AnySession<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Anonymous(_) => "AnySession::Anonymous",
            Self::Pending(_) => "AnySession::Pending",
            Self::Authenticated(_) => "AnySession::Authenticated",
            Self::Fresh(_) => "AnySession::Fresh",
        })
    }
}
