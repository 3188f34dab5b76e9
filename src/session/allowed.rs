//! Permissions: what a user may do, as a proof.

use std::{fmt, future::Future, marker::PhantomData, ops::Deref, pin::Pin, sync::Arc};

use http::request::Parts;

use crate::{
    error::{BoxError, Kind, LoginError},
    manager::caught,
    session::{Authenticated, Within, known::Known, revocation::Recheck, visit::Number},
    user::AuthUser,
};

/// What a user may do: a rule of the app, as a type.
///
/// `On` is what it is about. Of a route it is the request, and
/// [`Allowed<U, P>`](Allowed) is the guard that asks; of an object it is the
/// object, and [`Login::allow`](crate::Login::allow) asks.
///
/// # Example
///
/// ```
/// use std::{convert::Infallible, sync::Arc};
/// use axum::http::request::Parts;
/// use portcullis::{Allowed, Authenticated, NoState, Policy};
/// # use portcullis::{AuthHash, AuthUser, OneFactor};
/// # struct Account { id: u64, is_trainee: bool }
/// # impl AuthUser for Account {
/// #     type Id = u64;
/// #     type Factors = OneFactor;
/// #     fn id(&self) -> u64 { self.id }
/// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
/// # }
/// # #[derive(Clone)] struct Db;
/// # #[derive(Debug)] struct DbError;
/// # impl std::fmt::Display for DbError { fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { Ok(()) } }
/// # impl std::error::Error for DbError {}
/// # impl Db { async fn has_paid(&self, _id: u64) -> Result<bool, DbError> { Ok(true) } }
///
/// enum IsMember {}
///
/// /// Of a route: who has paid, says the database.
/// impl Policy<Account> for IsMember {
///     type State = Db; // a part of the app's state
///     type Error = DbError;
///
///     async fn allows(by: &Authenticated<Account>, _: &Parts, db: &Db) -> Result<bool, DbError> {
///         db.has_paid(by.id).await
///     }
/// }
///
/// async fn club(member: Allowed<Account, IsMember>) -> String {
///     format!("Member {}", member.id)
/// }
///
/// struct Order { of: u64 }
/// enum MayCancel {}
///
/// /// Of an object: whose it is.
/// impl Policy<Account, Order> for MayCancel {
///     type State = NoState;
///     type Error = Infallible;
///
///     async fn allows(by: &Authenticated<Account>, order: &Order, _: &NoState) -> Result<bool, Infallible> {
///         Ok(order.of == by.id && !by.is_trainee)
///     }
/// }
/// ```
///
/// [`And`](crate::And), [`Or`](crate::Or) and [`Not`](crate::Not) make policies
/// of policies; [`HasRole`](crate::HasRole) is one for a role that the user
/// type knows.
///
/// # Security
///
/// The library asks; whether the answer is right is yours to test. `allows` is
/// also an ordinary function, for a page that shows a button to those who may
/// press it: its `true` is a look and no proof.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no policy for `{U}` and `{On}`",
    label = "it does not say whether a `{U}` may",
    note = "a role is asked for as `HasRole<{Self}>`",
    note = "of a route, say it with `impl Policy<{U}> for {Self}`; of an object, with `impl Policy<{U}, Object> for {Self}`",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait Policy<U, On = Parts>: Sized + 'static {
    /// The part of the app's state that it needs, by `FromRef`; if none,
    /// [`NoState`](crate::NoState).
    type State: Send + Sync + 'static;

    /// Why it can't say: the database is gone. If it always can,
    /// [`Infallible`](std::convert::Infallible).
    type Error: Into<BoxError>;

    /// May this user?
    ///
    /// # Errors
    ///
    /// When it can't say. Then nobody may: it is logged, and answered with 500.
    /// A panic counts as one.
    fn allows(
        by: &Authenticated<U>,
        on: &On,
        state: &Self::State,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;
}

