//! Hashing passwords away from the async threads, with a queue before it.

use std::{
    collections::HashMap,
    net::IpAddr,
    num::NonZero,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU64},
};

use tokio::sync::Semaphore;
use tracing::Instrument;

use crate::{
    error::{BoxError, Kind, LoginError},
    key::Mac,
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
    Known(KeptFor),
    /// Browsers that are known, of one network.
    KnownFrom(IpAddr),
}

/// What a place is for that is kept for known browsers.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum KeptFor {
    /// A login to the account that the browser is known to, by its credentials.
    Login(Mac),
    /// A new password, of whatever account: the browser is known to some.
    NewPassword,
}

impl Share {
    fn most(self) -> usize {
        match self {
            Self::Strangers(_) => MAX_OF_A_NETWORK,
            Self::Known(KeptFor::Login(_)) => MAX_OF_AN_ACCOUNT,
            Self::Known(KeptFor::NewPassword) => MAX_NEW_PASSWORDS,
            Self::KnownFrom(_) => MAX_KNOWN_OF_A_NETWORK,
        }
    }
}

/// The shares that a place is taken from.
type Shares = [Option<Share>; 2];

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

    /// A place in the queue, for one request: of those that are kept for known
    /// browsers, or else of those for everybody.
    ///
    /// # Errors
    ///
    /// [`Kind::Busy`] when the queue is full, or the shares of this network, of this
    /// account, or of strangers: a quarter is kept for browsers that are known.
    pub(crate) fn place(
        &self,
        network: Option<IpAddr>,
        kept_for: Option<KeptFor>,
    ) -> Result<Queued, LoginError> {
        let mut waiting = self.0.waiting();
        let kept = kept_for.map(|kept_for| {
            let shares = [Some(Share::Known(kept_for)), network.map(Share::KnownFrom)];
            (MAX_WAITING, shares)
        });
        let of_all = (MAX_STRANGERS, [network.map(Share::Strangers), None]);
        let mut places = kept.into_iter().chain([of_all]);
        let free = places.find(|(most, shares)| waiting.has_room(*most, *shares));
        let (_, shares) = free.ok_or(Kind::Busy)?;
        waiting.all += 1;
        for share in shares.into_iter().flatten() {
            *waiting.of.entry(share).or_default() += 1;
        }
        let queue = self.0.clone();
        Ok(Queued(Arc::new(Held { queue, shares })))
    }
}

impl Waiting {
    fn has_room(&self, most: usize, shares: Shares) -> bool {
        let mut shares = shares.into_iter().flatten();
        let has = |share| {
            self.of
                .get(&share)
                .is_none_or(|count| *count < share.most())
        };
        self.all < most && shares.all(has)
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
    shares: Shares,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut waiting = self.queue.waiting();
        waiting.all -= 1;
        for share in self.shares.into_iter().flatten() {
            if let Some(count) = waiting.of.get_mut(&share) {
                *count -= 1;
                if *count == 0 {
                    waiting.of.remove(&share);
                }
            }
        }
    }
}

impl Queued {
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

    /// Works on a core when one is free. What has begun is done to its end.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, BoxError> + Send + 'static,
    ) -> Result<T, LoginError> {
        let held = self.0.clone();
        let core = held.queue.running.clone().acquire_owned().await;
        let core = core.map_err(LoginError::hashing)?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work(&held.queue);
            drop(core);
            done
        });
        let span = tracing::debug_span!(target: "portcullis", "password_hash");
        done.instrument(span)
            .await
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

/// How many may be in the places that are kept for known browsers, or else an
/// attacker with some accounts takes all: logins to one account, new passwords, and
/// both of one network.
const MAX_OF_AN_ACCOUNT: usize = 4;
const MAX_NEW_PASSWORDS: usize = 8;
const MAX_KNOWN_OF_A_NETWORK: usize = 16;

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const FLOOD: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
    const OTHER: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)));

    /// Takes places as long as there are any.
    fn fill(hashing: &Hashing, network: Option<IpAddr>, kept_for: Option<KeptFor>) -> Vec<Queued> {
        let mut places = Vec::new();
        loop {
            match hashing.place(network, kept_for) {
                Ok(place) => places.push(place),
                Err(error) => {
                    assert!(error.is_busy());
                    return places;
                }
            }
        }
    }

    #[test]
    fn each_has_its_share_of_the_queue_and_no_more() {
        let hashing = Hashing::new(PasswordCost::CHEAP);
        let flood = fill(&hashing, FLOOD, None);
        assert_eq!(flood.len(), MAX_OF_A_NETWORK);
        let others = fill(&hashing, None, None);
        assert_eq!(flood.len() + others.len(), MAX_STRANGERS);
        assert!(fill(&hashing, OTHER, None).is_empty());

        // What is kept for known browsers no account takes, and no network.
        let account = |number: usize| Some(KeptFor::Login([number as u8; 16]));
        let new_passwords = fill(&hashing, None, Some(KeptFor::NewPassword));
        assert_eq!(new_passwords.len(), MAX_NEW_PASSWORDS);
        let mut known = Vec::new();
        for number in 0..MAX_KNOWN_OF_A_NETWORK / MAX_OF_AN_ACCOUNT {
            let of_one = fill(&hashing, FLOOD, account(number));
            assert_eq!(of_one.len(), MAX_OF_AN_ACCOUNT);
            known.extend(of_one);
        }
        assert!(fill(&hashing, FLOOD, account(100)).is_empty());
        assert!(fill(&hashing, OTHER, account(0)).is_empty());
        known.extend(fill(&hashing, OTHER, account(100)));
        for number in 101..200 {
            known.extend(fill(&hashing, None, account(number)));
        }
        known.extend(new_passwords);
        assert_eq!(known.len(), MAX_WAITING - MAX_STRANGERS);

        drop((flood, others, known));
        assert!(hashing.0.waiting().of.is_empty());
        assert_eq!(hashing.0.waiting().all, 0);
    }

    #[test]
    fn a_known_browser_may_take_a_place_of_strangers() {
        let hashing = Hashing::new(PasswordCost::CHEAP);
        let of_one = fill(&hashing, FLOOD, Some(KeptFor::Login([1; 16])));
        assert_eq!(of_one.len(), MAX_OF_AN_ACCOUNT + MAX_OF_A_NETWORK);
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
            place.run(slow).await
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
