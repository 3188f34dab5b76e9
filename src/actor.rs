//! Who acts for a user.

use std::fmt;

use crate::user::{AuthUser, UserIndex, tag};

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

    /// Its id there. None if `U` is not the user type of that realm: staff 1 is not
    /// mistaken for customer 1.
    pub fn id<U: AuthUser>(&self) -> Option<U::Id> {
        let user_tag = tag(std::any::type_name::<U>());
        let index = UserIndex::of(&self.realm, user_tag, self.user.as_bytes());
        (index == self.index).then(|| serde_json::from_str(&self.user).ok())?
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
