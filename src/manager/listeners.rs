//! Who is told of events, each by a queue and a task of its own: a slow or
//! panicking listener harms no request and no other listener.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{runtime::Handle, sync::mpsc};

use crate::event::LoginEvent;

type Told<U> = Arc<LoginEvent<U>>;
type Tells<U> = dyn Fn(&LoginEvent<U>) + Send + Sync;
type TellsAsync<U> = dyn Fn(Told<U>) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync;

enum Listener<U> {
    Sync(Arc<Tells<U>>),
    Async(Box<TellsAsync<U>>),
}

/// The listeners of a realm.
pub(crate) struct Listeners<U> {
    all: Vec<Listening<U>>,
}

/// A listener, and its queue once its task has begun.
struct Listening<U> {
    listener: Arc<Listener<U>>,
    queue: Mutex<Option<mpsc::Sender<Told<U>>>>,
}

impl<U: Send + Sync + 'static> Listeners<U> {
    pub(crate) fn new() -> Self {
        Self { all: Vec::new() }
    }

    pub(super) fn add(&mut self, listener: impl Fn(&LoginEvent<U>) + Send + Sync + 'static) {
        self.push(Listener::Sync(Arc::new(listener)));
    }

    pub(super) fn add_async<F, Fut>(&mut self, listener: F)
    where
        F: Fn(Told<U>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.push(Listener::Async(Box::new(move |event| {
            Box::pin(listener(event))
        })));
    }

    fn push(&mut self, listener: Listener<U>) {
        self.all.push(Listening {
            listener: Arc::new(listener),
            queue: Mutex::default(),
        });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Queues an event. Where the queue is full, or there is no runtime, it is
    /// dropped, and the log says so.
    pub(crate) fn tell(&self, event: LoginEvent<U>) {
        let event = Arc::new(event);
        for Listening { listener, queue } in &self.all {
            let Ok(runtime) = Handle::try_current() else {
                return;
            };
            let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
            // A runtime that has ended, as that of a test, takes its tasks with it.
            let alive = queue.take().filter(|queue| !queue.is_closed());
            let queue = queue.insert(alive.unwrap_or_else(|| {
                let (sender, receiver) = mpsc::channel(QUEUE);
                runtime.spawn(listen(listener.clone(), receiver));
                sender
            }));
            let is_full = event.kind().is_for_the_asking() && queue.capacity() <= KEPT_FREE;
            if is_full || queue.try_send(event.clone()).is_err() {
                tracing::warn!(
                    target: "portcullis", kind = event.kind().name(),
                    "a listener is too slow: it missed an event"
                );
            }
        }
    }
}

async fn listen<U: Send + Sync + 'static>(
    listener: Arc<Listener<U>>,
    mut queue: mpsc::Receiver<Told<U>>,
) {
    while let Some(event) = queue.recv().await {
        // In a task of its own, so that a panic ends that task only.
        let listener = listener.clone();
        let told = match &*listener {
            Listener::Sync(tell) => {
                let tell = tell.clone();
                tokio::task::spawn_blocking(move || tell(&event)).await
            }
            Listener::Async(_) => tokio::spawn(tell_async(listener, event)).await,
        };
        // What is cancelled is so because the runtime ends.
        if told.is_err_and(|error| error.is_panic()) {
            tracing::error!(target: "portcullis", "a listener panicked");
        }
    }
}

async fn tell_async<U>(listener: Arc<Listener<U>>, event: Told<U>) {
    if let Listener::Async(tell) = &*listener {
        tell(event).await;
    }
}

/// How many events wait for a slow listener; beyond it they are dropped.
const QUEUE: usize = 1024;

/// The places that what anybody can bring about never takes: a flood of it is
/// not to drown an alarm.
const KEPT_FREE: usize = 256;
