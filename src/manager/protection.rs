//! Settings: how a session is tied to the browser that it was made for.

use crate::manager::{Builder, Settings};

/// What happens to a session that comes from another browser than it was made
/// for: [`Builder::session_protection`].
///
/// "Another browser" is another `User-Agent` header, and where
/// [`peer_address`](Builder::peer_address) says so, another network address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionProtection {
    /// Nothing: they are not compared.
    Off,
    /// The session lives on, but is not [`Fresh`](crate::Fresh) any more: what
    /// matters asks for the password. The default.
    #[default]
    Basic,
    /// The session ends, and with it the remember cookie it came from. That
    /// cookie itself is not tied to a browser: it logs in from one that was
    /// updated meanwhile, and a copy of it is noticed by its token.
    Strong,
}

/// How much of the `User-Agent` header is compared: [`Builder::user_agent`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UserAgent {
    /// All of it: a browser that was updated counts as another. The default.
    #[default]
    Exact,
    /// All but its version numbers: the browser's family and system.
    Family,
}

/// Which network address counts as the visitor's: [`Builder::peer_address`].
///
/// IPv6 addresses are compared by their first 64 bits, which stay when a
/// device changes the rest for privacy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeerAddress {
    /// None: addresses are not compared. The default, for phones change
    /// theirs all the time.
    #[default]
    Ignored,
    /// The other end of the connection: axum's `ConnectInfo<SocketAddr>`, so
    /// serve with `into_make_service_with_connect_info::<SocketAddr>()`.
    Connection,
    /// The address that so many proxies of yours passed on: the last but so
    /// many in `X-Forwarded-For`. With one proxy, `BehindProxies(1)`.
    ///
    /// A header that is missing, too short or no address is an address of its own:
    /// a session that was made with a good one counts as from elsewhere.
    ///
    /// # Security
    ///
    /// Count every proxy that adds a line, and let nobody reach the app around
    /// them: whoever does can claim any address.
    BehindProxies(u8),
}

impl Settings {
    /// Is the visitor's address part of what is compared?
    pub(crate) fn compares_addresses(&self) -> bool {
        self.protection != SessionProtection::Off && self.peer_address != PeerAddress::Ignored
    }
}

impl<L, K> Builder<L, K> {
    /// What happens to a session that comes from another browser than it was
    /// made for. Default: [`SessionProtection::Basic`].
    ///
    /// # Security
    ///
    /// It makes a stolen cookie harder to use, not useless: a thief can copy the
    /// `User-Agent` as well.
    pub fn session_protection(mut self, protection: SessionProtection) -> Self {
        self.settings.protection = protection;
        self
    }

    /// How much of the `User-Agent` header [`session_protection`](Self::session_protection)
    /// compares. Default: [`UserAgent::Exact`].
    pub fn user_agent(mut self, compared: UserAgent) -> Self {
        self.settings.user_agent = compared;
        self
    }

    /// Whether [`session_protection`](Self::session_protection) compares the
    /// visitor's network address as well, and which that is. Default:
    /// [`PeerAddress::Ignored`].
    pub fn peer_address(mut self, address: PeerAddress) -> Self {
        self.settings.peer_address = address;
        self
    }
}
