//! What other servers end: one task that listens for all who watch.

use std::{
    convert::Infallible,
    future::poll_fn,
    pin::Pin,
    str,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use data_encoding::HEXLOWER;
use futures_core::Stream;
use redis::{Client, Cmd};
use tokio::{
    runtime::Handle,
    task::AbortHandle,
    time::{sleep, timeout},
};

use super::{connection::Connection, reply::failed};
use crate::{
    secret::random,
    store::{StoreError, watchers::Watchers},
};

/// Those who watch, and the task that wakes them.
#[derive(Default)]
pub(super) struct Listening {
    pub(super) watchers: Watchers,
    pub(super) client: Option<Client>,
    /// Is each end announced to us?
    hears: AtomicBool,
    task: Mutex<Option<AbortHandle>>,
}

impl Listening {
    pub(super) fn by(client: Option<Client>) -> Arc<Self> {
        let mut listening = Self::default();
        listening.client = client;
        Arc::new(listening)
    }

    /// How long a watcher may wait between two looks. Starts the task where
    /// there is none: at the first watch, and when the runtime that ran it has ended.
    pub(super) fn pace(self: &Arc<Self>, connection: &Connection, prefix: &str) -> Duration {
        let (Some(client), Ok(runtime)) = (&self.client, Handle::try_current()) else {
            return POLL;
        };
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.as_ref().is_none_or(AbortHandle::is_finished) {
            let ear = Ear {
                client: client.clone(),
                connection: connection.clone(),
                channel: format!("{prefix}:ended"),
            };
            let listen = listen(Task(Arc::downgrade(self)), ear);
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

/// What it takes to hear, and to say something to oneself.
struct Ear {
    client: Client,
    connection: Connection,
    channel: String,
}

async fn listen(task: Task, ear: Ear) {
    let mut pause = POLL;
    loop {
        let mut heard = false;
        let Err(error) = ear.hear(&task, &mut heard).await;
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

impl Ear {
    /// Listens until the connection is lost.
    ///
    /// That it has one proves nothing: it may lead to another Redis, to a node
    /// that the others have lost, or nowhere any more. So it trusts one that has
    /// delivered a message of its own, sent by the way of the store's steps, and
    /// sends another whenever all is quiet.
    async fn hear(&self, task: &Task, heard: &mut bool) -> Result<Infallible, StoreError> {
        let subscribed = async {
            let mut subscription = self.client.get_async_pubsub().await?;
            subscription.subscribe(&self.channel).await?;
            Ok(subscription.into_on_message())
        };
        let subscribed = timeout(PATIENCE, subscribed).await;
        let mut messages = subscribed.map_err(StoreError::new)?.map_err(failed)?;
        let probe = HEXLOWER.encode(&random::<16>().map_err(StoreError::new)?);
        let mut probed = self.say(&probe).await;
        loop {
            let patience = if probed { PATIENCE } else { QUIET };
            let message = poll_fn(|context| Pin::new(&mut messages).poll_next(context));
            match timeout(patience, message).await {
                Ok(Some(message)) if message.get_payload_bytes() == probe.as_bytes() => {
                    (probed, *heard) = (false, true);
                    task.with(|listening| listening.set(true));
                }
                Ok(Some(message)) => {
                    let home = str::from_utf8(message.get_payload_bytes()).ok();
                    if let Some(home) = home.and_then(|home| u16::from_str_radix(home, 16).ok()) {
                        task.with(|listening| listening.watchers.wake(home));
                    }
                }
                Ok(None) => return Err(StoreError::new("the connection was lost")),
                Err(_) if probed => return Err(StoreError::new("SUBSCRIBE delivers nothing")),
                Err(_) => probed = self.say(&probe).await,
            }
        }
    }

    /// Was it said? That the store can't reach Redis says nothing of the subscription.
    async fn say(&self, probe: &str) -> bool {
        let mut publish = Cmd::new();
        publish.arg("PUBLISH").arg(&self.channel).arg(probe);
        let said = timeout(PATIENCE, self.connection.command(&publish)).await;
        matches!(said, Ok(Ok(_)))
    }
}

const POLL: Duration = Duration::from_secs(1);
const A_MINUTE: Duration = Duration::from_secs(60);
const QUIET: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(5);