/// Proof that a user is logged in and that the [policy](Policy) `P` lets it in.
///
/// As a handler's first argument it is the guard: who is not logged in is sent
/// to log in, and who may not gets 403, or what
/// [`Routes::forbidden`](crate::Routes::forbidden) says. Give yours a name:
/// `type Staff = Allowed<Account, IsStaff>`. It derefs to [`Authenticated`], so
/// it passes wherever that is asked.
///
/// # Example
///
/// ```
/// use portcullis::{Allowed, HasRole, Login, Role, Routes};
/// # use portcullis::{AuthHash, AuthUser, OneFactor};
/// # struct Account { name: String, works_here: bool }
/// # impl AuthUser for Account {
/// #     type Id = String;
/// #     type Factors = OneFactor;
/// #     fn id(&self) -> String { self.name.clone() }
/// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
/// # }
///
/// enum StaffRole {}
///
/// impl Role<Account> for StaffRole {
///     fn is_held_by(account: &Account) -> bool {
///         account.works_here
///     }
/// }
///
/// type Staff = Allowed<Account, HasRole<StaffRole>>;
///
/// async fn dashboard(by: Staff) -> String {
///     format!("Hello, {}", by.name)
/// }
///
/// // Code that only staff may run asks for the proof as well.
/// fn refund(by: &Staff, order: u64) {
///     println!("{} refunds {order}", by.name);
/// }
///
/// let routes = Routes::<Login<Account>>::new().area::<Staff>("/admin", |area| area.get("/", dashboard));
/// ```
///
/// # Security
///
/// As [`Authenticated`], it says what was true a moment before the handler was
/// called: after a body that took longer than 5 seconds the policy is asked once
/// more. [`Session::recheck`](crate::Session::recheck) asks for the login alone.
pub struct Allowed<U, P> {
    by: Authenticated<U>,
    /// In and out, so that no subtype of `P` passes for it.
    policy: PhantomData<fn(P) -> P>,
}

impl<U, P> Allowed<U, P> {
    /// The login alone, to go on with: `by.into_authenticated().into_fresh()?`.
    pub fn into_authenticated(self) -> Authenticated<U> {
        self.by
    }
}

impl<U, P> Deref for Allowed<U, P> {
    type Target = Authenticated<U>;

    fn deref(&self) -> &Authenticated<U> {
        &self.by
    }
}

impl<U, P> fmt::Debug for Allowed<U, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Allowed")
            .field("session", &self.by.0.info.id())
            .finish_non_exhaustive()
    }
}

/// The caller has asked the policy.
pub(crate) fn let_in<U, P>(by: Authenticated<U>) -> Allowed<U, P> {
    Allowed {
        by,
        policy: PhantomData,
    }
}

/// Asks a policy. A panic in it is an error: nobody is let through.
///
/// # Errors
///
/// [`Kind::Forbidden`] if it says no, [`Kind::Policy`] if it can't say.
pub(crate) async fn ask_policy<U: AuthUser, P: Policy<U, On>, On>(
    by: &Authenticated<U>,
    on: &On,
    state: &P::State,
) -> Result<(), LoginError> {
    match caught(PANICKED, || P::allows(by, on, state)).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Kind::Forbidden.into()),
        Err(error) => Err(by.0.realm.core.policy_failed(error)),
    }
}

const PANICKED: &str = "the policy panicked";

/// A policy that has let somebody in, to be asked again after a slow body.
pub(crate) struct AskedPolicy<U, P: Policy<U>> {
    pub(crate) by: Arc<Known<U>>,
    pub(crate) request: Parts,
    pub(crate) state: P::State,
}

impl<U: AuthUser, P: Policy<U>> Recheck for AskedPolicy<U, P> {
    fn recheck(
        &self,
        _: Option<Within>,
        _: Number,
    ) -> Pin<Box<dyn Future<Output = Result<(), LoginError>> + Send + '_>> {
        Box::pin(async move {
            let by = Authenticated(self.by.clone()).recheck().await?;
            ask_policy::<U, P, _>(&by, &self.request, &self.state).await
        })
    }
}
