//! The proofs: values that only the library makes, after the check.

use std::{
    fmt,
    marker::PhantomData,
    ops::Deref,
    sync::{Arc, OnceLock},
};

use crate::{
    error::LoginError,
    manager::{Core, SessionInfo},
    session::{
        fresh_window::{FreshWindow, ManagersWindow, Window, wider},
        known::Known,
    },
    user::AuthUser,
};

/// Proof that nobody is logged in.
///
/// Who is logged in already and asks for it, as in a second tab, goes on to
/// `next` or to the [`after_login_path`](crate::Builder::after_login_path); an API
/// client gets 409. Who has given one factor of two is not `Anonymous` either, and
/// goes on to the [`second_factor_path`](crate::Builder::second_factor_path): so does
/// a browser that is remembered, if its user has two factors. A page for all of them
/// asks for [`AnySession`](crate::AnySession), or is [`public`](crate::public).
///
/// # Example
///
/// ```
/// use axum::response::Html;
/// use portcullis::Anonymous;
///
/// // A login page that sends on who needs it no more.
/// async fn login_page(_: Anonymous) -> Html<&'static str> {
///     Html("<form method=post>…</form>")
/// }
/// ```
///
/// Plain `Anonymous` is of the one realm whose [`Login`](crate::Login) the
/// state holds; in an app with several write `Anonymous<Staff>`, and
/// `Session<Anonymous<Staff>>` in the handler of its login form.
pub struct Anonymous<U = OnlyRealm> {
    pub(crate) core: Arc<Core>,
    user: PhantomData<fn(U) -> U>,
}

/// In plain [`Anonymous`]: the one realm that there is.
#[derive(Debug)]
pub enum OnlyRealm {}

/// Proof that a user is logged in: the compiler's `login_required`.
///
/// As a handler's first argument it is the guard: who is not logged in does
/// not get there. It derefs to the user.
///
/// # Example
///
/// ```
/// use portcullis::Authenticated;
/// # use portcullis::{AuthHash, AuthUser, OneFactor};
/// # struct Account { email: String }
/// # impl AuthUser for Account {
/// #     type Id = String;
/// #     type Factors = OneFactor;
/// #     fn id(&self) -> String { self.email.clone() }
/// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::none() }
/// # }
///
/// async fn protected(account: Authenticated<Account>) -> String {
///     format!("Logged in as: {}", account.email)
/// }
///
/// // Code that must not run without a login asks for the proof as well.
/// fn greeting(by: &Authenticated<Account>) -> String {
///     format!("Dear {}", by.email)
/// }
/// ```
///
/// The user was [active](AuthUser::is_active) when the request came in, unless
/// the login was [forced](crate::LoginUser::force_inactive).
///
/// # Security
///
/// It says what was true a moment before the handler was called: the guard is
/// asked before the body is read, and once more after one that took longer than
/// 5 seconds. Where the handler itself reads the body, or the proof is kept
/// beyond its request (in a socket, a task, a static), it grows old:
/// [`revoked`](Self::revoked) tells when the session ends, and
/// [`recheck`](Self::recheck) asks again.
pub struct Authenticated<U>(pub(crate) Arc<Known<U>>);

/// Proof that the user gave the password within the
/// [fresh window](crate::Builder::fresh_for), by hand, not by a remembered login.
///
/// Ask for it before what a thief at an open laptop must not do: change the
/// password or the e-mail address, add a device (OWASP ASVS 5.0, 7.5.1). It
/// derefs to [`Authenticated`], so it passes wherever that is asked.
///
/// There is one for which nobody gave a password: a remembered browser whose user
/// gives only the second factor gets it from
/// [`finish_login`](crate::Session::finish_login), for that request. Its
/// `info().verified_at()` is none.
///
/// # Example
///
/// ```
/// use portcullis::{AuthUser, Authenticated, Fresh};
///
/// fn close_account<U: AuthUser>(by: &Fresh<U>) {
///     write_to_log(by);
///     // …
/// }
///
/// fn write_to_log<U: AuthUser>(by: &Authenticated<U>) {
///     println!("logged in since {:?}", by.info().created_at());
/// }
/// ```
///
/// # A window with a name
///
/// `Fresh<U, OneMinute>` asks for a login of the last minute, if the manager's
/// window is not narrower still: see [`FreshWindow`]. It derefs to `Fresh<U>`.
/// In an area, `Fresh<U, A>` proves `Fresh<U, B>` if `A` is as narrow as `B`; if
/// it is not, `cargo build` says so (`cargo check` does not). `Fresh<U>` proves
/// no window with a name: how long the manager's is, the compiler does not know.
///
/// ```
/// use portcullis::{AuthUser, FifteenMinutes, Fresh, OneMinute};
///
/// fn transfer<U: AuthUser>(by: &Fresh<U, OneMinute>) {
///     write_to_log(&by.widen());
///     // …
/// }
///
/// fn write_to_log<U: AuthUser>(by: &Fresh<U, FifteenMinutes>) {
///     println!("gave the password at {:?}", by.info().verified_at());
/// }
/// ```
pub struct Fresh<U, W = ManagersWindow> {
    by: Authenticated<U>,
    /// What a proof within a window with a name derefs to.
    plain: OnceLock<Box<Fresh<U>>>,
    /// In and out, so that no subtype of `W` passes for it.
    window: PhantomData<fn(W) -> W>,
}

