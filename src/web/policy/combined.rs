//! Policies that are made of policies.

use std::marker::PhantomData;

use axum::extract::FromRef;

use crate::{
    error::BoxError,
    session::{Allowed, Authenticated, Policy, let_in},
    user::AuthUser,
    web::policy::Never,
};

/// Both must say yes: `Allowed<Account, And<IsStaff, IsTrained>>`.
///
/// `B` is asked only if `A` says yes. An error of the one that is asked is the
/// error of both. It proves to an area of `A` what `A` proves; the order counts.
///
/// # Example
///
/// ```
/// use portcullis::{Allowed, And, HasRole, Login, Not, Role, Routes};
/// # use portcullis::{AuthHash, AuthUser, OneFactor};
/// # struct Account { works_here: bool, is_trainee: bool }
/// # impl AuthUser for Account {
/// #     type Id = u64;
/// #     type Factors = OneFactor;
/// #     fn id(&self) -> u64 { 1 }
/// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
/// # }
/// # enum StaffRole {}
/// # impl Role<Account> for StaffRole { fn is_held_by(account: &Account) -> bool { account.works_here } }
/// # enum TraineeRole {}
/// # impl Role<Account> for TraineeRole { fn is_held_by(account: &Account) -> bool { account.is_trainee } }
///
/// type IsStaff = HasRole<StaffRole>;
/// type IsTrained = Not<HasRole<TraineeRole>>;
///
/// async fn overview(_: Allowed<Account, IsStaff>) {}
/// async fn refund(by: Allowed<Account, And<IsStaff, IsTrained>>) {
///     let (_staff, _trained) = by.into_both();
/// }
///
/// let routes: Routes<Login<Account>> = Routes::new()
///     .area::<Allowed<Account, IsStaff>>("/admin", |area| area.get("/", overview).post("/refund", refund));
/// # let _ = routes;
/// ```
#[derive(Debug)]
pub struct And<A, B>(Never, PhantomData<fn() -> (A, B)>);

/// One must say yes: `Or<IsAuthor, IsEditor>`.
///
/// `B` is asked only if `A` says no. An error of the one that is asked is the
/// error of both: an `A` that can't say is no reason to ask `B`.
#[derive(Debug)]
pub struct Or<A, B>(Never, PhantomData<fn() -> (A, B)>);

/// It must say no: `Not<IsSuspended>`. An error stays one.
#[derive(Debug)]
pub struct Not<A>(Never, PhantomData<fn() -> A>);

/// The state of two policies: there wherever both parts are.
#[derive(Debug)]
pub struct Both<A, B>(A, B);

impl<S, A: FromRef<S>, B: FromRef<S>> FromRef<S> for Both<A, B> {
    fn from_ref(state: &S) -> Self {
        Self(A::from_ref(state), B::from_ref(state))
    }
}

impl<U: AuthUser, On: Sync, A, B> Policy<U, On> for And<A, B>
where
    A: Policy<U, On>,
    B: Policy<U, On>,
{
    type State = Both<A::State, B::State>;
    type Error = BoxError;

    async fn allows(
        by: &Authenticated<U>,
        on: &On,
        Both(a, b): &Self::State,
    ) -> Result<bool, BoxError> {
        Ok(A::allows(by, on, a).await.map_err(Into::into)?
            && B::allows(by, on, b).await.map_err(Into::into)?)
    }
}

impl<U: AuthUser, On: Sync, A, B> Policy<U, On> for Or<A, B>
where
    A: Policy<U, On>,
    B: Policy<U, On>,
{
    type State = Both<A::State, B::State>;
    type Error = BoxError;

    async fn allows(
        by: &Authenticated<U>,
        on: &On,
        Both(a, b): &Self::State,
    ) -> Result<bool, BoxError> {
        Ok(A::allows(by, on, a).await.map_err(Into::into)?
            || B::allows(by, on, b).await.map_err(Into::into)?)
    }
}

impl<U: AuthUser, On: Sync, A: Policy<U, On>> Policy<U, On> for Not<A> {
    type State = A::State;
    type Error = A::Error;

    async fn allows(
        by: &Authenticated<U>,
        on: &On,
        state: &Self::State,
    ) -> Result<bool, Self::Error> {
        Ok(!A::allows(by, on, state).await?)
    }
}

/// The bounds leave no combination to a rule of your own, which could ask neither.
impl<U: AuthUser, A: Policy<U>, B: Policy<U>> Allowed<U, And<A, B>> {
    /// The proof of each, for code that asks for one of them.
    pub fn into_both(self) -> (Allowed<U, A>, Allowed<U, B>) {
        let by = self.into_authenticated();
        let again = Authenticated(by.0.clone());
        (let_in(by), let_in(again))
    }
}
