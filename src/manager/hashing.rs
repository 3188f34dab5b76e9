//! Hashing passwords away from the async threads, with a queue before it.

use std::{
    collections::HashMap,
    net::IpAddr,
    num::NonZero,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU64},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

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
        self.0.computed.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// A place in the queue, for one request.
    ///
    /// # Errors
    ///
    /// [`Kind::Busy`] when the queue is full, or the share of this network, or of
    /// strangers: a quarter is kept for browsers that have logged in before.
    pub(crate) fn place(
        &self,
        network: Option<IpAddr>,
        is_known: bool,
    ) -> Result<Queued, LoginError> {
        let mut waiting = self.0.waiting();
        let of_network = network.map_or(0, |network| *waiting.of.get(&network).unwrap_or(&0));
        let most = if is_known { MAX_WAITING } else { MAX_STRANGERS };
        if waiting.all >= most || of_network >= MAX_OF_A_NETWORK {
            return Err(Kind::Busy.into());
        }
        waiting.all += 1;
        if let Some(network) = network {
            *waiting.of.entry(network).or_default() += 1;
        }
        let queue = self.0.clone();
        Ok(Queued(Arc::new(Held { queue, network })))
    }
}

impl Inner {
    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the queue; dropped, it is free again, but not before a hash that
/// has begun is done.
pub(crate) struct Queued(Arc<Held>);

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

impl Queued {
    /// Waits for a core.
    pub(crate) async fn turn(self) -> Result<Turn, LoginError> {
        let permit = self.0.queue.running.clone().acquire_owned().await;
        let permit = permit.map_err(LoginError::hashing)?;
        Ok(Turn(Arc::new((self, permit))))
    }
}

/// A core to hash on, until it is dropped and what has begun is done.
pub(crate) struct Turn(Arc<(Queued, OwnedSemaphorePermit)>);

impl Turn {
    /// What a password is worth against a hash; without one the same work is done.
    pub(crate) async fn verify(
        &self,
        password: &Password,
        hash: Option<&str>,
    ) -> Result<Fits, LoginError> {
        let (password, hash) = (password.share(), hash.map(str::to_owned));
        self.run(move |queue| {
            password::verify(&password, hash.as_deref(), queue.cost, &queue.computed)
        })
        .await
    }

    /// The hash of a password.
    pub(crate) async fn compute(&self, password: &Password) -> Result<String, LoginError> {
        let password = password.share();
        self.run(move |queue| password::compute(&password, queue.cost, &queue.computed))
            .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, BoxError> + Send + 'static,
    ) -> Result<T, LoginError> {
        let turn = self.0.clone();
        let done = tokio::task::spawn_blocking(move || {
            let (place, _) = &*turn;
            work(&place.0.queue)
        });
        done.await
            .map_err(LoginError::hashing)?
            .map_err(LoginError::hashing)
    }
}

/// How many requests may wait for a hash, or have one computed. Beyond it 503.
const MAX_WAITING: usize = 256;

/// How many of them may be of browsers that have not logged in before.
const MAX_STRANGERS: usize = MAX_WAITING * 3 / 4;

/// How many of them may be of one network.
const MAX_OF_A_NETWORK: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_has_its_share_of_the_queue_and_no_more() {
        let hashing = Hashing::new(PasswordCost::CHEAP);
        let flood: Option<IpAddr> = Some([192, 0, 2, 1].into());
        let other: Option<IpAddr> = Some([192, 0, 2, 2].into());
        let is_busy = |place: Result<Queued, LoginError>| place.is_err_and(|error| error.is_busy());
        let mut places: Vec<_> = (0..MAX_OF_A_NETWORK)
            .map(|_| hashing.place(flood, false).unwrap())
            .collect();
        assert!(is_busy(hashing.place(flood, false)));
        places.push(hashing.place(other, false).unwrap());
        for _ in places.len()..MAX_STRANGERS {
            places.push(hashing.place(None, false).unwrap());
        }
        for network in [None, other] {
            assert!(is_busy(hashing.place(network, false)));
        }
        for _ in places.len()..MAX_WAITING {
            places.push(hashing.place(None, true).unwrap());
        }
        assert!(is_busy(hashing.place(None, true)));
        places.clear();
        assert!(hashing.place(flood, false).is_ok() && hashing.place(None, false).is_ok());
        assert!(hashing.0.waiting().of.is_empty());
    }

    #[tokio::test]
    async fn a_place_is_held_until_its_hash_is_done() {
        let hashing = Hashing::new(PasswordCost::CHEAP);
        let place = hashing.place(None, false).unwrap();
        let (begin, begun) = tokio::sync::oneshot::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let work = tokio::spawn(async move {
            let slow = move |_: &Inner| {
                begin.send(()).ok();
                ended.recv().ok();
                Ok(())
            };
            place.turn().await?.run(slow).await
        });
        begun.await.unwrap();
        work.abort(); // the client has gone
        assert!(work.await.unwrap_err().is_cancelled());
        assert_eq!(hashing.0.waiting().all, 1);
        drop(end);
        while hashing.0.waiting().all > 0 {
            tokio::task::yield_now().await;
        }
    }
}
