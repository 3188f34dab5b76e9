//! Every setting with its default, one line each.

use std::time::Duration;

use crate::{
    local_path::LocalPath,
    manager::{
        FreshFor, Limits, NextIn, PeerAddress, Place, SessionProtection, SiteData, Throttle,
        UserAgent, remember::RememberSettings,
    },
};
#[cfg(feature = "password")]
use crate::{manager::passwords::Blocklist, password::PasswordCost};

/// What a realm can be told. The builder's methods say what each means.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) realm: String,
    pub(crate) cookie_name: Option<String>,
    pub(crate) secure: bool,
    pub(crate) idle: Duration,
    pub(crate) absolute: Duration,
    /// The caps of all that says how long a login lasts.
    pub(super) limits: Limits,
    pub(crate) touch_every: Duration,
    pub(crate) fresh_for: FreshFor,
    pub(crate) remember: RememberSettings,
    pub(crate) protection: SessionProtection,
    pub(crate) user_agent: UserAgent,
    pub(crate) peer_address: PeerAddress,
    /// Is there a request loader?
    pub(crate) reads_requests: bool,
    pub(crate) stranger_idle: Duration,
    pub(crate) max_data: usize,
    pub(crate) max_sessions_per_user: u32,
    pub(crate) store_timeout: Duration,
    pub(crate) throttle: Throttle,
    #[cfg(feature = "password")]
    pub(crate) password_cost: PasswordCost,
    #[cfg(feature = "password")]
    pub(crate) min_password_chars: usize,
    #[cfg(feature = "password")]
    pub(crate) password_blocklist: Option<Blocklist>,
    pub(crate) login_at: Option<Place>,
    pub(crate) refresh_at: Option<Place>,
    pub(crate) second_factor_at: Option<Place>,
    pub(crate) remember_skips_second_factor: bool,
    pub(crate) after_login_path: LocalPath,
    pub(crate) next_in: NextIn,
    pub(crate) messages: bool,
    pub(crate) login_message: String,
    pub(crate) login_message_category: String,
    pub(crate) refresh_message: String,
    pub(crate) refresh_message_category: String,
    pub(crate) refused_message: String,
    pub(crate) refused_message_category: String,
    /// The app's own answers, of which only a floor above knows.
    pub(crate) on_refusal: http::Extensions,
    pub(crate) origins: Vec<String>,
    pub(crate) check_origin: bool,
    pub(super) site_data: Vec<SiteData>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            realm: "login".to_owned(),
            cookie_name: None, // `__Host-` and the realm
            secure: true,
            idle: Duration::from_secs(7 * 24 * 60 * 60),
            absolute: Duration::from_secs(30 * 24 * 60 * 60), // NIST SP 800-63B-4, AAL1
            limits: Limits::NONE,
            touch_every: Duration::from_secs(60),
            fresh_for: FreshFor::DEFAULT,
            remember: RememberSettings::default(),
            protection: SessionProtection::Basic,
            user_agent: UserAgent::Exact,
            peer_address: PeerAddress::Ignored,
            reads_requests: false,
            stranger_idle: Duration::from_secs(60 * 60),
            max_data: 16 * 1024,
            max_sessions_per_user: 100,
            store_timeout: Duration::from_secs(5),
            throttle: Throttle::default(),
            #[cfg(feature = "password")]
            password_cost: PasswordCost::default(),
            #[cfg(feature = "password")]
            min_password_chars: 8, // OWASP ASVS 5.0, 6.2.1
            #[cfg(feature = "password")]
            password_blocklist: None,
            login_at: None,
            refresh_at: None,
            second_factor_at: None,
            remember_skips_second_factor: false,
            after_login_path: LocalPath::from_static("/"),
            next_in: NextIn::Query,
            messages: true,
            login_message: "Please log in to access this page.".to_owned(),
            login_message_category: "message".to_owned(),
            refresh_message: "Please reauthenticate to access this page.".to_owned(),
            refresh_message_category: "message".to_owned(),
            refused_message: "The login was refused.".to_owned(),
            refused_message_category: "message".to_owned(),
            on_refusal: http::Extensions::new(),
            origins: Vec::new(),
            check_origin: true,
            site_data: vec![SiteData::Storage], // OWASP ASVS 5.0, 14.3.1
        }
    }
}

/// How long a [`Verified`](crate::Verified) is good for. Not a setting.
pub(crate) const VERIFIED_FOR: Duration = Duration::from_secs(5 * 60);

/// How long a browser carries a message or a `next` to the login page. Not a setting.
pub(crate) const CARRIED_FOR: Duration = Duration::from_secs(10 * 60);

/// How long a login waits for its second factor (OWASP ASVS 5.0, 6.5.5). Not a setting.
pub(crate) const PENDING_FOR: Duration = Duration::from_secs(10 * 60);

/// How long a login lasts that somebody else acts in. Not a setting.
pub(crate) const ACTS_FOR: Duration = Duration::from_secs(60 * 60);

/// How often the second factor of one login may be tried. Not a setting.
pub(crate) const MAX_TRIES: u8 = 5;

/// How often expired records are swept out of the store. Not a setting.
pub(crate) const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// How many expired records one sweep takes out at a time. Not a setting.
pub(crate) const SWEEP_BATCH: u64 = 10_000;

impl Settings {
    /// Is the request to be kept for an answer of the app's own?
    pub(crate) fn keep_request(&self) -> bool {
        !self.on_refusal.is_empty()
    }

    /// The name of a user's session cookie: `__Host-` pins it to this host, to `/` and to https (RFC 6265bis, 4.1.3.2).
    pub(crate) fn login_cookie(&self) -> String {
        match &self.cookie_name {
            Some(name) => name.clone(),
            None if self.secure => format!("__Host-{}", self.realm),
            None => self.realm.clone(),
        }
    }

    /// The name of the cookie under which a stranger's data is kept.
    pub(crate) fn stranger_cookie(&self) -> String {
        format!("{}-stranger", self.login_cookie())
    }

    /// The name of the cookie that carries a message to the next page.
    pub(crate) fn flash_cookie(&self) -> String {
        format!("{}-flash", self.login_cookie())
    }

    /// The name of the cookie of a browser that has logged in before.
    pub(crate) fn known_cookie(&self) -> String {
        format!("{}-known", self.login_cookie())
    }

    /// The name of the cookie that carries `next`.
    pub(crate) fn next_cookie(&self) -> String {
        format!("{}-next", self.login_cookie())
    }
}
