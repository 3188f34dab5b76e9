//! A remembered login becomes a session, in one step of the store.

use std::{sync::Arc, time::Duration};

use http::HeaderValue;

use crate::{
    error::LoginError,
    event::EventKind,
    manager::{
        CookieOf, Realm, SessionInfo, Source, content::LoginFacts, series::SeriesContent,
        settings::PENDING_FOR,
    },
    session::{
        Found,
        device::Visitor,
        stranger,
        transition::{Kept, body},
        visit::{self, Number},
    },
    store::{Record, RecordKind, Restore, Swap},
    token::Token,
    user::AuthUser,
};

impl<U: AuthUser> Realm<U> {
    /// Replaces the token of a series and begins a session, and sends the
    /// cookies of both. Answers nothing when another request was faster: then it
    /// is to be looked at again.
    ///
    /// `lost` says that the present token never arrived. The session that came
    /// with it ends either way: it never arrived either, or the browser, which
    /// would show it beside the remember cookie, has it no more.
    pub(super) async fn restore(
        self: &Arc<Self>,
        (series, mut content): (&Record, SeriesContent<'_>),
        lost: bool,
        user: U,
        visitor: &Visitor<&HeaderValue>,
        number: Number,
    ) -> Result<Option<Found<U>>, LoginError> {
        let core = &self.core;
        visit::check(number)?;
        let stranger = match self.pending_after_restore(&user) {
            None => stranger(core, number).await?,
            Some(_) => None, // as long as nobody is logged in, it stays a stranger's
        };
        let now = core.now();
        let pending = self.pending_after_restore(&user);
        let lasts = match pending {
            None => core.settings.absolute,
            Some(_) => PENDING_FOR,
        };
        let over = core.settings.remembered_until(series.created);
        let ends = now.plus(lasts).min(over);
        let device_name = visitor.name();
        let facts = LoginFacts {
            user: content.user,
            login_id: content.login_id,
            user_tag: content.user_tag,
            auth_hash: content.auth_hash,
            ends,
            verified: None,
            second_factor: false,
            forced: content.forced,
            source: Source::RememberCookie,
            device: visitor.device(core, self.index_of(content.user)),
            device_name: &device_name,
            pending,
            actor: None,
        };
        let home = Some(series.id.home());
        let token = Token::random(home).map_err(|error| core.failed(error))?;
        let body = body(core, stranger.as_ref(), facts, Kept::WhatSaysSo)?;
        let expires = now.plus(core.settings.idle).min(ends);
        let mut session = Record::new(RecordKind::Session, token.id, token.hash(), expires, body);
        session.user = series.user;
        session.series = Some(series.id);
        session.created = now;
        if pending.is_none() {
            session.seen = now; // else it is the first to go
        }
        let info = SessionInfo::new(&session, &facts);

        let before = Some(content.session());
        let next_token = Token::next(series.id).map_err(|error| core.failed(error))?;
        content.rotate(series.hash, lost, session.id, now);
        let mut next = series.clone();
        next.hash = next_token.hash();
        next.version = series.version.next();
        next.seen = now;
        if core.settings.remember.refresh {
            next.expires = now.plus(Duration::from_secs(content.lasts)).min(over);
        }
        next.body = content.encode().map_err(|error| core.failed(error))?;
        let until = next.expires;

        let mut step = Restore::new(series.version, next, session.clone(), now);
        step.at_most = Some(core.settings.max_sessions_per_user);
        step.ends_session = before.filter(|_| lost || core.settings.cookies_go_together());
        match core.done(core.store.restore(step).await)? {
            Swap::Conflict => return Ok(None),
            Swap::Gone => return Ok(Some(Found::Nobody)),
            Swap::Done => {}
        }
        let mut known = self.known(user, Some(session), info, content.forced);
        known.pending = pending;
        let known = Arc::new(known);
        if let Some(stranger) = stranger {
            // Its data is the user's now, and not there a second time. What is
            // left of it if this fails runs out by itself.
            core.delete(stranger.id).await.ok();
        }
        visit::note(number, |notes| {
            notes.send_token(core, CookieOf::Login, &token);
            notes.send_remember_token(core, &next_token, until);
            if pending.is_none() {
                notes.leave_stranger(core);
            }
        });
        known.emit(match pending {
            None => EventKind::UserLoadedFromCookie,
            Some(_) => EventKind::SecondFactorAsked,
        });
        Ok(Some(Found::of(known)))
    }
}
