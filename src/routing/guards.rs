//! Which types are guards, what each may change, proves and takes to be asked.

use std::any::TypeId;

use axum::{
    http::request::Parts,
    response::{IntoResponse, Response},
};

use crate::{
    error::LoginError,
    routing::{
        Anyone,
        handler::{Access, Ask, Beside, Changes, ChangesTwice, LogsIn, Proves, Reads, sealed},
        open::Everyone,
    },
    session::{
        Allowed, Anonymous, AnySession, Authenticated, Fault, Fresh, FreshWindow, OnlyRealm,
        Pending, Policy, Session, Window, wider,
    },
    user::AuthUser,
    web::{And, By, CurrentUser, HoldsProof, LoginState, StateWith, ask, find::Use},
};

/// Declares guards: whether they let everyone in, their right, and the user
/// types they are about.
macro_rules! guards {
    ($([$($param:tt)*] $guard:ty: $open:expr, $right:ty, |$users:ident| $about:expr;)*) => {$(
        impl<$($param)*> sealed::Access for $guard {
            const OPEN: bool = $open;

            fn users($users: &mut Vec<TypeId>) {
                $about
            }
        }

        #[diagnostic::do_not_recommend]
        impl<$($param)*> Access for $guard {
            type Right = $right;
            type Guard = Self;
            type With<Args> = Args;

            fn from_guard(guard: Self) -> Self {
                guard
            }
        }
    )*};
}

