//! What other servers end: one task that listens for all who watch.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use data_encoding::HEXLOWER;
use sqlx::{
    PgPool,
    postgres::{PgListener, PgPoolOptions},
};
use tokio::{
    task::AbortHandle,
    time::{sleep, timeout},
};

use super::statements::failed;
use crate::{
    secret::random,
    store::{StoreError, watchers::Watchers},
};

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
    pub(super) fn pace(self: &Arc<Self>, pool: &PgPool) -> Duration {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.as_ref().is_none_or(AbortHandle::is_finished) {
            let listen = listen(Task(Arc::downgrade(self)), pool.clone());
            *task = Some(tokio::spawn(listen).abort_handle());
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

impl Task {
    fn with(&self, act: impl FnOnce(&Listening)) {
        if let Some(listening) = self.0.upgrade() {
            act(&listening);
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.with(|listening| listening.set(false));
    }
}

async fn listen(task: Task, pool: PgPool) {
    let mut pause = POLL;
    while !pool.is_closed() {
        let mut heard = false;
        let Err(error) = hear(&task, &pool, &mut heard).await;
        task.with(|listening| listening.set(false));
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

/// Listens until the connection is lost.
///
/// That it got one proves nothing: a pooler that hands a connection on after
/// each transaction, or a network that has dropped it without a word, delivers
/// nothing. So it trusts a connection that has delivered a notification of its
/// own, sent by the pool of the store, and asks again whenever all is quiet.
async fn hear(task: &Task, pool: &PgPool, heard: &mut bool) -> Result<Infallible, StoreError> {
    // A connection of its own: the pool may be small, and is for steps.
    let options = PgPoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None);
    let own = options.connect_lazy_with((*pool.connect_options()).clone());
    let mut listener = PgListener::connect_with(&own).await.map_err(failed)?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await.map_err(failed)?;
    let probe = HEXLOWER.encode(&random::<16>().map_err(StoreError::new)?);
    let mut probed = probe_through(pool, &probe).await;
    loop {
        let patience = if probed { PROBE } else { QUIET };
        match timeout(patience, listener.try_recv()).await {
            Ok(Ok(Some(notification))) if notification.payload() == probe => {
                (probed, *heard) = (false, true);
                task.with(|listening| listening.set(true));
            }
            Ok(Ok(Some(notification))) => {
                if let Ok(home) = u16::from_str_radix(notification.payload(), 16) {
                    task.with(|listening| listening.watchers.wake(home));
                }
            }
            Ok(Ok(None)) => return Err(StoreError::new("the connection was lost")),
            Ok(Err(error)) => return Err(failed(error)),
            Err(_) if probed => return Err(StoreError::new("LISTEN delivers nothing")),
            Err(_) => probed = probe_through(pool, &probe).await,
        }
    }
}

/// Was the probe sent? That the pool has no connection to spare says nothing of ours.
async fn probe_through(pool: &PgPool, probe: &str) -> bool {
    let notify = sqlx::query("select pg_notify($1, $2)");
    let sent = timeout(PROBE, notify.bind(CHANNEL).bind(probe).execute(pool)).await;
    matches!(sent, Ok(Ok(_)))
}

/// As the statements have it.
const CHANNEL: &str = "portcullis";
pub(super) const POLL: Duration = Duration::from_secs(1);
const A_MINUTE: Duration = Duration::from_secs(60);
const QUIET: Duration = Duration::from_secs(30);
const PROBE: Duration = Duration::from_secs(5);
