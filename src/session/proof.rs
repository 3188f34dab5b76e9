//! The proofs: values that only the library makes, after the check.

use std::{
    fmt,
    marker::PhantomData,
    ops::Deref,
    sync::{Arc, OnceLock},
};

use http::request::Parts;

use crate::{
    actor::Actor,
    clock::Timestamp,
    error::{Kind, LoginError},
    event::{EventKind, HasUser},
    manager::{
        Core, Realm, SessionInfo, Source,
        content::{Content, PendingFacts},
    },
    session::fresh_window::{AsNarrow, FreshWindow, ManagersWindow, Window, Within},
    session::visit,
    store::Record,
    user::AuthUser,
};

/// Proof that nobody is logged in.
///
/// Who is logged in already and asks for it, as in a second tab, goes on to
/// `next` or to the [`after_login_path`](crate::Builder::after_login_path); an API
/// client gets 409.
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
/// state holds; in an app with several write `Anonymous<Staff>`.
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

/// A user who is logged in, as found by this request.
pub(crate) struct Known<U> {
    pub(crate) realm: Arc<Realm<U>>,
    pub(crate) user: U,
    /// The session. None for who came with the request itself, and for a look
    /// at a remember cookie.
    pub(crate) record: Option<Record>,
    pub(crate) info: SessionInfo,
    /// Logged in although not active.
    pub(crate) forced: bool,
    /// Nobody is logged in yet: the second factor is to be checked.
    pub(crate) pending: Option<PendingFacts>,
    /// What the request loader found the user by, to be asked again.
    pub(crate) request: Option<Arc<Parts>>,
}

impl<U: AuthUser> Known<U> {
    /// Was this verified within the window, before now?
    pub(crate) fn is_fresh(&self, now: Timestamp, within: Within) -> bool {
        let fresh_for = within.of(self.realm.core.settings.fresh_for);
        let verified = self.info.verified_at();
        verified.is_some_and(|at| fresh_for.includes(at, now))
            && (self.info.by_second_factor() || !within.second_factor)
    }

    /// Refuses who did not give the password within the window.
    pub(super) fn check_fresh(self: &Arc<Self>, within: Within) -> Result<(), LoginError> {
        let core = &self.realm.core;
        if self.is_fresh(core.now(), within) {
            if let Some(visit) = visit::running(core) {
                visit::note(visit, |notes| notes.ask_for_fresh(core, within));
            }
            return Ok(());
        }
        self.emit(EventKind::UserNeedsRefresh);
        let max_age = within.of(core.settings.fresh_for).max_age();
        Err(Kind::NeedsRefresh { max_age }.into())
    }

    /// The session of somebody who has one: only these get a [`Session`](crate::Session).
    pub(crate) fn session(&self) -> Result<&Record, LoginError> {
        self.record.as_ref().ok_or_else(|| Kind::Forbidden.into())
    }

    /// Refuses who only acts for the user.
    pub(super) fn is_the_user(&self) -> Result<(), LoginError> {
        match self.info.actor() {
            None => Ok(()),
            Some(_) => Err(Kind::Forbidden.into()),
        }
    }

    /// Are these two of one session? A login without one lives as long as its request.
    pub(crate) fn is_same_login_as(&self, other: &Self) -> bool {
        self.info.id() == other.info.id() && self.user.id() == other.user.id()
    }

    /// Is this a look at a remember cookie, which no guard has restored yet?
    pub(crate) fn is_only_remembered(&self) -> bool {
        self.record.is_none() && self.info.source() == Source::RememberCookie
    }
}

impl<U: AuthUser> Known<U> {
    /// Tells that something happened to this login.
    pub(crate) fn emit(self: &Arc<Self>, kind: EventKind) {
        self.realm.emit(kind, self.info.id(), Some(self));
    }
}

impl<U: AuthUser> HasUser<U> for Known<U> {
    fn user(&self) -> &U {
        &self.user
    }

    fn actor(&self) -> Option<&Arc<Actor>> {
        self.info.shared_actor()
    }
}

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

    /// This user, as one who acts for a user of another realm.
    pub(super) fn as_actor(&self, of: &Core) -> Result<Arc<Actor>, LoginError> {
        let core = &self.0.realm.core;
        let record = self.0.session()?;
        let login = Content::login_id(&record.body);
        let (Some(index), Some(login)) = (record.user, login) else {
            return Err(Kind::Forbidden.into());
        };
        if std::ptr::eq(&**core, of) || self.0.info.actor().is_some() {
            return Err(Kind::Forbidden.into());
        }
        let (_, id) = core.index::<U>(&self.0.user.id())?;
        Ok(Actor::of(core, &id, index, login))
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
        let () = AsNarrow::<W, V>::HOLDS;
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
