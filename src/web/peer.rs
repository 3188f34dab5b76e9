//! The network address of a visitor.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Once,
};

use axum::{
    extract::ConnectInfo,
    http::{HeaderMap, request::Parts},
};

use crate::{
    manager::{Core, PeerAddress},
    session::device::network,
};

/// The address that counts, if there is one. A header is believed only as far
/// as proxies of the app's own have written it.
pub(super) fn address(setting: PeerAddress, request: &Parts) -> Option<IpAddr> {
    match setting {
        PeerAddress::Ignored => None,
        PeerAddress::Connection => {
            let connection = request.extensions.get::<ConnectInfo<SocketAddr>>()?;
            Some(connection.0.ip())
        }
        PeerAddress::BehindProxies(proxies) => forwarded(&request.headers, proxies),
    }
}

/// The network that failed logins count for, if networks are counted. Where it
/// can't be read there is one for all of them, or it would be the way around.
pub(super) fn counted_network(core: &Core, request: &Parts) -> Option<IpAddr> {
    let setting = core.settings.throttle.address;
    if setting == PeerAddress::Ignored {
        return None;
    }
    let address = address(setting, request).unwrap_or_else(|| {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| tracing::warn!(target: "portcullis", realm = core.realm(), "the network of a request can't be read: it counts as one with all of that kind, see `Throttle::network`"));
        Ipv4Addr::UNSPECIFIED.into()
    });
    Some(network(address))
}

/// The last but so many addresses of all `X-Forwarded-For` headers together.
fn forwarded(headers: &HeaderMap, proxies: u8) -> Option<IpAddr> {
    let lines = headers.get_all("x-forwarded-for").into_iter();
    let addresses: Vec<_> = lines
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .collect();
    let at = addresses.len().checked_sub(usize::from(proxies))?;
    let address = std::str::from_utf8(addresses.get(at)?).ok()?.trim();
    let with_port = || Some(address.parse::<SocketAddr>().ok()?.ip());
    address.parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forwarded_from(lines: &[&'static str], proxies: u8) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        forwarded(&headers, proxies).map(|address| address.to_string())
    }

    #[test]
    fn the_last_proxies_are_believed_and_nobody_before_them() {
        let forged = ["10.9.9.9, 192.0.2.1", "198.51.100.7"];
        assert_eq!(forwarded_from(&forged, 1).unwrap(), "198.51.100.7");
        assert_eq!(forwarded_from(&forged, 2).unwrap(), "192.0.2.1");
        assert_eq!(
            forwarded_from(&forged, 4),
            None,
            "fewer than there should be"
        );
        assert_eq!(forwarded_from(&forged, 0), None);
        assert_eq!(
            forwarded_from(&["[2001:db8::1]:4711"], 1).unwrap(),
            "2001:db8::1"
        );
        assert_eq!(forwarded_from(&["unknown"], 1), None);
        assert_eq!(forwarded_from(&[], 1), None);
    }
}
