//! Which browser a request comes from, as far as session protection asks.

use std::{
    borrow::Borrow,
    net::{IpAddr, Ipv6Addr},
};

use http::HeaderValue;

use crate::{
    manager::{Core, SessionProtection, UserAgent, content::Device},
    session::device_name::device_name,
    user::{UserIndex, device_digest},
};

/// What a request shows of its browser: borrowed from it, or kept for a transition.
#[derive(Clone)]
pub(crate) struct Visitor<H = HeaderValue> {
    pub(crate) user_agent: Option<H>,
    /// The address that counts, if it is compared: none of it is known otherwise.
    pub(crate) address: Option<IpAddr>,
}

impl<H> Default for Visitor<H> {
    fn default() -> Self {
        Self {
            user_agent: None,
            address: None,
        }
    }
}

impl Visitor<&HeaderValue> {
    pub(crate) fn kept(self) -> Visitor {
        Visitor {
            user_agent: self.user_agent.cloned(),
            address: self.address,
        }
    }
}

impl<H: Borrow<HeaderValue>> Visitor<H> {
    /// What the browser is called, for its user.
    pub(crate) fn name(&self) -> String {
        device_name(self.user_agent())
    }

    fn user_agent(&self) -> &[u8] {
        let header = self.user_agent.as_ref().map(Borrow::borrow);
        header.map_or(&[], HeaderValue::as_bytes)
    }

    /// The digests that a session of this user keeps.
    pub(crate) fn device(&self, core: &Core, user: UserIndex) -> Device {
        let settings = &core.settings;
        if settings.protection == SessionProtection::Off {
            return Device::default();
        }
        let family;
        let user_agent = match settings.user_agent {
            UserAgent::Exact => self.user_agent(),
            UserAgent::Family => {
                family = without_versions(self.user_agent());
                &family
            }
        };
        let digest = |what: &[u8; 4], text: &[u8]| Some(device_digest(what, user, text));
        let address = core.settings.compares_addresses().then(|| {
            // An address that can't be known is one of its own: nobody else's passes for it.
            self.address
                .map(network)
                .map_or(Vec::new(), |address| address.to_string().into())
        });
        Device {
            user_agent: digest(b"user", user_agent),
            address: address.and_then(|address| digest(b"addr", &address)),
        }
    }
}

impl Device {
    /// Is this another browser than the one the session was made for?
    pub(crate) fn is_other_than(&self, made_for: &Device) -> bool {
        let differ = |now: Option<[u8; 8]>, then: Option<[u8; 8]>| {
            now.zip(then).is_some_and(|(now, then)| now != then)
        };
        differ(self.user_agent, made_for.user_agent) || differ(self.address, made_for.address)
    }
}

/// A browser's name and system without what an update changes.
fn without_versions(user_agent: &[u8]) -> Vec<u8> {
    let kept = |byte: &u8| !byte.is_ascii_digit() && !matches!(byte, b'.' | b'_');
    user_agent.iter().copied().filter(kept).collect()
}

/// The part of an address that stays when a device picks a new one for privacy (RFC 8981).
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let network = address.to_bits() >> 64 << 64;
            Ipv6Addr::from_bits(network).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_leaves_the_family() {
        let family = |text: &str| without_versions(text.as_bytes());
        let then = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
        let now = "Mozilla/5.0 (X11; Linux x86_64; rv:135.0) Gecko/20100101 Firefox/135.0.1";
        assert_eq!(family(then), family(now));
        let other = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/132.0.0.0";
        assert_ne!(family(then), family(other));
    }

    #[test]
    fn an_address_is_that_of_a_network() {
        let network = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(network("192.0.2.7"), "192.0.2.7");
        assert_eq!(network("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    }
}
