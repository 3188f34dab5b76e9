//! Guards of an app's own.

use std::{future::Future, marker::PhantomData, ops::Deref};

use axum::{extract::FromRef, http::request::Parts, response::IntoResponse};

/// A guard of your own, made from a proof: `By<Member>` as a handler's first argument.
///
/// The library asks for the proof that `T` [names](HoldsProof::Proof) and hands
/// it over, so nothing can be forged: `By<T>` proves what that proof proves,
/// no more. It derefs to `T`. A rule about who may is rather a
/// [`Policy`](crate::Policy), which [`Allowed`](crate::Allowed) asks.
#[derive(Debug)]
pub struct By<T> {
    held: T,
    /// In and out, so that no subtype of `T` passes for it.
    exactly: PhantomData<fn(T) -> T>,
}

impl<T> By<T> {
    pub(crate) fn new(held: T) -> Self {
        Self {
            held,
            exactly: PhantomData,
        }
    }

    /// What the guard made of the proof.
    pub fn into_inner(self) -> T {
        self.held
    }
}

impl<T> Deref for By<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.held
    }
}

/// A value that can only be made of a proof, with a check of the app's own:
/// the `T` of [`By<T>`].
///
/// # Example
///
/// ```
/// use axum::http::request::Parts;
/// use portcullis::{Authenticated, By, HoldsProof, LoginError};
/// # use portcullis::{AuthHash, AuthUser, OneFactor};
/// # struct Account { id: u64 }
/// # impl AuthUser for Account {
/// #     type Id = u64;
/// #     type Factors = OneFactor;
/// #     fn id(&self) -> u64 { self.id }
/// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
/// # }
/// # #[derive(Clone)] struct Db;
/// # impl Db { async fn is_member(&self, _id: u64) -> bool { true } }
///
/// struct Member(Authenticated<Account>);
///
/// impl HoldsProof for Member {
///     type Proof = Authenticated<Account>;
///     type State = Db;
///     type Rejection = LoginError;
///
///     async fn from_proof(account: Self::Proof, _: &mut Parts, db: &Db) -> Result<Self, LoginError> {
///         // 403, or what `Routes::forbidden` says
///         if db.is_member(account.id).await { Ok(Member(account)) } else { Err(LoginError::forbidden()) }
///     }
/// }
///
/// async fn club(member: By<Member>) -> String {
///     format!("Member {}", member.0.id)
/// }
/// ```
pub trait HoldsProof: Sized + Send + 'static {
    /// What the library asks for first: whoever lacks it gets no further.
    type Proof: Send;

    /// The part of the app's state that the check needs, by `FromRef`; if none,
    /// [`NoState`].
    type State;

    /// What is answered when the check fails.
    type Rejection: IntoResponse;

    /// The check.
    ///
    /// # Errors
    ///
    /// The answer to whoever may not.
    fn from_proof(
        proof: Self::Proof,
        parts: &mut Parts,
        state: &Self::State,
    ) -> impl Future<Output = Result<Self, Self::Rejection>> + Send;
}

/// The [`State`](HoldsProof::State) of a check that needs none.
#[derive(Debug)]
pub struct NoState(());

impl<S> FromRef<S> for NoState {
    fn from_ref(_: &S) -> Self {
        Self(())
    }
}
