//! Settings: how often somebody may guess.

use std::time::Duration;

use crate::manager::{Builder, PeerAddress};

/// How many failed logins there may be before the next one has to wait:
/// [`Builder::throttle`].
///
/// Failures are counted in the store, so that several servers count together,
/// in windows of the clock: what is over the limit waits for the end of the
/// window, and is told how long (429 with `Retry-After`). No password is hashed
/// for it. Around the end of a window there may be twice as many.
///
/// | counted by | default | |
/// |---|---|---|
/// | account and network | 10 in 15 minutes | one guesser |
/// | account | 100 in an hour | many guessers (NIST SP 800-63B-4, 3.2.2) |
/// | network | 100 in an hour | one guesser, many accounts |
/// | account and a browser that has logged in to it before | 10 in 15 minutes | its user |
/// | all such browsers of an account | 100 in an hour | |
/// | second factor of an account | 10 in an hour, 100 in 30 days | who has the password |
/// | second factor, of all browsers that have logged in before | 10 in an hour, 100 in 30 days | half of the 10 for each browser |
///
/// Networks are counted only if it is said where the address of a client is, by
/// [`network`](Self::network): without it the first and the third row do not
/// apply. Clients whose network can't be read are in one network, all together.
///
/// A name counts whether there is such an account or not. What one account gets
/// under several spellings of its name counts together; beyond that limit it is
/// refused like a wrong password.
///
/// Names share 65,536 counters, networks as many, and both together 262,144, so
/// that inventing them fills no store. Up to hundreds of failures a second nearly
/// nobody is throttled for another's.
///
/// # Security
///
/// Whoever guesses all the time keeps an account's limit used up for strangers,
/// never for a browser that its user has logged in from: that has a limit of
/// its own, by a cookie that says so and opens nothing ("device cookie", OWASP
/// Slow Down Online Guessing Attacks). With new credentials a copy of it is a
/// stranger's; the browser in which they were changed gets a new one. And a link
/// by e-mail is no guess: see [`OneTimeToken`](crate::OneTimeToken).
///
/// # Example
///
/// ```
/// use portcullis::{LoginManager, PeerAddress, Throttle};
///
/// // Behind one reverse proxy.
/// let builder = LoginManager::builder()
///     .throttle(Throttle::default().network(PeerAddress::BehindProxies(1)));
/// # let _ = builder;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Throttle {
    pub(crate) address: PeerAddress,
    pub(crate) per_account_here: Limit,
    pub(crate) per_account: Limit,
    pub(crate) per_network: Limit,
    pub(crate) second_factor: Limit,
}

/// So many in a window of so many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) most: u32,
    pub(crate) window: Duration,
}

impl Limit {
    /// Codes that are given with the right first factor, in the long run: with
    /// three codes of a million right at any time, far from a good chance (NIST SP
    /// 800-63B-4, 3.2.2, allows 100 in a row). New credentials begin anew: it holds
    /// against who has the password, not against who reads the user's mail too.
    pub(crate) const OF_CODES: Self = Self {
        most: 100,
        window: Duration::from_secs(30 * 24 * 60 * 60),
    };
}

impl Default for Throttle {
    fn default() -> Self {
        let limit = |most, minutes: u64| Limit {
            most,
            window: Duration::from_secs(minutes * 60),
        };
        Self {
            address: PeerAddress::Ignored,
            per_account_here: limit(10, 15),
            per_account: limit(100, 60),
            per_network: limit(100, 60),
            second_factor: limit(10, 60),
        }
    }
}

impl Throttle {
    /// Where the network of a client is read; IPv6 counts by its first 64 bits.
    /// Default: [`PeerAddress::Ignored`], networks are not counted.
    pub fn network(mut self, address: PeerAddress) -> Self {
        self.address = address;
        self
    }

    /// Failures on one account from one network, or from one browser that has
    /// logged in to it before, in 15 minutes. Default: 10.
    pub fn per_account_here(mut self, most: u32) -> Self {
        self.per_account_here.most = most;
        self
    }

    /// Failures on one account in an hour, wherever from. Default: 100.
    pub fn per_account(mut self, most: u32) -> Self {
        self.per_account.most = most;
        self
    }

    /// Failures from one network in an hour, whatever the account. Default: 100.
    /// An office, or the customers of a provider, may share an address.
    pub fn per_network(mut self, most: u32) -> Self {
        self.per_network.most = most;
        self
    }

    /// Failures of the second factor on one account in an hour. Default: 10. A known
    /// browser has half of them. Whatever it is, after 100 in 30 days none is
    /// right until the credentials change, or those days are over.
    pub fn second_factor(mut self, most: u32) -> Self {
        self.second_factor.most = most;
        self
    }
}

impl<L, K> Builder<L, K> {
    /// How many failed logins there may be. Default: [`Throttle::default`].
    pub fn throttle(mut self, throttle: Throttle) -> Self {
        self.settings.throttle = throttle;
        self
    }
}