/// Proof that the first of a user's two factors is checked, and the second is
/// not: nobody is logged in yet.
///
/// Ask for it on the page that asks for the second factor, and for
/// `Session<Pending<U>>` where that is checked. It passes nowhere a login is
/// asked. Who has no login under way is sent to log in, who is logged in already goes on.
///
/// # Example
///
/// ```
/// use axum::response::Html;
/// use portcullis::{AuthUser, Pending};
///
/// async fn second_factor_page<U: AuthUser>(who: Pending<U>) -> Html<&'static str> {
///     println!("user {:?} is asked for a code", who.user().id());
///     Html("<form method=post><input name=code autocomplete=one-time-code>…</form>")
/// }
/// ```
pub struct Pending<U>(Arc<Known<U>>);

impl<U> Anonymous<U> {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self {
            core,
            user: PhantomData,
        }
    }
}

impl<U: AuthUser> Authenticated<U> {
    /// The user.
    pub fn user(&self) -> &U {
        &self.0.user
    }

    /// What is known of the session.
    pub fn info(&self) -> SessionInfo {
        self.0.info.clone()
    }

    /// The stronger proof, if the login is fresh: for a check that depends on
    /// what the request says.
    ///
    /// # Errors
    ///
    /// [`needs_refresh`](LoginError::needs_refresh); returned from the handler
    /// it sends the browser to give the password again.
    ///
    /// # Example
    ///
    /// ```
    /// use portcullis::{Authenticated, AuthUser, LoginError};
    ///
    /// async fn transfer<U: AuthUser>(by: Authenticated<U>, amount: u64) -> Result<&'static str, LoginError> {
    ///     if amount > 1_000 {
    ///         let by = by.into_fresh()?;
    ///         // …
    /// #       let _ = by;
    ///     }
    ///     Ok("done")
    /// }
    /// ```
    pub fn into_fresh(self) -> Result<Fresh<U>, LoginError> {
        self.fresh()
    }

    /// As [`into_fresh`](Self::into_fresh), within a [window with a name](FreshWindow):
    /// `by.into_fresh_within::<OneMinute>()?`.
    ///
    /// # Errors
    ///
    /// As [`into_fresh`](Self::into_fresh).
    pub fn into_fresh_within<W: FreshWindow>(self) -> Result<Fresh<U, W>, LoginError> {
        self.fresh()
    }

    pub(crate) fn fresh<W: Window>(self) -> Result<Fresh<U, W>, LoginError> {
        self.0.check_fresh(W::WITHIN)?;
        Ok(Fresh::of(self.0))
    }
}

impl<U> Pending<U> {
    pub(crate) fn of(known: Arc<Known<U>>) -> Self {
        Self(known)
    }

    pub(crate) fn half_known(&self) -> &Arc<Known<U>> {
        &self.0
    }

    /// Whose first factor was checked. It is nobody who is logged in.
    pub fn user(&self) -> &U {
        &self.0.user
    }
}

impl<U: AuthUser, W: Window> Fresh<U, W> {
    /// As [`Authenticated::into_fresh_within`]: for a check that depends on
    /// what the request says.
    ///
    /// # Errors
    ///
    /// As [`Authenticated::into_fresh`].
    pub fn into_fresh_within<V: FreshWindow>(self) -> Result<Fresh<U, V>, LoginError> {
        Authenticated(self.known().clone()).fresh()
    }
}

impl<U, W: FreshWindow> Fresh<U, W> {
    /// The proof for code that asks for a wider window: `transfer(&by.widen())`.
    ///
    /// Where that one is narrower, `cargo build` says so.
    pub fn widen<V: FreshWindow>(&self) -> Widened<'_, U, V> {
        // In a constant: the compiler says it, and no program that is built panics.
        const {
            if let Some(fault) = wider::<W, V>() {
                panic!("{}", fault)
            }
        }
        Widened {
            proof: Fresh::of(self.known().clone()),
            narrower: PhantomData,
        }
    }
}

/// The proof of a wider window, for as long as the narrower one is borrowed:
/// from [`Fresh::widen`].
pub struct Widened<'a, U, W> {
    proof: Fresh<U, W>,
    narrower: PhantomData<&'a ()>,
}

impl<U, W> Fresh<U, W> {
    /// The caller has seen that it is fresh.
    pub(crate) fn of(known: Arc<Known<U>>) -> Self {
        Self {
            by: Authenticated(known),
            plain: OnceLock::new(),
            window: PhantomData,
        }
    }

    pub(crate) fn known(&self) -> &Arc<Known<U>> {
        &self.by.0
    }
}

impl<U> Deref for Authenticated<U> {
    type Target = U;

    fn deref(&self) -> &U {
        &self.0.user
    }
}

impl<U> Deref for Fresh<U> {
    type Target = Authenticated<U>;

    fn deref(&self) -> &Authenticated<U> {
        &self.by
    }
}

impl<U, W: FreshWindow> Deref for Fresh<U, W> {
    type Target = Fresh<U>;

    fn deref(&self) -> &Fresh<U> {
        let known = self.known();
        self.plain
            .get_or_init(|| Box::new(Fresh::of(known.clone())))
    }
}

impl<U, W> Deref for Widened<'_, U, W> {
    type Target = Fresh<U, W>;

    fn deref(&self) -> &Fresh<U, W> {
        &self.proof
    }
}

impl<U> fmt::Debug for Anonymous<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Anonymous")
            .field("realm", &self.core.realm())
            .finish()
    }
}

impl<U> fmt::Debug for Pending<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending")
            .field("session", &self.0.info.id())
            .finish_non_exhaustive()
    }
}

impl<U> fmt::Debug for Authenticated<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticated")
            .field("session", &self.0.info.id())
            .finish_non_exhaustive()
    }
}

impl<U, W> fmt::Debug for Widened<'_, U, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.proof.fmt(f)
    }
}

impl<U, W> fmt::Debug for Fresh<U, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fresh")
            .field("session", &self.known().info.id())
            .finish_non_exhaustive()
    }
}
