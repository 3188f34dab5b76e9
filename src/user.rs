//! The user type of an app.

use std::{fmt::Debug, hash::Hash, io::Write};

use ring::digest::{self, Context, Digest, SHA256};
use serde::{Serialize, de::DeserializeOwned};

use crate::secret::redacted;

/// A type that can log in.
///
/// Implement it for the type your handlers work with: what the
/// [loader](crate::UserLoader) gives back is what [`Authenticated`](crate::Authenticated)
/// derefs to. Its name is part of a session, so that sessions of different
/// users are never mistaken for each other: to move or rename the type logs
/// everybody out once.
///
/// # Example
///
/// ```
/// use portcullis::{AuthHash, AuthUser, OneFactor};
///
/// struct Account { id: u64, password_hash: String, closed: bool }
///
/// impl AuthUser for Account {
///     type Id = u64;
///     type Factors = OneFactor;
///
///     fn id(&self) -> u64 {
///         self.id
///     }
///
///     fn is_active(&self) -> bool {
///         !self.closed
///     }
///
///     fn session_auth_hash(&self) -> AuthHash {
///         AuthHash::of(&self.password_hash)
///     }
/// }
/// ```
pub trait AuthUser: Send + Sync + 'static {
    /// What a session remembers of the user and the loader gets back: a
    /// number, a UUID, text, a struct of several.
    ///
    /// It is kept as JSON, so two equal ids _must_ serialise alike (no hash maps), and
    /// an id _must_ read back as itself: with `#[serde(untagged)]` or `#[serde(skip)]`
    /// two ids can be one JSON. A login whose id does not is refused with 500. To write
    /// ids otherwise, such as with another field, logs everybody out.
    /// `Clone`, `Hash` and `Debug` are for code that is generic over users and
    /// keeps something by their ids.
    type Id: Serialize + DeserializeOwned + Clone + Eq + Hash + Debug + Send + Sync + 'static;

    /// How many factors it takes to log in: [`OneFactor`] or [`TwoFactors`].
    type Factors: Factors;

    /// Who this is, the same for as long as the account lives.
    ///
    /// Or a token of the account that changes, as Flask-Login's "alternative
    /// tokens": with it all sessions and remembered browsers end.
    /// [`session_auth_hash`](Self::session_auth_hash) does that without another key.
    fn id(&self) -> Self::Id;

    /// May this user be logged in now? Asked at login and whenever the user is
    /// loaded; `false` ends the session that asks. To end them all at once, and
    /// for good should the user be active again, call
    /// [`Sessions::end_all`](crate::Sessions::end_all) as well.
    fn is_active(&self) -> bool {
        true
    }

    /// Has this user a second factor? Asked only where [`Factors`](Self::Factors) is
    /// [`TwoFactors`]; `false` lets the user in with one, to set up the second.
    /// Default: yes, so that nobody gets in by one factor where this was forgotten;
    /// who is to set up the first app has to be let in by overriding it.
    ///
    /// What it says may not depend on the request or the time: a second factor
    /// that is removed changes the [auth hash](Self::session_auth_hash) as well.
    fn has_second_factor(&self) -> bool {
        true
    }

    /// A digest of what the login rested on, usually of the password's hash:
    /// when it changes, all sessions of the user end.
    ///
    /// A salted hash, as password hashes are, never comes back; the session of a
    /// password that is set back to an earlier one would.
    ///
    /// It has no default, so that nobody forgets it. An app whose users have
    /// nothing of the kind says so: [`AuthHash::none()`].
    fn session_auth_hash(&self) -> AuthHash;
}

/// A digest of a user's credentials: see [`AuthUser::session_auth_hash`].
#[derive(Clone, PartialEq, Eq)]
pub struct AuthHash([u8; 32]);

redacted!(AuthHash);

impl AuthHash {
    /// The digest of `bytes`, for example of the password's hash as it stands in the database.
    pub fn of(bytes: impl AsRef<[u8]>) -> Self {
        Self(sha256(&[bytes.as_ref()]))
    }

