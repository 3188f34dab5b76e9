//! Permission for an object: the object, in the hands of somebody who may.

use std::{fmt, marker::PhantomData, ops::Deref, sync::Arc};

use crate::{
    error::LoginError,
    manager::Login,
    session::{Authenticated, Policy, ask_policy},
    user::AuthUser,
    web::{NeedsNoState, StateWith},
};

/// An object, with the proof that the [policy](Policy) `P` lets this user have it.
///
/// From [`Login::allow`]. Ask for it where the object is changed, and nobody
/// gets there without the check; it derefs to the object that was checked, so
/// the check of another one is of no use.
///
/// # Example
///
/// ```
/// use axum::extract::{Path, State};
/// use portcullis::{Authenticated, Granted, Login, LoginError};
/// # use std::convert::Infallible;
/// # use portcullis::{AuthHash, AuthUser, NoState, OneFactor, Policy};
/// # struct Account { id: u64 }
/// # impl AuthUser for Account {
/// #     type Id = u64;
/// #     type Factors = OneFactor;
/// #     fn id(&self) -> u64 { self.id }
/// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
/// # }
/// # struct Order { number: u64, of: u64 }
/// # enum MayCancel {}
/// # impl Policy<Account, Order> for MayCancel {
/// #     type State = NoState;
/// #     type Error = Infallible;
/// #     async fn allows(by: &Authenticated<Account>, order: &Order, _: &NoState) -> Result<bool, Infallible> { Ok(order.of == by.id) }
/// # }
/// # #[derive(Clone)] struct Db;
/// # impl Db { async fn order(&self, number: u64) -> Order { Order { number, of: 1 } } }
///
/// async fn cancel(order: Granted<Account, MayCancel, Order>) {
///     println!("user {} cancels order {}", order.granted_to().id, order.number);
/// }
///
/// async fn cancel_order(
///     by: Authenticated<Account>,
///     login: Login<Account>,
///     State(db): State<Db>,
///     Path(number): Path<u64>,
/// ) -> Result<&'static str, LoginError> {
///     let order = db.order(number).await;
///     cancel(login.allow(&by, order).await?).await; // which policy? the one that `cancel` asks for
///     Ok("cancelled")
/// }
/// ```
///
/// # Security
///
/// It says what was true when the policy was asked, and stays when the user logs
/// out: it is a permission, and no proof of a login. It gives no `&mut` to the
/// object, for another could be put in its place; [`into_object`](Self::into_object)
/// gives the object, and the proof is gone.
pub struct Granted<U, P, On> {
    object: On,
    by: Authenticated<U>,
    /// In and out, so that no subtype of `P` passes for it.
    policy: PhantomData<fn(P) -> P>,
    /// As well: a policy may say another thing of a subtype of `On`.
    kind: PhantomData<fn(On) -> On>,
}

impl<U: AuthUser> Login<U> {
    /// Asks a policy whether this user may have this object: [`Granted`], if so.
    ///
    /// Which policy is what the code asks for that gets it, or is said:
    /// `login.allow::<MayCancel, _>(&by, order)`.
    ///
    /// # Errors
    ///
    /// [`is_forbidden`](LoginError::is_forbidden) if the policy says no: 403.
    /// [`is_policy`](LoginError::is_policy) if it can't say: 500. Whoever must not
    /// even learn that the object exists is better answered with 404.
    pub async fn allow<P, On>(
        &self,
        by: &Authenticated<U>,
        object: On,
    ) -> Result<Granted<U, P, On>, LoginError>
    where
        P: Policy<U, On>,
        P::State: NeedsNoState,
    {
        self.ask(by, object, &P::State::none()).await
    }

    /// As [`allow`](Self::allow), for a policy that needs a part of the app's
    /// state: `login.allow_with(&by, order, &db)`. The whole state does as well.
    ///
    /// # Errors
    ///
    /// As [`allow`](Self::allow).
    pub async fn allow_with<P, On, S>(
        &self,
        by: &Authenticated<U>,
        object: On,
        state: &S,
    ) -> Result<Granted<U, P, On>, LoginError>
    where
        P: Policy<U, On>,
        S: StateWith<P::State>,
    {
        self.ask(by, object, &state.part()).await
    }

    async fn ask<P: Policy<U, On>, On>(
        &self,
        by: &Authenticated<U>,
        object: On,
        state: &P::State,
    ) -> Result<Granted<U, P, On>, LoginError> {
        let core = &self.0.core;
        if !Arc::ptr_eq(core, &by.0.realm.core) {
            let mend = "ask the `Login` of the realm whose proof it is for permission";
            return Err(LoginError::misuse(core.realm(), mend));
        }
        ask_policy::<U, P, On>(by, &object, state).await?;
        Ok(hand_over(Authenticated(by.0.clone()), object))
    }
}

impl<U, P, On> Granted<U, P, On> {
    /// Who may.
    pub fn granted_to(&self) -> &U {
        &self.by
    }

    /// The object, without the proof: to change it and save it.
    pub fn into_object(self) -> On {
        self.object
    }
}

/// The caller has asked the policy.
pub(crate) fn hand_over<U, P, On>(by: Authenticated<U>, object: On) -> Granted<U, P, On> {
    Granted {
        object,
        by,
        policy: PhantomData,
        kind: PhantomData,
    }
}

impl<U, P, On> Deref for Granted<U, P, On> {
    type Target = On;

    fn deref(&self) -> &On {
        &self.object
    }
}

impl<U, P, On> fmt::Debug for Granted<U, P, On> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Granted")
            .field("session", &self.by.0.info.id())
            .finish_non_exhaustive()
    }
}
