//! From a remember cookie to who is logged in.

use std::sync::Arc;

use http::HeaderValue;

use crate::{
    error::LoginError,
    event::EventKind,
    manager::{
        Realm, SessionInfo, Source,
        content::PendingFacts,
        series::{SeriesContent, Verdict},
    },
    session::{
        Found,
        device::Visitor,
        open::Freshness,
        visit::{self, Number},
    },
    store::{End, Record, RecordId, RecordKind},
    token::Token,
    user::{AuthUser, sealed::Factors as _},
};

impl<U: AuthUser> Realm<U> {
    /// Finds whom a token of a series remembers. With `restores` it is used: a
    /// session begins, and a theft ends what it has to; without, it is looked at.
    ///
    /// # Errors
    ///
    /// When the store or the loader fails. Then nothing is known, and nothing has changed.
    pub(crate) async fn recall(
        self: &Arc<Self>,
        token: &Token,
        visitor: &Visitor<&HeaderValue>,
        restores: bool,
        number: Number,
    ) -> Result<Found<U>, LoginError> {
        let core = &self.core;
        for _ in 0..MAX_CONFLICTS {
            let Some(series) = core.load_kind(RecordKind::Series, token.id).await? else {
                return Ok(Found::Nobody);
            };
            let content =
                SeriesContent::decode(&series.body).map_err(|error| core.failed(error))?;
            let index = self.index_of(content.user);
            if series.user != Some(index) || content.user_tag != self.user_tag {
                return Ok(Found::Nobody);
            }
            let now = core.now();
            if !core.settings.may_remember(series.created, now) {
                if restores {
                    self.end_series(&series).await?; // it began under longer limits
                }
                return Ok(Found::Nobody);
            }
            let lost = match content.judge(series.hash, token.hash(), now) {
                Verdict::Stolen if restores => return self.end_stolen(&series, &content).await,
                Verdict::Stolen => {
                    visit::note(number, |notes| notes.see_theft(core));
                    return Ok(Found::Nobody);
                }
                Verdict::Raced => return self.stand_on(content.session(), &series, visitor).await,
                Verdict::Present => false,
                Verdict::Lost => true,
            };
            let user = self.load_user(content.user).await?;
            let user = user.filter(|user| content.forced || user.is_active());
            let Some(user) = user else {
                if restores {
                    self.end_series(&series).await?; // as its sessions end
                }
                return Ok(Found::Nobody);
            };
            if !self.has_credentials(&user, (content.user, index), &content.auth_hash) {
                // It is not ended: the request that has just changed the password
                // may be about to replace it.
                return Ok(Found::Nobody);
            }
            if !restores {
                if self.pending_after_restore(&user).is_some() {
                    return Ok(Found::Nobody);
                }
                let info = SessionInfo::without_session(Source::RememberCookie, now);
                let known = self.known(user, None, info, content.forced);
                return Ok(Found::LoggedIn(Arc::new(known)));
            }
            let restored = self.restore((&series, content), lost, user, visitor, number);
            if let Some(found) = restored.await? {
                return Ok(found);
            }
        }
        Err(core.failed("the remember series was written to all the time"))
    }

    /// What a restored login waits for, if the remember cookie is one factor of two.
    pub(super) fn pending_after_restore(&self, user: &U) -> Option<PendingFacts> {
        let skips = self.core.settings.remember_skips_second_factor;
        let asks = !skips && U::Factors::is_another_asked(user);
        asks.then_some(PendingFacts {
            tries: 0,
            remember: None,
        })
    }

    /// Ends a series, and every session that it restored. Answers whether there was any.
    pub(super) async fn end_series(&self, series: &Record) -> Result<bool, LoginError> {
        let mut end = End::new();
        end.series = Some(series.id);
        Ok(self.core.done(self.core.store.end(end).await)? > 0)
    }

    /// This request lost a race: it has the session of the one that won, which
    /// also carries the cookies. It never counts as fresh, for its token is not
    /// the one that came with what was verified since.
    async fn stand_on(
        self: &Arc<Self>,
        session: RecordId,
        series: &Record,
        visitor: &Visitor<&HeaderValue>,
    ) -> Result<Found<U>, LoginError> {
        let now = self.core.now();
        let session = self.core.load_at(RecordKind::Session, session, now).await?;
        let of_series = |session: &Record| session.series == Some(series.id);
        let Some(session) = session.filter(of_series) else {
            return Ok(Found::Nobody);
        };
        let known = self.admit(session, Some(visitor), Freshness::Never, now);
        let known = known.await?;
        Ok(known.map_or(Found::Nobody, Found::of))
    }

    /// Somebody has a copy of a token: whoever that is, the owner or the thief,
    /// is out, with all that came of the series.
    pub(super) async fn end_stolen(
        self: &Arc<Self>,
        series: &Record,
        content: &SeriesContent<'_>,
    ) -> Result<Found<U>, LoginError> {
        if self.end_series(series).await? {
            let victim = self.load_user(content.user).await.ok().flatten();
            let info = SessionInfo::without_session(Source::RememberCookie, self.core.now());
            let victim = victim.map(|user| Arc::new(self.known(user, None, info, content.forced)));
            self.emit(EventKind::RememberTheft, None, victim.as_ref());
        }
        Ok(Found::Nobody)
    }
}

/// More than any number of requests that arrive at once.
const MAX_CONFLICTS: usize = 256;
