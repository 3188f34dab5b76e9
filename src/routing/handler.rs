//! What makes a function a handler: the traits behind [`Routes`](crate::Routes).
//!
//! Every compile error about a route is written here, but for a state without
//! the `Login` of a guard (`LoginState`). `Routes::get` asks, in
//! this order, so that each mistake meets one bound first:
//!
//! | bound | question |
//! |---|---|
//! | `H: Function<A>` | Is it a function? `A` is the tuple of its arguments. |
//! | `A::First: Access` | Does its first argument say who may call? |
//! | `Guard<A>: Proves<G>` | Does that prove what this area asks for? |
//! | `Right<A>: MayBeGet` | Is it safe to answer a link with it? |
//! | `H: Asks<Guard<A>, S, W>` | Can it be asked for with this state? |
//! | `H: Takes<Checked<A>, A::First, M, S>` | Are the other arguments axum extractors? |
//! | `H: Handler<Checked<A>, M, S>` | Does it give a response? |
//!
//! `S` is the app's state and `G` what the area proves. rustc infers `M`, how
//! axum takes the last argument, and `W`, which realm plain `Anonymous` means.
//!
//! [`Guard`], [`Right`] and [`Checked`] go through [`Access`] on purpose: when
//! the first argument is no guard they can't be named either, so rustc reports
//! that and nothing else.
//!
//! What implements the bounds is not recommended: rustc would quote it beside
//! each message, where it says nothing to whoever reads that.
//!
//! Why not axum's `Handler`? Anybody can implement it, for a type that asks for
//! nothing. What these traits do takes a `Seal`, which nobody
//! outside can write.

use std::{future::Future, pin::Pin};

use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts, Request},
    http::request::Parts,
    response::{IntoResponse, Response},
};

use crate::session::recheck_what_is_old;

/// A function with the arguments `Args`, or [`public`](crate::public) around an axum handler.
///
/// Nobody else can be one: only the compiler says what a function is.
pub trait Function<Args>: sealed::Function<Args> + Clone + Send + Sync + 'static {}

/// The arguments of a function.
pub trait Arguments: sealed::Arguments {
    /// The first of them.
    type First;
    /// All others, in their order.
    type Others;
    #[doc(hidden)]
    fn of(first: Self::First, others: Self::Others, seal: sealed::Seal) -> Self;
}

/// The first argument of a handler that has none.
#[derive(Debug)]
pub enum NoArguments {}

/// A first argument that says who may call: a proof, a
/// [`Session`](crate::Session), a look such as [`CurrentUser`](crate::CurrentUser),
/// [`By<T>`](crate::By), or a pair of them for two realms. A pair proves to an
/// area what its first guard proves; for three realms nest it: `((A, B), C)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say who may call this route",
    label = "the first argument of this handler is no guard",
    note = "make the guard the first argument: `Authenticated<User>`, `Fresh<User>`, `Session<Anonymous>`, …",
    note = "or say that everyone may call it: `public(handler)`",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait Access: sealed::Access + Sized + Send {
    /// What it may do to the login state: [`Reads`], [`LogsIn`] or [`Changes`].
    type Right;
    /// Always `Self`: see [`Guard`].
    type Guard;
    /// Always `Args`: see [`Checked`].
    type With<Args>;
    #[doc(hidden)]
    fn from_guard(guard: Self::Guard) -> Self;
}

/// The first argument of `A`, known to be a guard.
pub type Guard<A> = <<A as Arguments>::First as Access>::Guard;

/// What the guard of `A` may do to the login state.
pub type Right<A> = <<A as Arguments>::First as Access>::Right;

/// `A`, its first argument known to be a guard.
pub type Checked<A> = <<A as Arguments>::First as Access>::With<A>;

/// The right of a guard that changes nothing.
#[derive(Debug)]
pub enum Reads {}

/// The right of a guard that may begin or finish a login: `Session<Anonymous>`,
/// `Session<Pending<U>>`, [`AnySession`](crate::AnySession).
#[derive(Debug)]
pub enum LogsIn {}

/// The right of a guard that may change or end a login.
#[derive(Debug)]
pub enum Changes {}

/// A guard whose presence proves `G`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not prove `{G}`",
    label = "everything in this area must prove `{G}`",
    note = "make `{G}`, or a stronger guard, the handler's first argument; of a pair the first one counts",
    note = "a route that others may call belongs outside of the area",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait Proves<G>: sealed::Proves<G> {}

/// What routes prove that may be put into an area of `G`.
#[diagnostic::on_unimplemented(
    message = "these routes prove `{Self}`, and everything in this area must prove `{G}`",
    label = "they were not made for this area",
    note = "`Routes::new()` proves nothing (`Anyone`), whatever its handlers ask for",
    note = "write `.area(path, function)` with `fn function(area: Routes<State, {G}>) -> Routes<State, {G}>`",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait Fits<G>: Proves<G> {}
