//! One visit: what the library knows and changes during one request.
//!
//! The mount opens a visit around a handler and closes it over the answer.
//! It travels with the polling of the handler, not in the request: what is
//! cloned out of a request, spawned or kept for later finds no visit, and so
//! can't change an answer that is not its own. Until something looks at the
//! login it costs nothing.

use std::{
    cell::RefCell,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use http::{HeaderMap, HeaderValue, header};
use tokio::task::futures::TaskLocalFuture;

use crate::{
    error::{Kind, LoginError},
    manager::Core,
    session::{Asker, Customs, device::Visitor, known_browser::Caller},
    store::RecordId,
};

pub(crate) use crate::session::notes::Notes;

tokio::task_local! {
    static VISIT: RefCell<Visit>;
}

/// The realms of one router.
pub(crate) type Realms = Arc<[Arc<Core>]>;

/// Tells a visit from every other of this process.
pub(crate) type Number = u64;

/// One request to one handler, with what is known of it once something has looked.
pub(crate) struct Visit {
    realms: Realms,
    /// What the routes say about answers.
    custom: Customs,
    /// Opened by a layer, for the handler inside it to join.
    joinable: Option<Box<Joinable>>,
    noted: Option<Box<Notes>>,
}

/// In the extensions of a request: a layer has opened a visit around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark(Number);

impl Mark {
    pub(crate) fn new() -> Self {
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// Which request a handler must have to join a visit: the one with the mark,
/// and with the cookies that it had when the visit was opened.
struct Joinable {
    mark: Mark,
    cookies: Vec<HeaderValue>,
    /// A handler has.
    is_joined: bool,
}

fn cookies(headers: &HeaderMap) -> Vec<HeaderValue> {
    headers.get_all(header::COOKIE).iter().cloned().collect()
}

impl Visit {
    /// The visit of one handler.
    pub(crate) fn new(realms: Realms, custom: Customs) -> Self {
        Self {
            realms,
            custom,
            joinable: None,
            noted: None,
        }
    }

    /// The visit of a layer, which the handler inside joins: the one that gets
    /// the request with this mark.
    pub(crate) fn joinable(
        realms: Realms,
        custom: Customs,
        mark: Mark,
        headers: &HeaderMap,
    ) -> Self {
        let joinable = Some(Box::new(Joinable {
            mark,
            cookies: cookies(headers),
            is_joined: false,
        }));
        Self {
            joinable,
            ..Self::new(realms, custom)
        }
    }

    /// Runs `future` as this visit.
    pub(crate) fn scope<F: Future>(self, future: F) -> TaskLocalFuture<RefCell<Visit>, F> {
        VISIT.scope(RefCell::new(self), future)
    }

    /// Enters the visit that a layer opened around this very request, if there is one.
    ///
    /// It is entered once: a request that a handler or a layer sends through
    /// the router is a visit of its own, with an answer of its own.
    pub(crate) fn join(
        realms: &Realms,
        custom: &Customs,
        mark: Option<Mark>,
        headers: &HeaderMap,
    ) -> Option<Mark> {
        let join = |visit: &mut Visit| {
            let Some(joinable) = visit.admits(realms, mark, headers) else {
                if let Some(notes) = &mut visit.noted {
                    notes.is_doubtful = true; // whoever is inside may change the login
                }
                return None;
            };
            joinable.is_joined = true;
            let mark = joinable.mark;
            visit.custom = custom.clone().or_else(|| visit.custom.take());
            Some(mark)
        };
        with(join).flatten()
    }

    /// The mark of the visit that this request is already in, which its handler will join.
    pub(crate) fn around(realms: &Realms, mark: Option<Mark>, headers: &HeaderMap) -> Option<Mark> {
        with(|visit| Some(visit.admits(realms, mark, headers)?.mark)).flatten()
    }

    fn admits(
        &mut self,
        realms: &Realms,
        mark: Option<Mark>,
        headers: &HeaderMap,
    ) -> Option<&mut Joinable> {
        let is_ours = Arc::ptr_eq(&self.realms, realms);
        self.joinable.as_deref_mut().filter(|joinable| {
            is_ours
                && !joinable.is_joined
                && Some(joinable.mark) == mark
                && headers.get_all(header::COOKIE).iter().eq(&joinable.cookies)
        })
    }

    pub(crate) fn into_notes(self) -> Option<Box<Notes>> {
        let mut notes = self.noted?;
        notes.custom = self.custom;
        Some(notes)
    }

    fn notes(&mut self) -> &mut Notes {
        self.noted.get_or_insert_with(|| {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            Box::new(Notes::of(number))
        })
    }
}

/// The number of the visit that runs now, noting which realm is asked and, the
/// first time, who asks: `asker` hears whether to keep the whole head of the request.
///
/// # Errors
///
/// Outside of a visit, or in one of another manager's router.
pub(crate) fn enter(
    core: &Arc<Core>,
    is_guard: bool,
    asker: impl FnOnce(bool) -> Asker,
) -> Result<Number, LoginError> {
    let entered = with(|visit| {
        if !visit.realms.iter().any(|realm| Arc::ptr_eq(realm, core)) {
            return None;
        }
        let notes = visit.notes();
        notes.looked = true;
        // A look beside a guard of another realm does not speak for the handler.
        if is_guard || notes.asked.is_none() {
            notes.asked = Some(core.clone());
        }
        let keep = core.settings.keep_request();
        let is_known = notes
            .asker
            .as_ref()
            .is_some_and(|asker| !keep || asker.head().is_some());
        if !is_known {
            notes.asker = Some(asker(keep));
        }
        Some(notes.number)
    });
    entered.flatten().ok_or_else(|| {
        LoginError::misuse(
            core.realm(),
            "ask for the login only in handlers and layers of the `Routes` that this manager's `into_router` mounted",
        )
    })
}

/// Is the visit with this mark the one that runs? What has joined it must not go on
/// in another: that one is somebody else's.
pub(crate) fn is_marked(mark: Mark) -> bool {
    let is_marked = |visit: &mut Visit| {
        let joinable = visit.joinable.as_ref();
        joinable.is_some_and(|joinable| joinable.mark == mark)
    };
    with(is_marked).unwrap_or(false)
}

/// Is this visit still the one that runs? Afterwards no cookie can be sent.
pub(crate) fn check(number: Number) -> Result<(), LoginError> {
    match with(|visit| visit.noted.as_ref().map(|notes| notes.number)).flatten() {
        Some(running) if running == number => Ok(()),
        _ => Err(Kind::Answered.into()),
    }
}

/// Changes the notes of a visit, if it is the one that runs now.
///
/// A future that began in one visit and is polled in another notes nothing there.
pub(crate) fn note<R>(number: Number, change: impl FnOnce(&mut Notes) -> R) -> Option<R> {
    with(|visit| {
        let notes = visit.noted.as_deref_mut()?;
        (notes.number == number).then(|| change(notes))
    })
    .flatten()
}

/// That a login is refused was told: the answer is not to tell it once more.
pub(crate) fn refusal_is_told() {
    with(|visit| {
        if let Some(notes) = &mut visit.noted {
            notes.refusal_told = true;
        }
    });
}

/// The session of this visit is gone: another request has ended it, or replaced it
/// and sent the next cookies. Those that a restore has noted here are dead, and
/// would overwrite them.
pub(crate) fn ended(number: Number, core: &Arc<Core>) -> LoginError {
    note(number, |notes| notes.take_back(core));
    Kind::Ended.into()
}

/// What this visit's request has shown of its browser.
pub(crate) fn visitor(number: Number, core: &Arc<Core>) -> Visitor {
    note(number, |notes| notes.caller(core).visitor).unwrap_or_default()
}

/// The series whose cookie this visit's request has shown.
pub(crate) fn presented_series(number: Number, core: &Arc<Core>) -> Option<RecordId> {
    note(number, |notes| notes.presented_series(core)).flatten()
}

/// The number of the visit that runs now, if this realm is asked in it.
pub(crate) fn running(core: &Arc<Core>) -> Option<Number> {
    peek(|notes| notes.has_seen(core).then_some(notes.number)).flatten()
}

/// What the visit that runs now knows of who tries to log in.
pub(crate) fn caller(core: &Arc<Core>) -> Caller {
    peek(|notes| notes.caller(core)).unwrap_or_default()
}

/// The notes of the visit that runs now, if something has looked.
pub(crate) fn peek<R>(look: impl FnOnce(&Notes) -> R) -> Option<R> {
    with(|visit| visit.noted.as_deref().map(look)).flatten()
}

/// No closure given here calls back into this module, so the cell is never borrowed twice.
fn with<R>(run: impl FnOnce(&mut Visit) -> R) -> Option<R> {
    VISIT.try_with(|visit| run(&mut visit.borrow_mut())).ok()
}

static NEXT: AtomicU64 = AtomicU64::new(1);
