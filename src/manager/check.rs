//! Settings that contradict each other, or can't be.

use crate::{
    error::BuildError,
    local_path::LocalPath,
    manager::{PeerAddress, Place, Settings, remember::LONGEST},
};

pub(super) fn check(settings: &Settings) -> Result<(), BuildError> {
    let refuse = |what: String| Err(BuildError::new(what));
    let realm = &settings.realm;
    if !word(realm) || realm.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return refuse(format!(
            "the realm `{realm}` is not a name of at most 64 lower-case letters, digits, `-` and `_`"
        ));
    }
    let cookie = settings.login_cookie();
    if !word(&cookie) {
        return refuse(format!(
            "the cookie name `{cookie}` is not made of at most 64 letters, digits, `-` and `_`"
        ));
    }
    if settings.secure && !cookie.starts_with("__Host-") {
        return refuse(format!(
            "the cookie name `{cookie}` must begin with `__Host-`"
        ));
    }
    if !settings.secure && cookie.starts_with("__") {
        return refuse(format!(
            "browsers refuse the cookie `{cookie}` over plain http: leave the prefix out"
        ));
    }
    if settings.idle.is_zero() || settings.absolute.is_zero() || settings.idle > settings.absolute {
        return refuse("the idle limit must be over zero and within the absolute limit".to_owned());
    }
    if settings.touch_every >= settings.idle {
        return refuse("the touch interval must be shorter than the idle limit".to_owned());
    }
    if settings.touch_every >= settings.stranger_idle {
        return refuse(
            "the touch interval must be shorter than the stranger's idle limit".to_owned(),
        );
    }
    if settings.peer_address == PeerAddress::BehindProxies(0) {
        return refuse("behind no proxy the peer address is `PeerAddress::Connection`".to_owned());
    }
    check_remember(settings)?;
    if settings.store_timeout.is_zero() {
        return refuse("a store needs some time to answer".to_owned());
    }
    #[cfg(feature = "password")]
    if settings.password_cost != crate::password::PasswordCost::CHEAP {
        settings.password_cost.check()?;
    }
    if settings.max_sessions_per_user == 0 {
        return refuse("with no session per user nobody can log in".to_owned());
    }
    for origin in &settings.origins {
        let host = origin
            .strip_prefix("https://")
            .or_else(|| origin.strip_prefix("http://"));
        if !host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', '@', ' '])) {
            return refuse(format!(
                "`{origin}` is no origin: write scheme and host, as in `https://app.example`"
            ));
        }
    }
    let places = [
        &settings.login_at,
        &settings.refresh_at,
        &settings.second_factor_at,
    ];
    places.into_iter().flatten().try_for_each(Place::check)?;
    settings.check_messages()
}

/// Letters, digits, `-` and `_`, at most 64.
fn word(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !text.is_empty() && text.len() <= 64 && text.bytes().all(plain)
}

/// A browser ignores a cookie whose name promises what its attributes don't
/// keep (RFC 6265bis, 4.1.3): nobody would be remembered, and nobody be told.
fn check_remember(settings: &Settings) -> Result<(), BuildError> {
    let refuse = |what: String| Err(BuildError::new(what));
    let remember = &settings.remember;
    if remember.lasts.as_secs() == 0 || remember.lasts > LONGEST {
        return refuse("a browser is remembered for a second to 400 days".to_owned());
    }
    let name = settings.remember_cookie();
    if !word(&name) {
        return refuse(format!(
            "the cookie name `{name}` is not made of at most 64 letters, digits, `-` and `_`"
        ));
    }
    let others = [
        settings.login_cookie(),
        settings.stranger_cookie(),
        settings.flash_cookie(),
        settings.next_cookie(),
        settings.known_cookie(),
    ];
    if others.contains(&name) {
        return refuse(format!("two cookies are called `{name}`"));
    }
    let is_of_this_host = remember.domain.is_none() && remember.path.is_none();
    let keeps = match () {
        () if name.starts_with("__Host-") => settings.secure && is_of_this_host,
        () if name.starts_with("__Secure-") => settings.secure,
        () => !settings.secure,
    };
    if !keeps {
        return refuse(match settings.secure {
            true => format!(
                "the remember cookie `{name}` must begin with `__Host-`, or with `__Secure-` if it has a domain or a path"
            ),
            false => {
                format!("browsers refuse the cookie `{name}` over plain http: leave the prefix out")
            }
        });
    }
    if remember.same_site == cookie::SameSite::None && !settings.secure {
        return refuse("browsers refuse `SameSite=None` over plain http".to_owned());
    }
    let domain = remember.domain.as_deref().unwrap_or("example.org");
    let host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    if domain.is_empty() || !domain.bytes().all(host) {
        return refuse(format!(
            "`{domain}` is no domain: write it as in `example.org`"
        ));
    }
    let path = remember.path.as_deref().unwrap_or("/");
    if LocalPath::parse(path).is_none() || path.contains([';', '?', ',']) {
        return refuse(format!(
            "`{path}` is no path for a cookie: write it as in `/app`"
        ));
    }
    Ok(())
}
