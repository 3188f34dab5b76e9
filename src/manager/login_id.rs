//! Which login a session is of, whatever the session's id.

use std::{fmt, str::FromStr};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{error::BoxError, store::RecordId};

/// Tells the logins of one user apart: what [`ListedSession::login_id`](crate::ListedSession::login_id)
/// gives and `end` takes.
///
/// It stays the same from the login to the logout, while the session's id
/// changes with each confirmation and each time that a remembered browser comes
/// back. It opens nothing. `Display` writes 16 hexadecimal digits, as for a
/// form, and `FromStr` and serde read them.
///
/// # Example
///
/// ```
/// use portcullis::LoginId;
///
/// let id: LoginId = "00112233aabbccdd".parse()?;
/// assert_eq!(id.to_string(), "00112233aabbccdd");
/// assert!("it".parse::<LoginId>().is_err());
/// # Ok::<(), portcullis::BoxError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LoginId(pub(crate) [u8; 8]);

impl LoginId {
    /// Of the login that begins with this session, whose id is random and no secret.
    pub(crate) fn of(session: RecordId) -> Self {
        let mut login = Self([0; 8]);
        login.0.copy_from_slice(&session.as_bytes()[8..]);
        login
    }
}

impl fmt::Display for LoginId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for LoginId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LoginId({self})")
    }
}

impl FromStr for LoginId {
    type Err = BoxError;

    fn from_str(text: &str) -> Result<Self, BoxError> {
        let bytes = HEXLOWER.decode(text.as_bytes()).ok();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        let bytes = bytes.ok_or("an id of a login has 16 hexadecimal digits")?;
        Ok(Self(bytes))
    }
}

/// Text where people read, as in a form; bytes in a record.
impl Serialize for LoginId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() {
            to.collect_str(self)
        } else {
            self.0.serialize(to)
        }
    }
}

impl<'de> Deserialize<'de> for LoginId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if from.is_human_readable() {
            let text = String::deserialize(from)?;
            text.parse().map_err(de::Error::custom)
        } else {
            <[u8; 8]>::deserialize(from).map(Self)
        }
    }
}
