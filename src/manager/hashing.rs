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
    of: HashMap<Share, usize>,
}

/// Of whom only so many may wait.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Share {
    Strangers(IpAddr),
    /// The browsers that have logged in to an account before.
    Known([u8; 16]),
}

impl Share {
    fn most(self) -> usize {
        match self {
            Self::Strangers(_) => MAX_OF_A_NETWORK,
            Self::Known(_) => MAX_OF_AN_ACCOUNT,
        }
    }
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

    /// A place in the queue, for one request: of a network, or of a browser that
    /// has logged in to the account before.
    ///
    /// # Errors
    ///
    /// [`Kind::Busy`] when the queue is full, or the share of this network, of this
    /// account, or of strangers: a quarter is kept for browsers that are known.
    pub(crate) fn place(
        &self,
        network: Option<IpAddr>,
        known_account: Option<[u8; 16]>,
    ) -> Result<Queued, LoginError> {
        let (most, share) = match known_account {
            Some(account) => (MAX_WAITING, Some(Share::Known(account))),
            None => (MAX_STRANGERS, network.map(Share::Strangers)),
        };
        let mut waiting = self.0.waiting();
        let is_used_up = |share: Share| {
            waiting
                .of
                .get(&share)
                .is_some_and(|count| *count >= share.most())
        };
        if waiting.all >= most || share.is_some_and(is_used_up) {
            return Err(Kind::Busy.into());
        }
        waiting.all += 1;
        if let Some(share) = share {
            *waiting.of.entry(share).or_default() += 1;
        }
        let queue = self.0.clone();
        Ok(Queued(Arc::new(Held { queue, share })))
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
    share: Option<Share>,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut waiting = self.queue.waiting();
        waiting.all -= 1;
        let Some(share) = self.share else { return };
        if let Some(count) = waiting.of.get_mut(&share) {
            *count -= 1;
            if *count == 0 {
                waiting.of.remove(&share);
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

/// How many of them may be of the known browsers of one account, or else one
/// account of an attacker takes what is kept for them.
const MAX_OF_AN_ACCOUNT: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_share_of_the_queue_and_no_more() {
        let hashing = Hashing::new(PasswordCost::CHEAP);
        let flood: Option<IpAddr> = Some([192, 0, 2, 1].into());
        let other: Option<IpAddr> = Some([192, 0, 2, 2].into());
        let is_busy = |place: Result<Queued, LoginError>| place.is_err_and(|error| error.is_busy());
        let mut places: Vec<_> = (0..MAX_OF_A_NETWORK)
            .map(|_| hashing.place(flood, None).unwrap())
            .collect();
        assert!(is_busy(hashing.place(flood, None)));
        places.push(hashing.place(other, None).unwrap());
        for _ in places.len()..MAX_STRANGERS {
            places.push(hashing.place(None, None).unwrap());
        }
        for network in [None, other] {
            assert!(is_busy(hashing.place(network, None)));
        }
        for account in 0..(MAX_WAITING - places.len()) / MAX_OF_AN_ACCOUNT {
            let account = Some([account as u8; 16]);
            for _ in 0..MAX_OF_AN_ACCOUNT {
                places.push(hashing.place(flood, account).unwrap());
            }
            assert!(is_busy(hashing.place(other, account)));
        }
        assert_eq!(places.len(), MAX_WAITING);
        assert!(is_busy(hashing.place(None, Some([255; 16]))));
        places.clear();
        assert!(hashing.place(flood, None).is_ok() && hashing.place(None, None).is_ok());
        assert!(hashing.0.waiting().of.is_empty());
    }

    #[tokio::test]
    async fn a_place_is_held_until_its_hash_is_done() {
        let hashing = Hashing::new(PasswordCost::CHEAP);
        let place = hashing.place(None, None).unwrap();
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
