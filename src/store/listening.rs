//! Hearing what other servers end: one task that listens for all who watch.

use std::{
    convert::Infallible,
    future::Future,
    str,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use data_encoding::HEXLOWER;
use tokio::{
    runtime::Handle,
    task::AbortHandle,
    time::{sleep, timeout},
};

use super::{StoreError, watchers::Watchers};
use crate::secret::random;

/// How a store announces to every server the homes of what has ended.
pub(super) trait Announcements: Send + Sync + 'static {
    /// A connection that listens, of its own.
    type Line: Send;

    /// A new one.
    fn open(&self) -> impl Future<Output = Result<Self::Line, StoreError>> + Send;

    /// The next announcement. It may be dropped while it waits; an error says
    /// that the line is lost.
    fn next(
        &self,
        line: &mut Self::Line,
    ) -> impl Future<Output = Result<Vec<u8>, StoreError>> + Send;

    /// Announces something by the way that the store's steps take. That it could
    /// not says nothing of the line.
    fn say(&self, text: &str) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Has the app closed the way to the store?
    fn is_closed(&self) -> bool {
        false
    }
}

/// Those who watch, and the task that wakes them.
#[derive(Default)]
pub(super) struct Listening {
    pub(super) watchers: Watchers,
    /// Is each end announced to us?
    hears: AtomicBool,
    task: Mutex<Option<AbortHandle>>,
}

impl Listening {
    /// How long a watcher may wait between two looks. Starts the task where
    /// there is none: at the first watch, and when the runtime that ran it has ended.
    pub(super) fn pace<A: Announcements>(self: &Arc<Self>, to: impl FnOnce() -> A) -> Duration {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.as_ref().is_none_or(AbortHandle::is_finished)
            && let Ok(runtime) = Handle::try_current()
        {
            let listen = Task(Arc::downgrade(self)).listen(to());
            *task = Some(runtime.spawn(listen).abort_handle());
        }
        if self.hears.load(Ordering::Acquire) {
            A_MINUTE
        } else {
            POLL
        }
    }

    /// From now on ends are announced, or are not: either way some may have been missed.
    fn set(&self, hears: bool) {
        if self.hears.swap(hears, Ordering::AcqRel) != hears {
            self.watchers.wake_all();
        }
    }
}

/// The store is gone, and nobody watches.
impl Drop for Listening {
    fn drop(&mut self) {
        let task = self.task.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = task.take() {
            task.abort();
        }
    }
}

/// The task's hold on the store, which does not keep it. When the task ends, in
/// whatever way, nobody trusts it any more.
struct Task(Weak<Listening>);

impl Drop for Task {
    fn drop(&mut self) {
        self.with(|listening| listening.set(false));
    }
}

impl Task {
    fn with(&self, act: impl FnOnce(&Listening)) {
        if let Some(listening) = self.0.upgrade() {
            act(&listening);
        }
    }

    async fn listen<A: Announcements>(self, to: A) {
        let mut pause = POLL;
        while !to.is_closed() {
            let mut heard = false;
            let Err(error) = self.hear(&to, &mut heard).await;
            self.with(|listening| listening.set(false));
            // Where it never works it is said once, and tried once a minute.
            if heard || pause == POLL {
                pause = POLL;
                tracing::warn!(
                    target: "portcullis", %error,
                    "the session store does not hear what other servers end: it looks each second"
                );
            }
            sleep(pause).await;
            pause = (pause * 2).min(A_MINUTE);
        }
    }

    /// Wakes whom an announcement is about, until the line is lost.
    ///
    /// That there is a line proves nothing: it may lead to another server, through
    /// a pooler that hands it on after each transaction, or nowhere any more. So
    /// one is trusted that has delivered an announcement of our own, and asked
    /// again whenever all is quiet.
    async fn hear<A: Announcements>(
        &self,
        to: &A,
        heard: &mut bool,
    ) -> Result<Infallible, StoreError> {
        let opened = timeout(PATIENCE, to.open()).await;
        let mut line = opened.map_err(StoreError::new)??;
        let probe = HEXLOWER.encode(&random::<16>().map_err(StoreError::new)?);
        let mut is_probed = say(to, &probe).await;
        loop {
            let patience = if is_probed { PATIENCE } else { QUIET };
            match timeout(patience, to.next(&mut line)).await {
                Ok(Ok(text)) if text == probe.as_bytes() => {
                    (is_probed, *heard) = (false, true);
                    self.with(|listening| listening.set(true));
                }
                Ok(Ok(text)) => {
                    let home = str::from_utf8(&text).ok();
                    if let Some(home) = home.and_then(|home| u16::from_str_radix(home, 16).ok()) {
                        self.with(|listening| listening.watchers.wake(home));
                    }
                }
                Ok(Err(error)) => return Err(error),
                Err(_) if is_probed => {
                    return Err(StoreError::new("the line that listens delivers nothing"));
                }
                Err(_) => is_probed = say(to, &probe).await,
            }
        }
    }
}

async fn say<A: Announcements>(to: &A, text: &str) -> bool {
    matches!(timeout(PATIENCE, to.say(text)).await, Ok(Ok(())))
}

/// How often a watcher looks who can't rely on announcements.
pub(super) const POLL: Duration = Duration::from_secs(1);
const A_MINUTE: Duration = Duration::from_secs(60);
const QUIET: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(5);
