//! Routes that say who may call them, or don't compile.
//!
//! [`Routes`] is built like an [`axum::Router`], with three differences: who
//! may call a handler is read from its first argument; there is no route
//! without such a word; and only the manager's
//! [`into_router`](crate::LoginManager::into_router) makes a router of it, so
//! no layer can be forgotten.
//!
//! The traits behind it are in [`handler`]. They are sealed; you meet them in
//! signatures and in compile errors, and write none of them.

mod access_table;
mod answers;
mod arguments;
mod guards;
pub mod handler;
mod into_router;
mod methods;
mod mounted;
mod open;
mod services;

pub use access_table::{AccessRow, AccessTable};
pub use guards::Only;
pub use into_router::Realms;
pub use methods::Anyone;
pub use open::{Public, public};

use std::{convert::Infallible, fmt, marker::PhantomData};

use axum::{extract::Request, http::StatusCode, response::IntoResponse, routing::Route};
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    routing::handler::{Fits, Proves},
    session::Custom,
    web::{instead::Instead, mount::Mount},
};

/// The routes of an app: an axum router in which every route says who may call it.
///
/// `S` is the state that the handlers still need, as in axum. `G` is what every
/// handler must prove: [`Anyone`] at the top, a proof inside of an
/// [`area`](Self::area).
///
/// # Example
///
/// ```
/// use axum::response::Html;
/// use portcullis::{Authenticated, Login, Routes, Session, public};
/// # use portcullis::{AuthHash, AuthUser, LoginError, OneFactor};
/// # struct User { name: String }
/// # impl AuthUser for User {
/// #     type Id = u64;
/// #     type Factors = OneFactor;
/// #     fn id(&self) -> u64 { 1 }
/// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
/// # }
///
/// async fn about() -> Html<&'static str> { Html("<h1>About</h1>") }
/// async fn profile(user: Authenticated<User>) -> String { user.name.clone() }
/// async fn log_out(session: Session<Authenticated<User>>) -> Result<(), LoginError> {
///     session.logout_user().await?;
///     Ok(())
/// }
///
/// fn routes(login: Login<User>) -> Routes {
///     Routes::new()
///         .get("/about", public(about))
///         .get("/profile", profile)
///         .post("/logout", log_out)
///         .with_state(login)
/// }
/// ```
#[must_use = "routes do nothing before `into_router` mounts them"]
pub struct Routes<S = (), G = Anyone> {
    steps: Vec<Step<S>>,
    table: AccessTable,
    custom: Custom,
    instead: Instead<S>,
    /// Is there a fallback for what no route matches?
    has_fallback: bool,
    /// Is there one in a part below a path?
    holds_fallbacks: bool,
    /// In and out, so that no subtype of `G` passes for it.
    guard: PhantomData<fn(G) -> G>,
}

/// A description of something to add to a router, once the manager is known.
type Step<S> = Box<dyn FnOnce(axum::Router<S>, &Mount) -> axum::Router<S> + Send>;

impl<S> Routes<S>
where
    S: Clone + Send + Sync + 'static,
{
    /// No routes yet.
    pub fn new() -> Self {
        Self::empty()
    }

    /// Gives the handlers their state; afterwards the routes need none.
    pub fn with_state(self, state: S) -> Routes {
        let mut routes = Routes {
            steps: Vec::new(),
            table: self.table.clone(),
            custom: self.custom.clone(),
            instead: Instead::default(),
            has_fallback: self.has_fallback,
            holds_fallbacks: self.holds_fallbacks,
            guard: PhantomData,
        };
        routes.steps.push(Box::new(move |router, mount| {
            router.merge(self.mount(mount).with_state(state))
        }));
        routes
    }
}