    /// No digest: no change ends the sessions.
    ///
    /// # Security
    ///
    /// Then a changed password leaves the thief's session alive (OWASP ASVS
    /// 5.0, 7.4.3), unless every change calls
    /// [`credentials_changed`](crate::Session::credentials_changed) or
    /// [`Sessions::end_all`](crate::Sessions::end_all). And what is bound to the
    /// credentials goes on with new ones: browsers that have logged in before, and
    /// the codes that were tried within 30 days (see [`Throttle`](crate::Throttle)).
    pub fn none() -> Self {
        Self([0; 32])
    }

    /// What a record keeps: bound to the user, with no key that rotates.
    pub(crate) fn for_record(&self, user: UserIndex) -> [u8; 16] {
        // Parts of a length that never changes fit into one block without their borders.
        let mut message = [0; 52];
        message[..4].copy_from_slice(b"auth");
        message[4..20].copy_from_slice(&user.0);
        message[20..].copy_from_slice(&self.0);
        cut(sha256_of(&message))
    }
}

/// How many factors a login takes: the type of [`AuthUser::Factors`].
///
/// Sealed: [`OneFactor`] or [`TwoFactors`].
pub trait Factors: sealed::Factors + 'static {
    /// The first of two types for one factor, the second for two.
    type Either<One: Send, Two: Send>: Send;
}

/// One factor logs in: a password, a passkey, a link in an e-mail.
#[derive(Debug)]
pub enum OneFactor {}

impl Factors for OneFactor {
    type Either<One: Send, Two: Send> = One;
}

/// It takes two: after the first one a user is [`Pending`](crate::Pending), and
/// only a checked second factor logs in.
///
/// What was checked first is a [`FirstFactor`](crate::FirstFactor), which must be
/// matched: users who have not set up a second factor yet
/// ([`has_second_factor`](AuthUser::has_second_factor)) are let in by one.
#[derive(Debug)]
pub enum TwoFactors {}

impl Factors for TwoFactors {
    type Either<One: Send, Two: Send> = Two;
}

/// What cannot be: a login of one factor that waits for a second.
#[derive(Debug)]
pub enum NeverPending {}

pub(crate) mod sealed {
    use super::{AuthUser, OneFactor, TwoFactors};

    pub trait Factors {
        #[doc(hidden)]
        const ARE_TWO: bool;

        /// Is this user asked for a second factor?
        #[doc(hidden)]
        fn is_another_asked<U: AuthUser>(user: &U) -> bool;

        /// What only users of two factors have.
        #[doc(hidden)]
        fn of_two<One: Send, Two: Send>(
            two: impl FnOnce() -> Two,
        ) -> Option<<Self as super::Factors>::Either<One, Two>>
        where
            Self: super::Factors;

        #[doc(hidden)]
        fn either<T, One: Send, Two: Send>(
            value: T,
            one: impl FnOnce(T) -> One,
            two: impl FnOnce(T) -> Two,
        ) -> <Self as super::Factors>::Either<One, Two>
        where
            Self: super::Factors;
    }

    impl Factors for OneFactor {
        const ARE_TWO: bool = false;

        fn is_another_asked<U: AuthUser>(_: &U) -> bool {
            false
        }

        fn of_two<One: Send, Two: Send>(_: impl FnOnce() -> Two) -> Option<One> {
            None
        }

        fn either<T, One: Send, Two: Send>(
            value: T,
            one: impl FnOnce(T) -> One,
            _: impl FnOnce(T) -> Two,
        ) -> One {
            one(value)
        }
    }

    impl Factors for TwoFactors {
        const ARE_TWO: bool = true;

        fn is_another_asked<U: AuthUser>(user: &U) -> bool {
            user.has_second_factor()
        }

        fn of_two<One: Send, Two: Send>(two: impl FnOnce() -> Two) -> Option<Two> {
            Some(two())
        }

        fn either<T, One: Send, Two: Send>(
            value: T,
            _: impl FnOnce(T) -> One,
            two: impl FnOnce(T) -> Two,
        ) -> Two {
            two(value)
        }
    }
}

/// The key of a user in a store's index: a digest of the realm, the user type and the id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserIndex([u8; 16]);

