//! What routes say about the library's answers on them.

use axum::handler::Handler;

use crate::{
    local_path::IntoLocalPath,
    routing::Routes,
    web::{Answers, Reason},
};

impl<S, G> Routes<S, G>
where
    S: Clone + Send + Sync + 'static,
{
    /// Fixes the form of the library's own answers on these routes, whatever
    /// the client says it accepts. What is nested inside may say otherwise.
    pub fn answers(mut self, answers: Answers) -> Self {
        self.custom.form = Some(answers.form());
        self
    }

    /// Where somebody is sent who has to log in for these routes, in the place
    /// of the manager's [`login_path`](crate::Builder::login_path): a part of
    /// the app with a login page of its own. It counts for all of these routes,
    /// added before or after; what is nested inside may say otherwise.
    ///
    /// The login page of an [`area`](Self::area) is not for those whom the area
    /// asks for, so it stands beside it.
    ///
    /// # Panics
    ///
    /// When a literal is not a [`LocalPath`](crate::LocalPath).
    ///
    /// # Example
    ///
    /// ```
    /// use portcullis::{Authenticated, Login, Routes};
    /// # use portcullis::{AuthHash, AuthUser, OneFactor};
    /// # struct User { name: String }
    /// # impl AuthUser for User {
    /// #     type Id = u64;
    /// #     type Factors = OneFactor;
    /// #     fn id(&self) -> u64 { 1 }
    /// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
    /// # }
    /// # async fn orders(user: Authenticated<User>) -> String { user.name.clone() }
    ///
    /// let shop = Routes::<Login<User>>::new().get("/orders", orders).login_path("/shop/login");
    /// let routes = Routes::new().nest("/shop", shop);
    /// ```
    pub fn login_path(mut self, path: impl IntoLocalPath) -> Self {
        self.custom.login_path = Some(path.into_local_path());
        self
    }

    /// Where a logged-in user is sent to give the password again for these
    /// routes, in the place of the manager's
    /// [`refresh_path`](crate::Builder::refresh_path).
    ///
    /// # Panics
    ///
    /// When a literal is not a [`LocalPath`](crate::LocalPath).
    pub fn refresh_path(mut self, path: impl IntoLocalPath) -> Self {
        self.custom.refresh_path = Some(path.into_local_path());
        self
    }

    /// A handler for those who have to log in for these routes: an ordinary
    /// axum handler, called in the place of the library's answer, with the
    /// request as it came, but for its body, which is empty.
    ///
    /// It answers for guards, `public` handlers, the fallback and services of
    /// these routes, not for layers. What is nested inside may say otherwise.
    /// It comes before the [function of the builder](crate::Builder::unauthorized).
    ///
    /// An answer with a status of success gets that of the refusal: it must not pass for
    /// a success. If the handler itself is refused, the library answers.
    pub fn unauthorized<H, T>(self, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.instead(Reason::Unauthorized, handler)
    }

    /// A handler for those who have to give the password again, as
    /// [`unauthorized`](Self::unauthorized).
    pub fn needs_refresh<H, T>(self, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.instead(Reason::NeedsRefresh, handler)
    }

    /// A handler for those who may not do this, as
    /// [`unauthorized`](Self::unauthorized): a page with the navbar. Not for
    /// requests from other sites, which reach no handler.
    ///
    /// # Example
    ///
    /// ```
    /// use axum::response::Html;
    /// use portcullis::{CurrentUser, Login, Routes};
    /// # use portcullis::{Authenticated, AuthHash, AuthUser, LoginError, OneFactor};
    /// # struct User { name: String }
    /// # impl AuthUser for User {
    /// #     type Id = u64;
    /// #     type Factors = OneFactor;
    /// #     fn id(&self) -> u64 { 1 }
    /// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
    /// # }
    /// # async fn reports(_: Authenticated<User>) -> Result<(), LoginError> { Err(LoginError::forbidden()) }
    ///
    /// async fn forbidden(who: CurrentUser<User>) -> Html<String> {
    ///     let name = who.user().map_or("stranger", |user| &user.name);
    ///     Html(format!("<nav>{name}</nav><h1>Not for you</h1>"))
    /// }
    ///
    /// let routes = Routes::<Login<User>>::new().get("/reports", reports).forbidden(forbidden);
    /// ```
    pub fn forbidden<H, T>(self, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.instead(Reason::Forbidden, handler)
    }

    fn instead<H, T>(mut self, reason: Reason, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.instead.set(reason, handler);
        self
    }
}
