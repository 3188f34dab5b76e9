//! The methods of `Routes` that add a handler.
//!
//! Their bounds are the same ten lines each time, spelled out because rustc
//! quotes the line that a handler does not meet.

use axum::routing::MethodFilter;

use crate::routing::{
    Routes,
    access_table::who,
    handler::{
        Access, Arguments, Asks, ChangesOnce, Checked, Function, Guard, Handler, MayBeCallback,
        MayBeGet, Proves, Right, Takes, sealed,
    },
    mounted::{Mounted, RouteKind, check_guards},
};

/// What the routes at the top must prove: nothing.
///
/// Not `Everyone`, the guard of what is public: a service could ask for that, and at the
/// top a service must say that it is public.
#[derive(Debug)]
pub enum Anyone {}

/// A method for an unsafe method of HTTP, like `post`. That one is written out:
/// it is met most, and rustc tells of a macro in each of its errors.
macro_rules! unsafe_method {
    ($(#[$doc:meta])* $name:ident $filter:ident) => {
        $(#[$doc])*
        ///
        /// # Panics
        ///
        /// When two guards of a tuple are about one realm; when mounted, if two
        /// routes are the same.
        #[track_caller]
        pub fn $name<H, A, M, W>(self, path: &str, handler: H) -> Self
        where
            H: Function<A>,
            A: Arguments + 'static,
            A::First: Access,
            Guard<A>: Proves<G>,
            Right<A>: ChangesOnce,
            H: Asks<Guard<A>, S, W>,
            H: Takes<Checked<A>, A::First, M, S>,
            H: Handler<Checked<A>, M, S>,
            M: 'static,
            W: 'static,
        {
            let () = <Guard<A> as sealed::Proves<G>>::HOLDS;
            let row = (stringify!($filter), path, None);
            self.with_handler::<H, A, M, W>(row, handler, RouteKind::On(MethodFilter::$filter))
        }
    };
}

impl<S, G> Routes<S, G>
where
    S: Clone + Send + Sync + 'static,
{
    /// Answers GET and HEAD under `path` with a handler that says who may call
    /// it, and that changes no login.
    ///
    /// # Panics
    ///
    /// When two guards of a tuple are about one realm; when mounted, if two
    /// routes are the same.
    #[track_caller]
    pub fn get<H, A, M, W>(self, path: &str, handler: H) -> Self
    where
        H: Function<A>,
        A: Arguments + 'static,
        A::First: Access,
        Guard<A>: Proves<G>,
        Right<A>: MayBeGet,
        H: Asks<Guard<A>, S, W>,
        H: Takes<Checked<A>, A::First, M, S>,
        H: Handler<Checked<A>, M, S>,
        M: 'static,
        W: 'static,
    {
        let () = <Guard<A> as sealed::Proves<G>>::HOLDS;
        let row = ("GET", path, None);
        self.with_handler::<H, A, M, W>(row, handler, RouteKind::On(MethodFilter::GET))
    }

    /// Answers POST under `path`.
    ///
    /// # Panics
    ///
    /// As [`get`](Self::get).
    #[track_caller]
    pub fn post<H, A, M, W>(self, path: &str, handler: H) -> Self
    where
        H: Function<A>,
        A: Arguments + 'static,
        A::First: Access,
        Guard<A>: Proves<G>,
        Right<A>: ChangesOnce,
        H: Asks<Guard<A>, S, W>,
        H: Takes<Checked<A>, A::First, M, S>,
        H: Handler<Checked<A>, M, S>,
        M: 'static,
        W: 'static,
    {
        let () = <Guard<A> as sealed::Proves<G>>::HOLDS;
        let row = ("POST", path, None);
        self.with_handler::<H, A, M, W>(row, handler, RouteKind::On(MethodFilter::POST))
    }

    unsafe_method! {
        /// Answers PUT under `path`.
        put PUT
    }

    unsafe_method! {
        /// Answers PATCH under `path`.
        patch PATCH
    }

    unsafe_method! {
        /// Answers DELETE under `path`.
        delete DELETE
    }

    /// Answers every method under `path` but OPTIONS, with a handler that changes no login.
    ///
    /// # Panics
    ///
    /// As [`get`](Self::get).
    #[track_caller]
    pub fn any<H, A, M, W>(self, path: &str, handler: H) -> Self
    where
        H: Function<A>,
        A: Arguments + 'static,
        A::First: Access,
        Guard<A>: Proves<G>,
        Right<A>: MayBeGet,
        H: Asks<Guard<A>, S, W>,
        H: Takes<Checked<A>, A::First, M, S>,
        H: Handler<Checked<A>, M, S>,
        M: 'static,
        W: 'static,
    {
        let () = <Guard<A> as sealed::Proves<G>>::HOLDS;
        self.with_handler::<H, A, M, W>(("*", path, None), handler, RouteKind::Any)
    }

    /// Answers the GET with which another site sends the browser back: an
    /// OAuth or OpenID Connect provider. Not HEAD, and no prefetch.
    ///
    /// # Security
    ///
    /// Any site can send a browser here, so the handler _must_ compare the
    /// `state` in the query with the one that it put into its own
    /// [`Data`](crate::Data) when the login began, and refuse when there is
    /// [none](crate::Data::stored) (RFC 6749, 10.12). [`Data::take`](crate::Data::take)
    /// makes it good for one use.
    ///
    /// # Example
    ///
    /// ```
    /// use axum::{extract::Query, response::Redirect};
    /// use portcullis::{Anonymous, Data, Login, LoginError, Routes, Session, SessionData};
    /// # use portcullis::{AuthHash, AuthUser, OneFactor};
    /// # struct User;
    /// # impl AuthUser for User {
    /// #     type Id = u64;
    /// #     type Factors = OneFactor;
    /// #     fn id(&self) -> u64 { 1 }
    /// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
    /// # }
    /// # #[derive(serde::Deserialize)] struct Callback { state: String, code: String }
    /// # async fn user_of(_code: &str) -> Result<User, LoginError> { Ok(User) }
    ///
    /// #[derive(Default, serde::Serialize, serde::Deserialize)]
    /// struct OAuthState(String); // put there by the handler that began the login
    ///
    /// impl SessionData for OAuthState {
    ///     type User = User;
    ///     const NAME: &'static str = "oauth-state";
    /// }
    ///
    /// async fn callback(
    ///     session: Session<Anonymous>,
    ///     login: Login<User>,
    ///     mut began: Data<OAuthState>,
    ///     Query(came): Query<Callback>,
    /// ) -> Result<Redirect, LoginError> {
    ///     let began = began.take().await?.ok_or_else(LoginError::refused)?;
    ///     if began.0 != came.state {
    ///         return Err(LoginError::refused());
    ///     }
    ///     let session = session.login_user(login.vouch_for(user_of(&came.code).await?)).await?;
    ///     Ok(session.next_or("/"))
    /// }
    ///
    /// let routes = Routes::<Login<User>>::new().get_callback("/oauth/callback", callback);
    /// ```
    ///
    /// # Panics
    ///
    /// As [`get`](Self::get).
    #[track_caller]
    pub fn get_callback<H, A, M, W>(self, path: &str, handler: H) -> Self
    where
        H: Function<A>,
        A: Arguments + 'static,
        A::First: Access,
        Guard<A>: Proves<G>,
        Right<A>: MayBeCallback,
        H: Asks<Guard<A>, S, W>,
        H: Takes<Checked<A>, A::First, M, S>,
        H: Handler<Checked<A>, M, S>,
        M: 'static,
        W: 'static,
    {
        let () = <Guard<A> as sealed::Proves<G>>::HOLDS;
        let row = ("GET", path, Some("callback"));
        self.with_handler::<H, A, M, W>(row, handler, RouteKind::Callback)
    }

    /// Answers a POST that another site's page may send: a payment provider's
    /// return, a `form_post` callback that answers 303 to a
    /// [`get_callback`](Self::get_callback). It changes no login.
    ///
    /// # Security
    ///
    /// The check of the origin is off for this route, and `SameSite=Lax` keeps
    /// the session cookie from it.
    ///
    /// # Panics
    ///
    /// As [`get`](Self::get).
    #[track_caller]
    pub fn cross_origin<H, A, M, W>(self, path: &str, handler: H) -> Self
    where
        H: Function<A>,
        A: Arguments + 'static,
        A::First: Access,
        Guard<A>: Proves<G>,
        Right<A>: MayBeGet,
        H: Asks<Guard<A>, S, W>,
        H: Takes<Checked<A>, A::First, M, S>,
        H: Handler<Checked<A>, M, S>,
        M: 'static,
        W: 'static,
    {
        let () = <Guard<A> as sealed::Proves<G>>::HOLDS;
        let row = ("POST", path, Some("from any origin"));
        self.with_handler::<H, A, M, W>(row, handler, RouteKind::CrossOrigin)
    }

    /// Answers what no route matches. The default is 404 for everyone. Below a
    /// path, the path with a slash at its end is not among it, as in axum.
    ///
    /// # Panics
    ///
    /// As [`get`](Self::get).
    #[track_caller]
    pub fn fallback<H, A, M, W>(mut self, handler: H) -> Self
    where
        H: Function<A>,
        A: Arguments + 'static,
        A::First: Access,
        Guard<A>: Proves<G>,
        Right<A>: MayBeGet,
        H: Asks<Guard<A>, S, W>,
        H: Takes<Checked<A>, A::First, M, S>,
        H: Handler<Checked<A>, M, S>,
        M: 'static,
        W: 'static,
    {
        let () = <Guard<A> as sealed::Proves<G>>::HOLDS;
        self.has_fallback = true;
        let row = ("*", "/*", Some("fallback"));
        self.with_handler::<H, A, M, W>(row, handler, RouteKind::Fallback)
    }

    #[track_caller]
    fn with_handler<H, A, M, W>(
        mut self,
        (method, path, note): (&str, &str, Option<&str>),
        handler: H,
        kind: RouteKind,
    ) -> Self
    where
        A: Arguments + 'static,
        A::First: Access,
        H: Asks<Guard<A>, S, W>,
        H: Takes<Checked<A>, A::First, M, S>,
        H: Handler<Checked<A>, M, S>,
        M: 'static,
        W: 'static,
    {
        check_guards::<A::First>();
        self.table.add(method, path, who::<A::First>(), note);
        self.with_call(path, handler.into_call::<A::First, W>(sealed::Seal), kind)
    }

    /// Here nothing is known of a guarded handler's type any more.
    fn with_call<C: sealed::Call<S>>(self, path: &str, call: C, kind: RouteKind) -> Self {
        let path = path.to_owned();
        self.step(move |router, mount| Mounted::new(call, kind, mount).put(router, &path))
    }
}

#[cfg(test)]
mod tests {
    /// No test of behaviour notices a method that asks for the one and forgets the other.
    #[test]
    fn every_method_asks_for_what_traits_cannot_compare() {
        let (code, _) = include_str!("methods.rs").split_once("mod tests").unwrap();
        let asked = code.matches(" Guard<A>: Proves<G>,").count();
        assert_eq!(code.matches("as sealed::Proves<G>>::HOLDS;").count(), asked);
        assert!(asked > 6);
    }
}
