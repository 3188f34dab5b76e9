use std::{collections::HashSet, fmt, marker::PhantomData, ops::Deref, sync::Arc};

use axum::{
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use portcullis::{AuthUser, Authenticated, HoldsProof};
use tokio::sync::RwLock;

/// Something that not every user may do.
pub trait Permission: Send + 'static {
    /// Whose permission it is.
    type User: AuthUser;

    /// What it is called, in grants and in refusals.
    const NAME: &'static str;
}

/// Who has which permission: a part of the app's state. A clone is the same list.
pub struct Grants<U: AuthUser>(Arc<RwLock<HashSet<Grant<U>>>>);

/// Who, and the name of the permission.
type Grant<U> = (<U as AuthUser>::Id, &'static str);

impl<U: AuthUser> Grants<U> {
    /// Gives a user a permission.
    pub async fn grant<P: Permission<User = U>>(&self, id: U::Id) {
        self.0.write().await.insert((id, P::NAME));
    }

    /// Takes a permission from a user. Answers whether the user had it.
    pub async fn revoke<P: Permission<User = U>>(&self, id: U::Id) -> bool {
        self.0.write().await.remove(&(id, P::NAME))
    }

    async fn has<P: Permission<User = U>>(&self, id: U::Id) -> bool {
        self.0.read().await.contains(&(id, P::NAME))
    }
}

impl<U: AuthUser> Clone for Grants<U> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<U: AuthUser> Default for Grants<U> {
    /// Nobody has any permission.
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<U: AuthUser> fmt::Debug for Grants<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grants").finish_non_exhaustive()
    }
}

/// Proof that a user is logged in and has the permission `P`: a handler asks
/// for `By<Allowed<P>>`. Derefs to [`Authenticated`].
pub struct Allowed<P: Permission>(Authenticated<P::User>, PhantomData<fn() -> P>);

impl<P: Permission> HoldsProof for Allowed<P> {
    type Proof = Authenticated<P::User>;
    type State = Grants<P::User>;
    type Rejection = Forbidden;

    async fn from_proof(
        user: Self::Proof,
        _: &mut Parts,
        grants: &Self::State,
    ) -> Result<Self, Forbidden> {
        if grants.has::<P>(user.id()).await {
            Ok(Self(user, PhantomData))
        } else {
            Err(Forbidden(P::NAME))
        }
    }
}

impl<P: Permission> Deref for Allowed<P> {
    type Target = Authenticated<P::User>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// The user is logged in and may not: 403, with the name of what is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forbidden(pub &'static str);

impl IntoResponse for Forbidden {
    fn into_response(self) -> Response {
        let body = format!("You may not {}", self.0);
        (StatusCode::FORBIDDEN, body).into_response()
    }
}