#[diagnostic::do_not_recommend]
impl<P: Proves<G>, G> Fits<G> for P {}

/// What routes prove that are in no area: nothing.
#[diagnostic::on_unimplemented(
    message = "everything in this area must prove `{Self}`, and this is open to everyone",
    label = "it has no place in an area",
    note = "put it beside the area, on the `Routes` at the top",
    note = "a service that only those may see who prove `{Self}` is `.service(path, service)`",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait AtTheTop: sealed::Proves<crate::routing::open::Everyone> {}
#[diagnostic::do_not_recommend]
impl AtTheTop for crate::routing::Anyone {}

/// A right that may be held by a route that answers GET.
#[diagnostic::on_unimplemented(
    message = "this handler may change the login state, and any site can send a browser to this route",
    label = "a link, an image or a foreign form could trigger it",
    note = "use `.post(…)`; a link to it becomes a form with a button",
    note = "for the way back from an OAuth provider there is `.get_callback(…)`",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait MayBeGet: sealed::Right {}
#[diagnostic::do_not_recommend]
impl MayBeGet for Reads {}

/// What an area proves in which a service may stand, which answers every method: a
/// guard that changes no login. `Anyone` is here so that at the top one thing is told.
pub trait MayServe {}
impl<G: Access<Right: MayBeGet>> MayServe for G {}
#[diagnostic::do_not_recommend]
impl MayServe for crate::routing::Anyone {}

/// A right that may be held by a route that another site sends the browser back to.
#[diagnostic::on_unimplemented(
    message = "a callback begins a login, and this guard is not for that",
    label = "expected `Session<Anonymous>`, `Session<Pending<User>>` or `AnySession<User>` as the first argument",
    note = "a page that only reads is `.get(…)`; what changes a login is `.post(…)`",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait MayBeCallback: sealed::Right {}
#[diagnostic::do_not_recommend]
impl MayBeCallback for LogsIn {}

/// The right of two guards that may both change a login state: nobody's.
#[derive(Debug)]
pub enum ChangesTwice {}

/// A right of which a request can hold one.
#[diagnostic::on_unimplemented(
    message = "two guards of this handler may change a login state",
    label = "one request changes one login",
    note = "ask for the proof of the other realm: `(Session<…>, Authenticated<Staff>)`",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait ChangesOnce: sealed::Right {}
#[diagnostic::do_not_recommend]
impl ChangesOnce for Reads {}
#[diagnostic::do_not_recommend]
impl ChangesOnce for LogsIn {}
#[diagnostic::do_not_recommend]
impl ChangesOnce for Changes {}

/// The rights of two guards together.
pub trait Beside<R>: sealed::Right {
    /// The right of both.
    type Both;
}

/// A guard that can be asked for with the state `S`. `W` is inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is nothing that could be asked for with the state `{S}`",
    label = "there is no login to ask for here",
    note = "a service for everyone is `.public_service(path, service)`",
    note = "one for users goes into an area: `.area::<Authenticated<User>>(path, …)`",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait Ask<S, W = ()>: sealed::Access + Sized {
    #[doc(hidden)]
    fn ask(
        parts: &mut Parts,
        state: &S,
        seal: sealed::Seal,
    ) -> impl Future<Output = Result<Self, Response>> + Send;
}

/// A function whose guard can be asked for. Of the function, so that rustc underlines
/// that.
pub trait Asks<G, S, W> {
    #[doc(hidden)]
    fn ask(
        parts: &mut Parts,
        state: &S,
        seal: sealed::Seal,
    ) -> impl Future<Output = Result<G, Response>> + Send;
}

impl<H, G: Ask<S, W>, S, W> Asks<G, S, W> for H {
    fn ask(
        parts: &mut Parts,
        state: &S,
        seal: sealed::Seal,
    ) -> impl Future<Output = Result<G, Response>> + Send {
        G::ask(parts, state, seal)
    }
}

/// A function of which all arguments but the first are axum extractors.
pub trait Takes<A, First, M, S> {
    #[doc(hidden)]
    type Others: Others<M, S>;

    #[doc(hidden)]
    fn arguments(first: First, others: Self::Others, seal: sealed::Seal) -> A;
}

impl<H, A: Arguments<Others: Others<M, S>>, M, S> Takes<A, A::First, M, S> for H {
    type Others = A::Others;

    fn arguments(first: A::First, others: A::Others, seal: sealed::Seal) -> A {
        A::of(first, others, seal)
    }
}

