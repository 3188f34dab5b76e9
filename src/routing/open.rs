//! Routes that everyone may call.

use std::{fmt, marker::PhantomData};

use axum::{extract::Request, http::request::Parts, response::Response};

use crate::routing::handler::{Access, Arguments, Ask, Function, Handler, Reads, sealed};

/// Says that everyone may call an axum handler: `.get("/about", public(about))`.
///
/// The handler is an ordinary one: any extractors, no guard. It may look who is
/// there with [`CurrentUser`](crate::CurrentUser). What it can't ask for is a
/// proof or a [`Session`](crate::Session).
///
/// # Example
///
/// ```
/// use axum::extract::Path;
/// use portcullis::{Routes, public};
///
/// async fn article(Path(title): Path<String>) -> String {
///     format!("All about {title}")
/// }
///
/// let routes: Routes = Routes::new().get("/articles/{title}", public(article));
/// ```
pub fn public<H, T>(handler: H) -> Public<H, T> {
    Public {
        handler,
        arguments: PhantomData,
    }
}

/// A handler that everyone may call: from [`public`].
#[must_use = "it is mounted with `.get(path, public(handler))` and its siblings"]
pub struct Public<H, T> {
    handler: H,
    arguments: PhantomData<fn() -> T>,
}

impl<H: Clone, T> Clone for Public<H, T> {
    fn clone(&self) -> Self {
        public(self.handler.clone())
    }
}

impl<H, T> fmt::Debug for Public<H, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Public")
    }
}

/// The guard of a public route: none. Nobody outside can name it, so the word for an
/// open handler is `public`.
#[derive(Debug)]
pub struct Everyone(());

/// The arguments of a public route, which only axum looks at.
#[derive(Debug)]
pub struct PublicArguments<T>(PhantomData<fn() -> T>);

impl<T> sealed::Arguments for PublicArguments<T> {}

impl<T> Arguments for PublicArguments<T> {
    type First = Everyone;
    type Others = ();

    fn of(_: Everyone, (): (), _: sealed::Seal) -> Self {
        Self(PhantomData)
    }
}

impl sealed::Access for Everyone {
    const OPEN: bool = true;

    fn users(_: &mut Vec<std::any::TypeId>) {}
}

#[diagnostic::do_not_recommend]
impl Access for Everyone {
    type Right = Reads;
    type Guard = Self;
    type With<Args> = Args;

    fn from_guard(guard: Self) -> Self {
        guard
    }
}

impl<S: Sync> Ask<S> for Everyone {
    async fn ask(_: &mut Parts, _: &S, _: sealed::Seal) -> Result<Self, Response> {
        Ok(Self(()))
    }
}

impl<H, T> sealed::Function<PublicArguments<T>> for Public<H, T> {
    type Output = ();

    fn call(self, _: PublicArguments<T>) {}
}

impl<H, T> Function<PublicArguments<T>> for Public<H, T>
where
    H: Clone + Send + Sync + 'static,
    T: 'static,
{
}

#[diagnostic::do_not_recommend]
impl<H, T, S> Handler<PublicArguments<T>, (), S> for Public<H, T>
where
    H: axum::handler::Handler<T, S>,
    T: 'static,
    S: 'static,
{
    type Call = Self;

    fn into_call<First, W>(self, _: sealed::Seal) -> Self {
        self
    }
}

impl<H, T, S> sealed::Call<S> for Public<H, T>
where
    H: axum::handler::Handler<T, S>,
    T: 'static,
{
    type Answer = H::Future;

    fn call(self, request: Request, state: S) -> H::Future {
        self.handler.call(request, state)
    }
}