impl UserIndex {
    /// The key with these bytes, as a store reads it back.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes, as a store writes them.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// What the ids of this user's records begin with:
    /// [`RecordId::home`](crate::store::RecordId::home).
    pub const fn home(&self) -> u16 {
        u16::from_be_bytes([self.0[0], self.0[1]])
    }

    /// What tries to log in are counted by, and what the log calls this user.
    pub(crate) fn account(&self) -> [u8; 16] {
        digest(&[b"account", &self.0])
    }

    /// The type of the user counts too: customer 1 of one app is not staff 1 of
    /// another that shares the store and the name of the realm.
    pub(crate) fn of(realm: &str, user_tag: [u8; 4], id: &[u8]) -> Self {
        Self(cut(sha256(&[b"user", realm.as_bytes(), &user_tag, id])))
    }
}

/// A digest of what a session is tied to besides its cookie: bound to the user,
/// with no key that rotates.
pub(crate) fn device_digest(what: &[u8; 4], user: UserIndex, text: &[u8]) -> [u8; 8] {
    let mut of = [0; 20];
    of[..4].copy_from_slice(what);
    of[4..].copy_from_slice(&user.0);
    let mut digest = [0; 8];
    digest.copy_from_slice(&sha256(&[&of, text])[..8]);
    digest
}

/// SHA-256 over parts whose borders count.
fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut short = [0; 256];
    if let Some(joined) = joined(parts, &mut short) {
        return sha256_of(joined); // nearly always, and faster
    }
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&border(part));
        context.update(part);
    }
    bytes(context.finish())
}

fn sha256_of(message: &[u8]) -> [u8; 32] {
    bytes(digest::digest(&SHA256, message))
}

fn bytes(digest: Digest) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest.as_ref());
    bytes
}

/// The parts in one piece, if they are short.
fn joined<'a>(parts: &[&[u8]], buffer: &'a mut [u8]) -> Option<&'a [u8]> {
    let mut rest = &mut *buffer;
    for part in parts {
        rest.write_all(&border(part)).ok()?;
        rest.write_all(part).ok()?;
    }
    let left = rest.len();
    let len = buffer.len() - left;
    Some(&buffer[..len])
}

fn border(part: &[u8]) -> [u8; 8] {
    (part.len() as u64).to_be_bytes()
}

/// SHA-256 over parts whose borders count, cut to 128 bits.
pub(crate) fn digest(parts: &[&[u8]]) -> [u8; 16] {
    cut(sha256(parts))
}

/// A short mark of a type's name.
pub(crate) fn tag(type_name: &str) -> [u8; 4] {
    let mut tag = [0; 4];
    tag.copy_from_slice(&sha256(&[b"type", type_name.as_bytes()])[..4]);
    tag
}

fn cut(digest: [u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    half
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_of_one_realm_and_one_id() {
        assert_ne!(
            UserIndex::of("login", [1; 4], b"1"),
            UserIndex::of("login", [2; 4], b"1")
        );
        assert_eq!(
            UserIndex::of("login", [1; 4], b"1"),
            UserIndex::of("login", [1; 4], b"1")
        );
        assert_ne!(
            UserIndex::of("login", [1; 4], b"1"),
            UserIndex::of("staff", [1; 4], b"1")
        );
        assert_ne!(
            UserIndex::of("login", [1; 4], b"11"),
            UserIndex::of("login1", [1; 4], b"1"),
            "borders count"
        );
    }

    #[test]
    fn an_auth_hash_in_a_record_is_of_one_user() {
        let hash = AuthHash::none();
        let [one, other] = ["1", "2"].map(|id| UserIndex::of("login", [1; 4], id.as_bytes()));
        assert_ne!(hash.for_record(one), hash.for_record(other));
        assert_ne!(hash.for_record(one), AuthHash::of("x").for_record(one));
    }

    #[test]
    fn what_is_long_is_hashed_alike() {
        let long = [7; 300];
        for len in [0, 239, 240, 241, 300] {
            let part = &long[..len];
            let mut context = Context::new(&SHA256);
            context.update(&(len as u64).to_be_bytes());
            context.update(part);
            context.update(&[0, 0, 0, 0, 0, 0, 0, 1, b'x']);
            assert_eq!(sha256(&[part, b"x"]), context.finish().as_ref(), "{len}");
        }
    }
}