/// All arguments of a function but the first.
pub trait Others<M, S>: Sized + Send {
    #[doc(hidden)]
    fn extract(
        parts: Parts,
        body: Body,
        state: &S,
        seal: sealed::Seal,
    ) -> impl Future<Output = Result<Self, Response>> + Send;
}

/// One of them between the first and the last: an axum extractor that leaves the body.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no extractor",
    label = "after the guard come axum's extractors",
    note = "a guard is the first argument; guards of two realms are one argument: `(Authenticated<User>, Session<Anonymous<Staff>>)`",
    note = "an extractor is `FromRequestParts`, and the last argument may take the body: `FromRequest`",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait Argument<S>: FromRequestParts<S> {}
#[diagnostic::do_not_recommend]
impl<T: FromRequestParts<S>, S> Argument<S> for T {}

/// The last of them: an axum extractor that may take the body.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no extractor",
    label = "after the guard come axum's extractors",
    note = "a guard is the first argument; guards of two realms are one argument: `(Authenticated<User>, Session<Anonymous<Staff>>)`",
    note = "an extractor is `FromRequestParts`, or as the last argument `FromRequest`",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait LastArgument<S, M>: FromRequest<S, M> {}
#[diagnostic::do_not_recommend]
impl<T: FromRequest<S, M>, S, M> LastArgument<S, M> for T {}

/// A function that answers a request.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler",
    label = "expected an `async fn` that returns a response, its first argument a guard",
    note = "it answers with what is `IntoResponse`, in a `Result` both sides of it; what it keeps over an `.await` is `Send`",
    note = "it has at most sixteen arguments; a closure is `Clone + Send + Sync + 'static`",
    note = "inside of `public(…)` it has axum's extractors only: with a guard as first argument, leave `public` away",
    note = "see https://docs.rs/portcullis/latest/portcullis/compile_errors"
)]
pub trait Handler<A, M, S>: Function<A> {
    #[doc(hidden)]
    type Call: sealed::Call<S>;

    #[doc(hidden)]
    fn into_call<First, W>(self, seal: sealed::Seal) -> Self::Call
    where
        Self: Asks<First::Guard, S, W> + Takes<A, First, M, S>,
        First: Access + 'static,
        W: 'static;
}

pub(super) type BoxedAnswer = Pin<Box<dyn Future<Output = Response> + Send>>;

/// Asks for the guard, then for the other arguments, then calls: who may not
/// call is refused before anything else of the request is looked at.
///
/// Not an `async fn`, whose future would hold the request twice.
pub(super) fn answer<H, A, First, M, S, W>(
    handler: H,
    request: Request,
    state: S,
) -> impl Future<Output = Response> + Send
where
    H: sealed::Function<A, Output: Future<Output: IntoResponse> + Send> + Send,
    H: Asks<First::Guard, S, W> + Takes<A, First, M, S>,
    A: Send,
    First: Access,
    S: Send + Sync,
{
    let (mut parts, body) = request.into_parts();
    async move {
        let guard = match H::ask(&mut parts, &state, sealed::Seal).await {
            Ok(guard) => First::from_guard(guard),
            Err(refusal) => return refusal,
        };
        let others = match H::Others::extract(parts, body, &state, sealed::Seal).await {
            Ok(others) => others,
            Err(rejection) => return rejection,
        };
        if let Err(error) = recheck_what_is_old().await {
            return error.into_response();
        }
        let arguments = H::arguments(guard, others, sealed::Seal);
        handler.call(arguments).await.into_response()
    }
}

pub(super) mod sealed {
    use std::future::Future;

    use axum::{extract::Request, response::Response};

    /// Nobody outside can write this type, so nobody can write a method that takes it.
    #[derive(Clone, Copy, Debug)]
    pub struct Seal;

    pub trait Function<Args> {
        type Output;
        fn call(self, args: Args) -> Self::Output;
    }

    /// What answers once it is mounted.
    pub trait Call<S>: Clone + Send + Sync + 'static {
        type Answer: Future<Output = Response> + Send + 'static;
        fn call(self, request: Request, state: S) -> Self::Answer;
    }

    pub trait Arguments {}

    pub trait Access {
        /// Does it let everyone in?
        const OPEN: bool;

        /// The user types it is about, to see that they differ.
        fn users(users: &mut Vec<std::any::TypeId>);
    }

    pub trait Proves<G> {
        /// What is wrong that traits can't compare, such as two numbers.
        const FAULT: Option<&'static str> = None;

        /// Nothing is: with a fault this has no value, so that the program is not built,
        /// and none that is built panics.
        const HOLDS: () = {
            if let Some(fault) = Self::FAULT {
                panic!("{}", fault)
            }
        };
    }

    pub trait Right {}
    impl Right for super::Reads {}
    impl Right for super::LogsIn {}
    impl Right for super::Changes {}
    impl Right for super::ChangesTwice {}
}
