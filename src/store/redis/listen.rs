//! What other servers have ended: a subscription, in a task of its own.

use std::{
    future::poll_fn,
    pin::Pin,
    str,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_core::Stream;
use redis::{Client, Msg};
use tokio::{
    runtime::Handle,
    task::JoinHandle,
    time::{error::Elapsed, sleep, timeout},
};

use crate::{error::BoxError, store::watchers::Watchers};

/// Who watches in this process, and the ear for what happens in others.
pub(super) struct Listener {
    pub(super) watchers: Watchers,
    channel: String,
    client: Option<Client>,
    hears: AtomicBool,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Listener {
    pub(super) fn new(prefix: &str, client: Option<Client>) -> Self {
        Self {
            watchers: Watchers::default(),
            channel: format!("{prefix}:ended"),
            client,
            hears: AtomicBool::new(false),
            task: Mutex::default(),
        }
    }

    pub(super) fn client(&self) -> Option<Client> {
        self.client.clone()
    }

    /// How often to ask, all the same. Called by those who wait, so it starts
    /// the task, and starts it again when the runtime that had it has ended.
    pub(super) fn pace(self: &Arc<Self>) -> Duration {
        let Some(client) = &self.client else {
            return A_SECOND;
        };
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.as_ref().is_none_or(JoinHandle::is_finished) {
            let listening = listen(Arc::downgrade(self), client.clone(), self.channel.clone());
            *task = Handle::try_current()
                .ok()
                .map(|runtime| runtime.spawn(listening));
        }
        if self.hears.load(Ordering::SeqCst) {
            A_MINUTE
        } else {
            A_SECOND
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let task = self.task.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = task {
            task.abort();
        }
    }
}

/// Listens for as long as there is a store, and mends the connection.
async fn listen(listener: Weak<Listener>, client: Client, channel: String) {
    while listener.strong_count() > 0 {
        if let Err(error) = hear(&listener, &client, &channel).await {
            tracing::debug!(target: "portcullis", %error, "Redis can't be listened to");
        }
        sleep(A_SECOND).await;
    }
}

/// Until the connection is lost.
async fn hear(listener: &Weak<Listener>, client: &Client, channel: &str) -> Result<(), BoxError> {
    let mut subscription = timeout(TOO_LONG, client.get_async_pubsub()).await??;
    timeout(TOO_LONG, subscription.subscribe(channel)).await??;
    let (mut sink, mut ends) = subscription.split();
    let _hearing = Hearing::begin(listener);
    loop {
        match next(&mut ends).await {
            Ok(Some(end)) => wake(listener, &end),
            Ok(None) => return Ok(()),
            // A connection can be dead and not say so.
            Err(_) => timeout(TOO_LONG, sink.ping::<redis::Value>())
                .await?
                .map(drop)?,
        }
    }
}

async fn next(ends: &mut (impl Stream<Item = Msg> + Unpin)) -> Result<Option<Msg>, Elapsed> {
    timeout(
        QUIET,
        poll_fn(|context| Pin::new(&mut *ends).poll_next(context)),
    )
    .await
}

fn wake(listener: &Weak<Listener>, end: &Msg) {
    let Some(listener) = listener.upgrade() else {
        return;
    };
    let home = str::from_utf8(end.get_payload_bytes()).ok();
    match home.and_then(|home| u16::from_str_radix(home, 16).ok()) {
        Some(home) => listener.watchers.wake(home),
        None => listener.watchers.wake_all(),
    }
}

/// While it is there, ends are heard. Whoever waits looks once when it begins,
/// for what ended before, and when it is dropped, however that comes.
struct Hearing<'a>(&'a Weak<Listener>);

impl<'a> Hearing<'a> {
    fn begin(listener: &'a Weak<Listener>) -> Self {
        let hearing = Self(listener);
        hearing.set(true);
        hearing
    }

    fn set(&self, hears: bool) {
        if let Some(listener) = self.0.upgrade() {
            listener.hears.store(hears, Ordering::SeqCst);
            listener.watchers.wake_all();
        }
    }
}

impl Drop for Hearing<'_> {
    fn drop(&mut self) {
        self.set(false);
    }
}

const A_SECOND: Duration = Duration::from_secs(1);
const A_MINUTE: Duration = Duration::from_secs(60);
/// After so long without a message the connection is tried.
const QUIET: Duration = Duration::from_secs(20);
const TOO_LONG: Duration = Duration::from_secs(10);
