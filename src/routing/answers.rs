//! What routes say about the library's answers on them.

use crate::{local_path::IntoLocalPath, routing::Routes, web::Answers};

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
    /// the app with a login page of its own. What is nested inside may say otherwise.
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
}
