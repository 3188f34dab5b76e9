//! Acting for a user without one: in a job.

use std::sync::Arc;

use crate::{
    error::{Kind, LoginError},
    event::EventKind,
    manager::{SessionInfo, Sessions, Source},
    session::Authenticated,
    user::AuthUser,
};

impl<U: AuthUser> Sessions<U> {
    /// Acts for a user who is not there: for a job, a queue, a command-line tool
    /// whose code asks for an [`Authenticated`]. The user is loaded and must be
    /// [active](AuthUser::is_active). There is no session, and no password was
    /// given: it is never [`Fresh`](crate::Fresh), and its
    /// [source](SessionInfo::source) is [`Source::Delegated`].
    ///
    /// # Example
    ///
    /// ```
    /// use portcullis::{Authenticated, AuthUser, LoginError, Sessions};
    ///
    /// async fn monthly_report<U: AuthUser>(sessions: &Sessions<U>, id: &U::Id) -> Result<(), LoginError> {
    ///     let user = sessions.act_for(id).await?;
    ///     write_report(&user);
    ///     Ok(())
    /// }
    ///
    /// fn write_report<U: AuthUser>(by: &Authenticated<U>) {
    ///     println!("for {:?}, by {:?}", by.user().id(), by.info().source());
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`is_unauthorized`](LoginError::is_unauthorized) when there is no such
    /// user, [`is_inactive`](LoginError::is_inactive), and
    /// [`is_loader`](LoginError::is_loader).
    ///
    /// # Security
    ///
    /// Nobody proves anything: a word to grep for in a review, as
    /// [`vouch_for`](crate::Login::vouch_for). No route has a `Sessions` to call it
    /// on, unless the app puts one into its state.
    pub async fn act_for(&self, user: &U::Id) -> Result<Authenticated<U>, LoginError> {
        let realm = &self.realm;
        let (_, id) = realm.index(user)?;
        let user = realm.load_user(&id).await?;
        let user = user.filter(|user| realm.is_of(user, &id));
        let user = user.ok_or(Kind::Unauthorized)?;
        if !user.is_active() {
            return Err(Kind::Inactive.into());
        }
        let info = SessionInfo::without_session(Source::Delegated, realm.core.now());
        let known = Arc::new(realm.known(user, None, info, false));
        known.emit(EventKind::UserActedFor);
        Ok(Authenticated(known))
    }
}
