//! Who acts for a user.

use std::fmt;

use crate::user::{AuthUser, UserIndex};

/// Who acts for the user of a login, with a login of its own: a member of staff
/// who looks at what a customer sees. From
/// [`SessionInfo::actor`](crate::SessionInfo::actor) and
/// [`LoginEvent::actor`](crate::LoginEvent::actor).
#[derive(Clone, PartialEq, Eq)]
pub struct Actor {
    pub(crate) realm: String,
    /// The id, as JSON.
    pub(crate) user: String,
    pub(crate) index: UserIndex,
    /// The login that this one ends with.
    pub(crate) login: [u8; 8],
}

impl Actor {
    /// The realm in which it is logged in.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// Its id there, of the user type of that realm; none if that has ids of
    /// another type.
    pub fn id<U: AuthUser>(&self) -> Option<U::Id> {
        serde_json::from_str(&self.user).ok()
    }
}

impl fmt::Debug for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Actor")
            .field("realm", &self.realm)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}
