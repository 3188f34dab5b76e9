//! What is noted during a visit: whom each realm found, and what is to be sent.

use std::{any::Any, sync::Arc, time::Duration};

use http::{HeaderMap, Uri};
use tokio::time::Instant;

use crate::{
    clock::Timestamp,
    error::LoginError,
    local_path::LocalPath,
    manager::{CookieOf, Core, Sent},
    session::{
        Asker, Customs, Found, FoundAs, Within,
        known::Known,
        known_browser::Caller,
        presented::{Presented, ShownCookies, Stranger},
        revocation::Recheck,
        visit::Number,
    },
    store::{Record, RecordId},
    token::Token,
    user::AuthUser,
};

/// What was found and what is to be sent.
#[derive(Default)]
pub(crate) struct Notes {
    pub(super) number: Number,
    seen: Vec<Seen>,
    cookies: Vec<(Arc<Core>, CookieOf, Sent)>,
    /// The answer depends on the session cookie.
    pub(crate) looked: bool,
    /// And on what else the request says of who sent it.
    pub(crate) looked_at_request: bool,
    /// Somebody is logged in, or was when the request came in.
    pub(crate) logged_in: bool,
    /// The guard is one for strangers: its page is none to come back to.
    pub(crate) asked_for_nobody: bool,
    /// A second factor is to be checked.
    pub(crate) pending: bool,
    /// The answer is for one person's eyes.
    pub(crate) private: bool,
    /// Another visit ran inside of this one, and may have changed whom it found.
    pub(super) is_doubtful: bool,
    /// That a login was refused was told when it was.
    pub(crate) refusal_told: bool,
    /// The realm whose user has left: the browser is to forget.
    pub(crate) clears_site_data: Option<Arc<Core>>,
    /// The realm whose guard was asked last, or else whose look was the first.
    pub(crate) asked: Option<Arc<Core>>,
    /// Who asks, as far as an answer of the library depends on it.
    pub(crate) asker: Option<Asker>,
    /// What the routes say about answers, once the visit is over.
    pub(crate) custom: Customs,
    /// The `next` that each realm's cookie carries.
    pub(super) next: Vec<(Arc<Core>, LocalPath)>,
}

/// What one realm found under the cookie of this request.
struct Seen {
    core: Arc<Core>,
    presented: Presented,
    /// None as long as it is not known: also when a look failed or was dropped half-way.
    found: Option<FoundAs<dyn Recheck>>,
    /// When that was found.
    found_at: Option<Instant>,
    /// A guard has asked whether that login is fresh, and within which window.
    asked_for_fresh: Option<Within>,
    /// Guards have asked these policies, which are to be asked again.
    asked_policies: Vec<Arc<dyn Recheck>>,
    /// Who may be about to log in.
    caller: Option<Caller>,
    /// A handler has the session, and with it the one proof of this request.
    is_given: bool,
    /// A password, a code or a token was right.
    is_checked: bool,
}

impl Notes {
    pub(super) fn of(number: Number) -> Self {
        Self {
            number,
            ..Self::default()
        }
    }

    /// What was found before in this visit.
    ///
    /// # Errors
    ///
    /// When the first look was under other cookies, also one that failed or goes on
    /// beside this one: a request inside a request.
    pub(crate) fn seen<U: AuthUser>(
        &self,
        core: &Arc<Core>,
        shown: &ShownCookies,
    ) -> Result<Option<Found<U>>, LoginError> {
        let Some(seen) = self.by(core) else {
            return Ok(None);
        };
        if seen.presented.cookies != *shown {
            return Err(LoginError::misuse(
                core.realm(),
                "send a request with another cookie through the router, not through a layer of this request",
            ));
        }
        Ok(seen.found())
    }

    /// Has this request the head of the one that was looked at first?
    pub(crate) fn has_head(&self, core: &Arc<Core>, uri: &Uri, headers: &HeaderMap) -> bool {
        let head = self
            .by(core)
            .and_then(|seen| seen.presented.head.as_deref());
        head.is_some_and(|head| head.0 == *uri && head.1 == *headers)
    }

    /// Another head brings the same: it is the one to compare with from here on.
    pub(crate) fn see_head(&mut self, core: &Arc<Core>, head: Box<(Uri, HeaderMap)>) {
        if let Some(seen) = self.by_mut(core) {
            seen.presented.head = Some(head);
        }
    }

    /// Notes what the request shows to a realm. Whom that is, [`settle`](Self::settle) says.
    pub(crate) fn see(&mut self, core: &Arc<Core>, presented: Presented) {
        if self.by(core).is_some() {
            return; // a look before failed, or goes on beside this one, under the same cookies
        }
        self.seen.reserve_exact(1); // nearly always one realm
        self.seen.push(Seen {
            core: core.clone(),
            presented,
            found: None,
            found_at: None,
            asked_for_fresh: None,
            asked_policies: Vec::new(),
            caller: None,
            is_given: false,
            is_checked: false,
        });
    }