impl<S, G> Routes<S, G>
where
    S: Clone + Send + Sync + 'static,
{
    /// Routes under `path` that all prove `G2`: their handlers, the parts that
    /// are nested and merged into them, their services and their fallback. Without
    /// a fallback of its own, what no route matches goes to the one outside, as in axum.
    ///
    /// A module that adds routes to an area is a function that gets it and gives it
    /// back, as below: `Routes` made elsewhere prove nothing, and can't be nested in it.
    ///
    /// # Example
    ///
    /// ```
    /// use portcullis::{Authenticated, Fresh, Login, Routes};
    /// # use portcullis::{AuthHash, AuthUser, OneFactor};
    /// # struct User { name: String }
    /// # impl AuthUser for User {
    /// #     type Id = u64;
    /// #     type Factors = OneFactor;
    /// #     fn id(&self) -> u64 { 1 }
    /// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
    /// # }
    /// # async fn overview(user: Authenticated<User>) -> String { user.name.clone() }
    /// # async fn close(user: Fresh<User>) -> String { user.name.clone() }
    ///
    /// fn account(area: Routes<Login<User>, Authenticated<User>>) -> Routes<Login<User>, Authenticated<User>> {
    ///     area.get("/", overview).post("/close", close)
    /// }
    ///
    /// let routes = Routes::new().area::<Authenticated<User>>("/account", account);
    /// assert_eq!(routes.access_table().to_string(), "\
    /// GET   /account        Authenticated<User>
    /// POST  /account/close  Fresh<User>
    /// ");
    /// ```
    pub fn area<G2>(self, path: &str, build: impl FnOnce(Routes<S, G2>) -> Routes<S, G2>) -> Self
    where
        G2: Proves<G> + 'static,
    {
        let () = G2::HOLDS;
        self.add(path, build(Routes::empty()))
    }

    /// Adds routes under `path`, which they don't see. If a part of them has a
    /// fallback and they have none, what they don't match is 404.
    ///
    /// Routes from [`new`](Self::new) prove nothing and have no place in an area: for
    /// a part of an area call [`area`](Self::area) once more, with a function.
    ///
    /// # Panics
    ///
    /// When mounted, if two routes are the same; as axum does.
    pub fn nest<P>(self, path: &str, routes: Routes<S, P>) -> Self
    where
        P: Fits<G> + 'static,
    {
        let () = P::HOLDS;
        self.add(path, routes)
    }

    /// The caller has seen that `P` proves `G`, where only the compiler can.
    fn add<P: 'static>(mut self, path: &str, routes: Routes<S, P>) -> Self {
        let path = path.trim_end_matches('/').to_owned();
        self.table.nest(&path, &routes.table);
        if path.is_empty() {
            self.has_fallback |= routes.has_fallback;
            self.holds_fallbacks |= routes.holds_fallbacks;
            return self.step(move |router, mount| router.merge(routes.mount(mount)));
        }
        self.holds_fallbacks |= routes.has_fallback || routes.holds_fallbacks;
        // axum forgets the fallbacks below a router that has none of its own.
        let forgets = routes.holds_fallbacks && !routes.has_fallback;
        self.step(move |router, mount| {
            let inner = routes.mount(mount);
            let inner = if forgets {
                inner.fallback(StatusCode::NOT_FOUND)
            } else {
                inner
            };
            router.nest(&path, inner)
        })
    }

    /// Adds the routes of another part.
    ///
    /// # Panics
    ///
    /// When mounted, if two routes are the same; as axum does.
    pub fn merge<P>(self, routes: Routes<S, P>) -> Self
    where
        P: Fits<G> + 'static,
    {
        let () = P::HOLDS;
        self.add("", routes)
    }

    /// Puts a layer around the routes that were added before. Their guards
    /// stay: they are in the handlers.
    ///
    /// A look at the login, such as [`CurrentUser`](crate::CurrentUser) in a
    /// `from_fn_with_state`, works inside it. What has to do with every request,
    /// such as CORS and tracing, goes around the finished router instead.
    pub fn layer<L>(self, layer: L) -> Self
    where
        L: Layer<Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Response: IntoResponse + 'static,
        <L::Service as Service<Request>>::Error: Into<Infallible> + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        self.step(move |router, mount| router.layer(layer).layer(mount.layer()))
    }

    /// As [`layer`](Self::layer), but not around what no route matches.
    ///
    /// # Panics
    ///
    /// When mounted, if there are no routes yet; as axum does.
    pub fn route_layer<L>(self, layer: L) -> Self
    where
        L: Layer<Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Response: IntoResponse + 'static,
        <L::Service as Service<Request>>::Error: Into<Infallible> + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        self.step(move |router, mount| router.route_layer(layer).route_layer(mount.layer()))
    }

    /// Who may call what: a row for each route.
    ///
    /// Print it at start, or keep it in a snapshot test, so that a review sees
    /// every change.
    pub fn access_table(&self) -> AccessTable {
        self.table.clone()
    }

    fn empty() -> Self {
        Self {
            steps: Vec::new(),
            table: AccessTable::default(),
            custom: Custom::default(),
            instead: Instead::default(),
            has_fallback: false,
            holds_fallbacks: false,
            guard: PhantomData,
        }
    }

    fn step(
        mut self,
        step: impl FnOnce(axum::Router<S>, &Mount) -> axum::Router<S> + Send + 'static,
    ) -> Self {
        self.steps.push(Box::new(step));
        self
    }

    /// Makes a router of the descriptions: every handler with a mount around it.
    fn mount(self, mount: &Mount) -> axum::Router<S> {
        let mount = mount.clone().within(&self.custom, &self.instead);
        self.steps
            .into_iter()
            .fold(axum::Router::new(), |router, step| step(router, &mount))
    }
}

impl<S> Default for Routes<S>
where
    S: Clone + Send + Sync + 'static,
{
    fn default() -> Self {
        Self::new()
    }
}

impl<S, G> fmt::Debug for Routes<S, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Routes").field(&self.table).finish()
    }
}
