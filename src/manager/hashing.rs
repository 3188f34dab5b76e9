//! Hashing passwords away from the async threads, with a queue before it.

use std::{
    collections::HashMap,
    net::IpAddr,
    num::NonZero,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::Semaphore;

use crate::{
    error::{BoxError, Kind, LoginError},
    password::{self, Fits, Password, PasswordCost},
};

/// The hashing of one realm.
pub(crate) struct Hashing(Arc<Inner>);

struct Inner {
    cost: PasswordCost,
    /// One for each core: a hash keeps a core and its memory busy.
    running: Arc<Semaphore>,
    waiting: Mutex<Waiting>,
    computed: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    all: usize,
    of: HashMap<IpAddr, usize>,
}

impl Hashing {
    pub(super) fn new(cost: PasswordCost) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self(Arc::new(Inner {
            cost,
            running: Arc::new(Semaphore::new(cores)),
            waiting: Mutex::default(),
            computed: AtomicU64::new(0),
        }))
    }

    /// How many hashes were computed since the start.
    #[cfg(feature = "testing")]
    pub(crate) fn computed(&self) -> u64 {
        self.0.computed.load(Ordering::Relaxed)
    }

    /// A place in the queue, for one request.
    ///
    /// # Errors
    ///
    /// [`Kind::Busy`] when the queue is full, or the share of this network.
    pub(crate) fn place(&self, network: Option<IpAddr>) -> Result<Place, LoginError> {
        let mut waiting = self.0.waiting();
        let of_network = network.map_or(0, |network| *waiting.of.get(&network).unwrap_or(&0));
        if waiting.all >= MAX_WAITING || of_network >= MAX_OF_A_NETWORK {
            return Err(Kind::Busy.into());
        }
        waiting.all += 1;
        if let Some(network) = network {
            *waiting.of.entry(network).or_default() += 1;
        }
        let queue = self.0.clone();
        Ok(Place(Arc::new(Held { queue, network })))
    }
}

impl Inner {
    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the queue; dropped, it is free again, but not before a hash that
/// has begun is done.
pub(crate) struct Place(Arc<Held>);

struct Held {
    queue: Arc<Inner>,
    network: Option<IpAddr>,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut waiting = self.queue.waiting();
        waiting.all -= 1;
        let Some(network) = self.network else { return };
        if let Some(count) = waiting.of.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                waiting.of.remove(&network);
            }
        }
    }
}

impl Place {
    /// What a password is worth against a hash; without one the same work is done.
    pub(crate) async fn verify(
        &self,
        password: &Password,
        hash: Option<&str>,
    ) -> Result<Fits, LoginError> {
        let (password, hash) = (password.share(), hash.map(str::to_owned));
        self.run(move |cost| password::verify(&password, hash.as_deref(), cost))
            .await
    }

    /// The hash of a password.
    pub(crate) async fn compute(&self, password: &Password) -> Result<String, LoginError> {
        let password = password.share();
        self.run(move |cost| password::compute(&password, cost))
            .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(PasswordCost) -> Result<T, BoxError> + Send + 'static,
    ) -> Result<T, LoginError> {
        let held = self.0.clone();
        let permit = held.queue.running.clone().acquire_owned().await;
        let permit = permit.map_err(LoginError::hashing)?;
        let done = tokio::task::spawn_blocking(move || {
            held.queue.computed.fetch_add(1, Ordering::Relaxed);
            let done = work(held.queue.cost);
            drop((permit, held));
            done
        });
        done.await
            .map_err(LoginError::hashing)?
            .map_err(LoginError::hashing)
    }
}

/// How many requests may wait for a hash, or have one computed. Beyond it 503.
const MAX_WAITING: usize = 256;

/// How many of them may be of one network.
const MAX_OF_A_NETWORK: usize = 32;