    /// Has this realm found out who it is, if somebody is?
    pub(crate) fn has_found(&self, core: &Arc<Core>) -> bool {
        self.by(core).is_some_and(|seen| seen.found.is_some())
    }

    /// Has this realm begun to look?
    pub(crate) fn has_seen(&self, core: &Arc<Core>) -> bool {
        self.by(core).is_some()
    }

    /// What this realm has found up to now, whatever the cookie.
    pub(crate) fn found<U: AuthUser>(&self, core: &Arc<Core>) -> Option<Found<U>> {
        self.by(core)?.found()
    }

    /// Notes who may be about to log in.
    pub(crate) fn see_caller(&mut self, core: &Arc<Core>, caller: Caller) {
        if let Some(seen) = self.by_mut(core) {
            seen.caller = Some(caller);
        }
    }

    /// Notes that a password, a code or a token was right.
    pub(super) fn see_check(&mut self, core: &Arc<Core>) {
        if let Some(seen) = self.by_mut(core) {
            seen.is_checked = true;
        }
    }

    pub(super) fn is_checked(&self, core: &Arc<Core>) -> bool {
        self.by(core).is_some_and(|seen| seen.is_checked)
    }

    /// A handler gets the session of this realm.
    pub(crate) fn give_session(&mut self, core: &Arc<Core>) {
        if let Some(seen) = self.by_mut(core) {
            seen.is_given = true;
        }
    }

    pub(crate) fn has_given_session(&self, core: &Arc<Core>) -> bool {
        self.by(core).is_some_and(|seen| seen.is_given)
    }

    pub(crate) fn has_caller(&self, core: &Arc<Core>) -> bool {
        self.by(core).is_some_and(|seen| seen.caller.is_some())
    }

    pub(super) fn caller(&self, core: &Arc<Core>) -> Caller {
        let seen = self.by(core).and_then(|seen| seen.caller.clone());
        seen.unwrap_or_default()
    }

    pub(crate) fn stranger(&self, core: &Arc<Core>) -> Stranger {
        self.by(core)
            .map_or_else(Stranger::default, |seen| seen.presented.stranger.clone())
    }

    pub(super) fn carries_flash(&self, core: &Arc<Core>) -> bool {
        self.by(core)
            .is_some_and(|seen| seen.presented.carries_flash)
    }

    /// Has the browser a cookie under the name of the remember cookie, good or
    /// bad? If that has a path of its own, it may have one that it does not show here.
    pub(crate) fn may_have_remember_cookie(&self, core: &Arc<Core>) -> bool {
        let shown = self.by(core).map(|seen| &seen.presented.cookies.remember);
        core.settings.remember.path.is_some() || shown.is_some_and(|shown| !shown.is_empty())
    }

    /// What a look has found out, unless another was faster, or a transition has
    /// changed it since; answers what counts.
    pub(crate) fn settle<U: AuthUser>(&mut self, core: &Arc<Core>, found: Found<U>) -> Found<U> {
        self.found(core).unwrap_or_else(|| {
            self.change(core, found.clone());
            found
        })
    }

    /// A guard of this realm asks whether the login is fresh.
    pub(crate) fn ask_for_fresh(&mut self, core: &Arc<Core>, within: Within) {
        if let Some(seen) = self.by_mut(core) {
            let asked = seen
                .asked_for_fresh
                .map_or(within, |asked| asked.and(within));
            seen.asked_for_fresh = Some(asked);
        }
    }

    /// A guard of this realm asks a policy.
    pub(crate) fn ask_policy(&mut self, core: &Arc<Core>, policy: Arc<dyn Recheck>) {
        if let Some(seen) = self.by_mut(core) {
            seen.asked_policies.push(policy);
        }
    }

    /// Must it be asked again whom this visit has found, before somebody goes by it?
    pub(crate) fn is_old(&self) -> bool {
        let mut logged_in = self.seen.iter().filter(|seen| seen.login().is_some());
        logged_in.any(|seen| {
            self.is_doubtful
                || seen
                    .found_at
                    .is_none_or(|found_at| found_at.elapsed() >= OLD)
        })
    }

    /// It was asked again, of all of them.
    pub(super) fn asked_again(&mut self) {
        self.is_doubtful = false;
    }

    /// Who was found in each realm, and how fresh it had to be; then the
    /// policies that let it in.
    pub(super) fn logins(&self) -> Vec<(Arc<dyn Recheck>, Option<Within>)> {
        let logins = self
            .seen
            .iter()
            .filter_map(|seen| Some((seen.login()?.clone(), seen.asked_for_fresh)));
        let policies = self.seen.iter().flat_map(|seen| &seen.asked_policies);
        let policies = policies.map(|policy| (policy.clone(), None));
        logins.chain(policies).collect()
    }

