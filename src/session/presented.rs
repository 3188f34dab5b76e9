//! What a request shows to a realm, as far as a visit keeps it.

use http::{HeaderMap, Uri};

use crate::{key::SignedBy, store::Record, token::Token};

/// What a request shows to one realm.
#[derive(Default)]
pub(crate) struct Presented {
    /// The values of the cookies that say who it is, as they came.
    pub(crate) cookies: ShownCookies,
    /// And all else by which the request loader may find somebody, if there is one.
    pub(crate) head: Option<Box<(Uri, HeaderMap)>>,
    pub(crate) stranger: Stranger,
    /// Is there a message that no page has shown?
    pub(crate) carries_flash: bool,
    /// A look has found the remember token stolen, and no guard has acted on it.
    pub(crate) is_stolen: bool,
}

/// What tells who somebody is, unread: to be the same all through a visit.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct ShownCookies {
    pub(crate) login: Vec<u8>,
    pub(crate) remember: Vec<u8>,
}

/// What a stranger keeps under a cookie of its own. It is read only where it
/// is asked for: by [`Data`](crate::Data), and by a login.
#[derive(Clone)]
pub(crate) enum Stranger {
    Presented(Token, SignedBy),
    Read(Option<Record>),
}

impl Default for Stranger {
    fn default() -> Self {
        Self::Read(None)
    }
}