guards! {
    [U: 'static] Anonymous<U>: true, Reads, |users| users.push(TypeId::of::<U>());
    [U: AuthUser] Pending<U>: false, Reads, |users| users.push(TypeId::of::<U>());
    [U: AuthUser] Authenticated<U>: false, Reads, |users| users.push(TypeId::of::<U>());
    [U: AuthUser, W] Fresh<U, W>: false, Reads, |users| users.push(TypeId::of::<U>());
    [U: AuthUser, P] Allowed<U, P>: false, Reads, |users| users.push(TypeId::of::<U>());
    [U: AuthUser] Option<Authenticated<U>>: true, Reads, |users| users.push(TypeId::of::<U>());
    [U: AuthUser] CurrentUser<U>: true, Reads, |users| users.push(TypeId::of::<U>());
    [U: AuthUser] AnySession<U>: true, LogsIn, |users| users.push(TypeId::of::<U>());
    [U: 'static] Session<Anonymous<U>>: true, LogsIn, |users| users.push(TypeId::of::<U>());
    [U: AuthUser] Session<Pending<U>>: false, LogsIn, |users| users.push(TypeId::of::<U>());
    [U: AuthUser] Session<Authenticated<U>>: false, Changes, |users| users.push(TypeId::of::<U>());
    [U: AuthUser, W] Session<Fresh<U, W>>: false, Changes, |users| users.push(TypeId::of::<U>());
    [U: AuthUser, P] Session<Allowed<U, P>>: false, Changes, |users| users.push(TypeId::of::<U>());
    [T: HoldsProof<Proof: Access>] By<T>: <T::Proof as sealed::Access>::OPEN, <T::Proof as Access>::Right, |users| <T::Proof as sealed::Access>::users(users);
}

impl<A: sealed::Access, B: sealed::Access> sealed::Access for (A, B) {
    const OPEN: bool = A::OPEN && B::OPEN;

    fn users(users: &mut Vec<TypeId>) {
        A::users(users);
        B::users(users);
    }
}

#[diagnostic::do_not_recommend]
impl<A: Access<Right: Beside<B::Right>>, B: Access> Access for (A, B) {
    type Right = <A::Right as Beside<B::Right>>::Both;
    // Through both, so that neither can be named where one is no guard.
    type Guard = (A::Guard, B::Guard);
    type With<Args> = A::With<B::With<Args>>;

    fn from_guard((a, b): Self::Guard) -> Self {
        (A::from_guard(a), B::from_guard(b))
    }
}

/// Whose right counts for a pair: the stronger one, and two are too many.
macro_rules! beside {
    ($($one:ty, $other:ty => $both:ty;)*) => {$(
        impl Beside<$other> for $one {
            type Both = $both;
        }
    )*};
}

beside! {
    Reads, Reads => Reads;
    Reads, LogsIn => LogsIn;
    Reads, Changes => Changes;
    LogsIn, Reads => LogsIn;
    Changes, Reads => Changes;
    LogsIn, LogsIn => ChangesTwice;
    LogsIn, Changes => ChangesTwice;
    Changes, LogsIn => ChangesTwice;
    Changes, Changes => ChangesTwice;
}

/// Declares what proves what. [`Anyone`] and [`Everyone`] prove each other so
/// that rustc, which quotes the only impl of a type, has two and quotes none.
macro_rules! proves {
    ($([$($param:tt)*] $guard:ty => $proof:ty;)*) => {$(
        impl<$($param)*> sealed::Proves<$proof> for $guard {}
        #[diagnostic::do_not_recommend]
        impl<$($param)*> Proves<$proof> for $guard {}
    )*};
}

proves! {
    [] Anyone => Anyone;
    [] Anyone => Everyone;
    [] Everyone => Anyone;
    [] Everyone => Everyone;
    [U] Anonymous<U> => Anyone;
    [U] Anonymous<U> => Anonymous<U>;
    [U] Option<Authenticated<U>> => Anyone;
    [U] Option<Authenticated<U>> => Option<Authenticated<U>>;
    [U] CurrentUser<U> => Anyone;
    [U] CurrentUser<U> => CurrentUser<U>;
    [U: AuthUser] AnySession<U> => Anyone;
    [U] Pending<U> => Anyone;
    [U] Pending<U> => Pending<U>;
    [U] Authenticated<U> => Anyone;
    [U] Authenticated<U> => Authenticated<U>;
    [U, W] Fresh<U, W> => Anyone;
    [U, W] Fresh<U, W> => Authenticated<U>;
    [U, W] Fresh<U, W> => Fresh<U>;
    [U, P] Allowed<U, P> => Anyone;
    [U, P] Allowed<U, P> => Authenticated<U>;
    [U, P] Allowed<U, P> => Allowed<U, P>;
    [U: AuthUser, A: Policy<U>, B: Policy<U>] Allowed<U, And<A, B>> => Allowed<U, A>;
    [T: HoldsProof] By<T> => Anyone;
    [T: HoldsProof] By<T> => By<T>;
    [T: HoldsProof<Proof: Proves<Authenticated<U>>>, U] By<T> => Authenticated<U>;
    [T: HoldsProof<Proof: Proves<Fresh<U>>>, U] By<T> => Fresh<U>;
    [T: HoldsProof<Proof: Proves<Allowed<U, P>>>, U, P] By<T> => Allowed<U, P>;
}

/// Of two windows with a name the numbers say which is the stronger proof.
impl<U, A: FreshWindow, B: FreshWindow> sealed::Proves<Fresh<U, B>> for Fresh<U, A> {
    const FAULT: Fault = wider::<A, B>();
}
#[diagnostic::do_not_recommend]
impl<U, A: FreshWindow, B: FreshWindow> Proves<Fresh<U, B>> for Fresh<U, A> {}

impl<T: HoldsProof<Proof: Proves<Fresh<U, W>>>, U, W: FreshWindow> sealed::Proves<Fresh<U, W>>
    for By<T>
{
    const FAULT: Fault = T::Proof::FAULT;
}
#[diagnostic::do_not_recommend]
impl<T: HoldsProof<Proof: Proves<Fresh<U, W>>>, U, W: FreshWindow> Proves<Fresh<U, W>> for By<T> {}

impl<P: Proves<G>, G> sealed::Proves<G> for Session<P> {
    const FAULT: Fault = P::FAULT;
}
#[diagnostic::do_not_recommend]
impl<P: Proves<G>, G> Proves<G> for Session<P> {}

/// The first of several guards proves what its area asks for.
impl<A: Proves<G>, B, G> sealed::Proves<G> for (A, B) {
    const FAULT: Fault = A::FAULT;
}
#[diagnostic::do_not_recommend]
impl<A: Proves<G>, B, G> Proves<G> for (A, B) {}

/// How a guard of one realm is asked for.
macro_rules! asked {
    ([$($param:tt)*] $guard:ty, $w:ty, $user:ty: |$ask:ident| $answer:expr) => {
        impl<S: LoginState<$user>, $($param)*> Ask<S, $w> for $guard {
            async fn ask(parts: &mut Parts, state: &S, _: sealed::Seal) -> Result<Self, Response> {
                let $ask = ask::Ask { login: state.login(), request: parts };
                $answer.map_err(IntoResponse::into_response)
            }
        }
    };
}

asked!([U: AuthUser] Anonymous<U>, (), U: |ask| ask.anonymous().await);
asked!([U: AuthUser] Anonymous<OnlyRealm>, Only<U>, U: |ask| ask.anonymous().await);
asked!([U: AuthUser] Pending<U>, (), U: |ask| ask.pending().await);
asked!([U: AuthUser] Authenticated<U>, (), U: |ask| ask.authenticated().await);
asked!([U: AuthUser, W: Window] Fresh<U, W>, (), U: |ask| ask.fresh().await);
asked!([U: AuthUser] Option<Authenticated<U>>, (), U: |ask| ask.look().await);
asked!([U: AuthUser] CurrentUser<U>, (), U: |ask| ask.current_user(Use::Guard).await);
asked!([U: AuthUser] AnySession<U>, (), U: |ask| ask.any_session().await);
asked!([U: AuthUser] Session<Anonymous<U>>, (), U: |ask| with_ticket(&ask, ask.anonymous().await).await);
asked!([U: AuthUser] Session<Anonymous<OnlyRealm>>, Only<U>, U: |ask| with_ticket(&ask, ask.anonymous().await).await);
asked!([U: AuthUser] Session<Pending<U>>, (), U: |ask| with_ticket(&ask, ask.pending().await).await);
asked!([U: AuthUser] Session<Authenticated<U>>, (), U: |ask| with_ticket(&ask, ask.authenticated().await).await);
asked!([U: AuthUser, W: Window] Session<Fresh<U, W>>, (), U: |ask| with_ticket(&ask, ask.fresh().await).await);

/// How a guard is asked for that asks a policy as well.
macro_rules! allowed {
    ($guard:ty, |$ask:ident, $part:ident| $answer:expr) => {
        impl<S, U: AuthUser, P: Policy<U>> Ask<S> for $guard
        where
            S: LoginState<U> + StateWith<P::State>,
        {
            async fn ask(parts: &mut Parts, state: &S, _: sealed::Seal) -> Result<Self, Response> {
                let $ask = ask::Ask {
                    login: state.login(),
                    request: parts,
                };
                let $part: P::State = state.part();
                $answer.map_err(IntoResponse::into_response)
            }
        }
    };
}

allowed!(Allowed<U, P>, |ask, part| ask.allowed(part).await);
allowed!(Session<Allowed<U, P>>, |ask, part| with_ticket(
    &ask,
    ask.allowed(part).await
)
.await);

/// Who came with the request itself has no session to change, whatever it is asked for.
async fn with_ticket<U: AuthUser, P>(
    ask: &ask::Ask<'_, U>,
    proof: Result<P, LoginError>,
) -> Result<Session<P>, LoginError> {
    // Where nobody knows who it is, asking once more takes as long once more.
    let proof = match proof {
        Err(error) if error.is_store() || error.is_loader() || error.is_policy() => {
            return Err(error);
        }
        proof => proof,
    };
    let ticket = ask.ticket_for_a_session().await?;
    Ok(Session {
        proof: proof?,
        ticket,
    })
}

/// Stands for the user type that plain [`Anonymous`] does not name: the state
/// has one `Login`, so it can be inferred.
#[derive(Debug)]
pub struct Only<U>(std::marker::PhantomData<fn() -> U>);

impl<S, W, T> Ask<S, W> for By<T>
where
    S: Sync + StateWith<T::State>,
    T: HoldsProof<Proof: Access + Ask<S, W>, State: Send + Sync>,
{
    async fn ask(parts: &mut Parts, state: &S, _: sealed::Seal) -> Result<Self, Response> {
        let proof = T::Proof::ask(parts, state, sealed::Seal).await?;
        let held = T::from_proof(proof, parts, &state.part()).await;
        held.map(By::new).map_err(IntoResponse::into_response)
    }
}

impl<S, WA, WB, A, B> Ask<S, (WA, WB)> for (A, B)
where
    S: Sync,
    A: Ask<S, WA> + Access<Right: Beside<B::Right>>,
    B: Ask<S, WB> + Access,
{
    async fn ask(parts: &mut Parts, state: &S, _: sealed::Seal) -> Result<Self, Response> {
        Ok((
            A::ask(parts, state, sealed::Seal).await?,
            B::ask(parts, state, sealed::Seal).await?,
        ))
    }
}
