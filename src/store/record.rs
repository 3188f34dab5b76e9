//! What a store keeps.

use std::{fmt, sync::Arc};

use crate::{
    clock::Timestamp,
    token::{RecordId, TokenHash},
    user::UserIndex,
};

/// One record of a store: what it must know to do its steps, and the body.
///
/// Made by the library; a store makes one only to give back what it was given.
///
/// # Example
///
/// ```
/// use portcullis::{Timestamp, store::{Record, RecordId, RecordKind, TokenHash, UserIndex, Version}};
///
/// // A row comes back from the database:
/// let mut record = Record::new(
///     RecordKind::Session,
///     RecordId::from_bytes([1; 16]),
///     TokenHash::from_bytes([2; 32]),
///     Timestamp::from_unix_seconds(2_000),
///     vec![3, 4, 5],
/// );
/// record.user = Some(UserIndex::from_bytes([1; 16]));
/// record.version = Version::from_number(7);
/// assert!(record.is_alive(Timestamp::from_unix_seconds(1_999)));
/// assert!(!record.is_alive(Timestamp::from_unix_seconds(2_000)));
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// Session, series, one-time token or counter. Ids of different kinds are different keys.
    pub kind: RecordKind,
    /// The key, unique within the kind.
    pub id: RecordId,
    /// The hash of the secret that the browser holds.
    pub hash: TokenHash,
    /// Whose record it is; `None` for a stranger's. The id has the user's
    /// [home](RecordId::home).
    pub user: Option<UserIndex>,
    /// The remember series that restored this session or came with it.
    pub series: Option<RecordId>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last used, to within the touch interval.
    pub seen: Timestamp,
    /// From then on it is not alive.
    pub expires: Timestamp,
    /// Raised with every [`update`](crate::store::SessionStore::update).
    pub version: Version,
    /// Opaque bytes, at most some 20 KiB.
    pub body: Arc<[u8]>,
}

impl Record {
    /// A record with what every record has; of no user and no series, made and
    /// seen at the beginning of time, of the first version.
    pub fn new(
        kind: RecordKind,
        id: RecordId,
        hash: TokenHash,
        expires: Timestamp,
        body: impl Into<Arc<[u8]>>,
    ) -> Self {
        let never = Timestamp::from_unix_seconds(0);
        Self {
            kind,
            id,
            hash,
            user: None,
            series: None,
            created: never,
            seen: never,
            expires,
            version: Version::FIRST,
            body: body.into(),
        }
    }

    /// Is it still good at `now`? A record that is not is as good as deleted.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        now < self.expires
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("kind", &self.kind)
            .field("id", &self.id)
            .field("user", &self.user)
            .field("expires", &self.expires)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// What a record is for.
///
/// A store keeps all kinds alike, under their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RecordKind {
    /// A session, of a user or of a stranger.
    Session,
    /// A browser that is remembered.
    Series,
    /// A link or a code that works once.
    OneTime,
    /// A count, for example of failed logins.
    Counter,
}

impl RecordKind {
    /// Every kind there is.
    pub const ALL: [Self; 4] = [Self::Session, Self::Series, Self::OneTime, Self::Counter];

    /// The number that a store writes: 0, 1, 2 or 3.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The kind with this number.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Session),
            1 => Some(Self::Series),
            2 => Some(Self::OneTime),
            3 => Some(Self::Counter),
            _ => None,
        }
    }
}

/// How often a record was updated: what makes a slow second writer notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(u64);

impl Version {
    /// The version of a new record: 1.
    pub const FIRST: Self = Self(1);

    /// The version with this number, as a store reads it back.
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// The number, as a store writes it.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The version after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}