    /// From now on this realm's state in this request is `found`.
    pub(crate) fn change<U: AuthUser>(&mut self, core: &Arc<Core>, found: Found<U>) {
        self.logged_in |= matches!(found, Found::LoggedIn(_));
        self.private |= !matches!(found, Found::Nobody);
        self.pending = matches!(found, Found::Pending(_));
        if let Some(seen) = self.by_mut(core) {
            seen.found = found.seen_as(|known| Some(known as Arc<dyn Recheck>));
            seen.found_at = Some(Instant::now());
        }
    }

    pub(crate) fn change_stranger(&mut self, core: &Arc<Core>, record: Option<Record>) {
        self.private |= record.is_some();
        if let Some(seen) = self.by_mut(core) {
            seen.presented.stranger = Stranger::Read(record);
        }
    }

    /// The stranger has become a user, or a user has left: what was kept under
    /// the stranger's cookie is nobody's any more.
    pub(crate) fn leave_stranger(&mut self, core: &Arc<Core>) {
        let presented = !matches!(self.stranger(core), Stranger::Read(None));
        self.change_stranger(core, None);
        if presented {
            self.set_cookie(core, CookieOf::Stranger, Sent::Removed);
        }
    }

    /// Sends the cookie of this token with the answer.
    pub(crate) fn send_token(&mut self, core: &Arc<Core>, of: CookieOf, token: &Token) {
        let value = core.cookie(of).value_of(token);
        self.set_cookie(core, of, Sent::Value(value, None));
    }

    /// Sends the remember cookie with the answer, good up to then.
    pub(crate) fn send_remember_token(
        &mut self,
        core: &Arc<Core>,
        token: &Token,
        until: Timestamp,
    ) {
        let value = core.cookie(CookieOf::Remember).value_of(token);
        self.set_cookie(core, CookieOf::Remember, Sent::Value(value, Some(until)));
    }

    /// Sends a cookie with the answer, in the place of an earlier one of the name.
    pub(crate) fn set_cookie(&mut self, core: &Arc<Core>, of: CookieOf, sent: Sent) {
        self.cookies
            .retain(|(other, other_of, _)| !Arc::ptr_eq(other, core) || *other_of != of);
        self.cookies.push((core.clone(), of, sent));
    }

    /// Sends no login of this realm after all.
    pub(super) fn take_back(&mut self, core: &Arc<Core>) {
        self.cookies.retain(|(other, of, sent)| {
            let is_login = matches!(of, CookieOf::Login | CookieOf::Remember);
            !(Arc::ptr_eq(other, core) && is_login && matches!(sent, Sent::Value(..)))
        });
    }

    /// Is a cookie of this name sent or removed?
    pub(crate) fn sends(&self, core: &Arc<Core>, of: CookieOf) -> bool {
        let mut all = self.cookies.iter();
        all.any(|(other, other_of, _)| Arc::ptr_eq(other, core) && *other_of == of)
    }

    pub(crate) fn cookies(&self) -> &[(Arc<Core>, CookieOf, Sent)] {
        &self.cookies
    }

    pub(super) fn presented_series(&self, core: &Arc<Core>) -> Option<RecordId> {
        let shown = &self.by(core)?.presented.cookies.remember;
        let value = shown.strip_suffix(b";")?;
        let (token, _) = Token::from_cookie_value(value, &core.cookie(CookieOf::Remember).keys)?;
        Some(token.id)
    }

    /// A look has found the remember token stolen: a guard is to end the series.
    pub(super) fn see_theft(&mut self, core: &Arc<Core>) {
        if let Some(seen) = self.by_mut(core) {
            seen.presented.is_stolen = true;
        }
    }

    /// Has a look found a theft that is still to be acted on?
    pub(crate) fn take_theft(&mut self, core: &Arc<Core>) -> bool {
        self.by_mut(core)
            .is_some_and(|seen| std::mem::take(&mut seen.presented.is_stolen))
    }

    fn by(&self, core: &Arc<Core>) -> Option<&Seen> {
        self.seen.iter().find(|seen| Arc::ptr_eq(&seen.core, core))
    }

    fn by_mut(&mut self, core: &Arc<Core>) -> Option<&mut Seen> {
        let mut seen = self.seen.iter_mut();
        seen.find(|seen| Arc::ptr_eq(&seen.core, core))
    }
}

/// What was found longer ago is asked for once more before a handler goes by it.
const OLD: Duration = Duration::from_secs(5);

impl Seen {
    fn found<U: AuthUser>(&self) -> Option<Found<U>> {
        let known = |login: Arc<dyn Recheck>| {
            let login: Arc<dyn Any + Send + Sync> = login;
            login.downcast::<Known<U>>().ok()
        };
        self.found.as_ref()?.seen_as(known)
    }

    /// Who was found, to be asked for again.
    fn login(&self) -> Option<&Arc<dyn Recheck>> {
        self.found.as_ref()?.somebody()
    }
}
