//! From routes to an axum router: only a manager does it.

use std::{future::Future, sync::Arc};

use axum::http::{Method, StatusCode};

use crate::{
    error::BuildError,
    manager::{CookieOf, Core, Login, LoginManager},
    routing::Routes,
    user::AuthUser,
    web::mount::Mount,
};

impl<U: AuthUser> LoginManager<U> {
    /// Mounts the routes: lends the [`Login`] handle, takes the routes, and
    /// gives an axum router in which every handler has the manager around it.
    ///
    /// What has to do with every request, such as CORS, compression and
    /// tracing, goes around the router with [`axum::Router::layer`].
    ///
    /// # Panics
    ///
    /// As axum does, when two routes are the same.
    ///
    /// # Example
    ///
    /// See [`LoginManager`].
    pub fn into_router<F>(self, build: F) -> axum::Router
    where
        F: FnOnce(Login<U>) -> Routes,
    {
        Realms::into_router(self, build)
    }

    /// As [`into_router`](Self::into_router), for routes whose building waits
    /// or fails.
    ///
    /// # Errors
    ///
    /// Whatever `build` fails with.
    pub async fn try_into_router<F, Fut, E>(self, build: F) -> Result<axum::Router, E>
    where
        F: FnOnce(Login<U>) -> Fut,
        Fut: Future<Output = Result<Routes, E>>,
        E: From<BuildError>,
    {
        Realms::try_into_router(self, build).await
    }
}

/// The managers of an app: one [`LoginManager`], or a tuple of two to four with
/// names and user types of their own.
///
/// # Example
///
/// ```
/// use axum::extract::FromRef;
/// use portcullis::{Authenticated, Login, LoginManager, Realms, Routes};
/// # use portcullis::{AuthHash, AuthUser, OneFactor, SecretKey};
/// # macro_rules! user { ($name:ident) => {
/// #     struct $name;
/// #     impl AuthUser for $name {
/// #         type Id = u64;
/// #         type Factors = OneFactor;
/// #         fn id(&self) -> u64 { 1 }
/// #         fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
/// #     }
/// # } }
/// # user!(Customer);
/// # user!(Staff);
/// # async fn load_customer(_: u64) -> Result<Option<Customer>, std::io::Error> { Ok(None) }
/// # async fn load_staff(_: u64) -> Result<Option<Staff>, std::io::Error> { Ok(None) }
///
/// #[derive(Clone, FromRef)]
/// struct App { customers: Login<Customer>, staff: Login<Staff> }
///
/// async fn help((_, _): (Authenticated<Staff>, Authenticated<Customer>)) -> &'static str {
///     "staff, looking at what the customer sees"
/// }
///
/// # let key = || SecretKey::generate();
/// let customers = LoginManager::builder().user_loader(load_customer).secret_key(key()?).build()?;
/// let staff = LoginManager::builder().realm("staff").user_loader(load_staff).secret_key(key()?).build()?;
/// let app: axum::Router = (customers, staff).into_router(|(customers, staff)| {
///     Routes::new().get("/help", help).with_state(App { customers, staff })
/// });
/// # Ok::<(), portcullis::BuildError>(())
/// ```
pub trait Realms: sealed::Realms {
    /// [`LoginManager::into_router`], for all realms.
    ///
    /// # Panics
    ///
    /// When two realms have one name or one user type, and as axum does when
    /// two routes are the same.
    fn into_router<F>(self, build: F) -> axum::Router
    where
        F: FnOnce(Self::Logins) -> Routes,
    {
        let (cores, logins) = self.into_parts();
        match check(&cores) {
            Ok(()) => mount(cores, build(logins)),
            Err(error) => panic!("{error}"),
        }
    }

    /// [`LoginManager::try_into_router`], for all realms.
    ///
    /// # Errors
    ///
    /// Whatever `build` fails with, and a [`BuildError`] when two realms have
    /// one name or one user type.
    fn try_into_router<F, Fut, E>(self, build: F) -> impl Future<Output = Result<axum::Router, E>>
    where
        F: FnOnce(Self::Logins) -> Fut,
        Fut: Future<Output = Result<Routes, E>>,
        E: From<BuildError>,
    {
        async {
            let (cores, logins) = self.into_parts();
            check(&cores)?;
            Ok(mount(cores, build(logins).await?))
        }
    }
}

impl<T: sealed::Realms> Realms for T {}

fn check(cores: &[Realm]) -> Result<(), BuildError> {
    for (at, realm) in cores.iter().enumerate() {
        for other in &cores[..at] {
            let name = realm.core.realm();
            if name == other.core.realm() || share_a_cookie(&realm.core, &other.core) {
                return Err(BuildError::new(format!(
                    "two realms are called `{name}` or have one cookie: give one of them a name of its own with `.realm(…)`"
                )));
            }
            if realm.user == other.user {
                return Err(BuildError::new(format!(
                    "the realms `{}` and `{name}` have one user type: a guard could not tell which is meant",
                    other.core.realm()
                )));
            }
        }
    }
    Ok(())
}

fn share_a_cookie(one: &Core, other: &Core) -> bool {
    CookieOf::ALL.iter().any(|of| {
        CookieOf::ALL
            .iter()
            .any(|with| one.cookie(*of).name == other.cookie(*with).name)
    })
}

fn mount(cores: Vec<Realm>, routes: Routes) -> axum::Router {
    let realms: Vec<Arc<Core>> = cores.into_iter().map(|realm| realm.core).collect();
    Core::introduce(&realms);
    routes
        .mount(&Mount::new(realms.into()))
        .method_not_allowed_fallback(method_not_allowed)
}

/// axum adds `Allow` to both.
async fn method_not_allowed(method: Method) -> StatusCode {
    if method == Method::OPTIONS {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::METHOD_NOT_ALLOWED
    }
}

/// A realm and its user type.
pub(super) struct Realm {
    core: Arc<Core>,
    user: std::any::TypeId,
}

impl Realm {
    fn of<U: AuthUser>(manager: &LoginManager<U>) -> Self {
        Self {
            core: manager.realm.core.clone(),
            user: std::any::TypeId::of::<U>(),
        }
    }
}

#[expect(
    private_interfaces,
    reason = "nobody outside can name this trait or call its method"
)]
mod sealed {
    use super::{AuthUser, Login, LoginManager, Realm};

    pub trait Realms: Sized {
        type Logins;
        #[doc(hidden)]
        fn into_parts(self) -> (Vec<Realm>, Self::Logins);
    }

    impl<U: AuthUser> Realms for LoginManager<U> {
        type Logins = Login<U>;

        fn into_parts(self) -> (Vec<Realm>, Login<U>) {
            (vec![Realm::of(&self)], Login(self.realm))
        }
    }

    macro_rules! tuple {
        ($($manager:ident)*) => {
            impl<$($manager: AuthUser),*> Realms for ($(LoginManager<$manager>,)*) {
                type Logins = ($(Login<$manager>,)*);

                #[allow(non_snake_case)]
                fn into_parts(self) -> (Vec<Realm>, Self::Logins) {
                    let ($($manager,)*) = self;
                    (vec![$(Realm::of(&$manager)),*], ($(Login($manager.realm),)*))
                }
            }
        };
    }

    tuple!(A B);
    tuple!(A B C);
    tuple!(A B C D);
}
