//! Settings: the limits that a standard asks for.

use std::time::Duration;

use crate::{
    clock::Timestamp,
    error::BuildError,
    manager::{Builder, Settings, remember::LONGEST},
};

/// How long a login may last at an assurance level of NIST SP 800-63B-4:
/// [`Builder::limits`] takes it.
///
/// | level | overall timeout | inactivity timeout | remember me |
/// |---|---|---|---|
/// | [`aal1`](Self::aal1) | 30 days | as [`idle_limit`](Builder::idle_limit) says | 30 days |
/// | [`aal2`](Self::aal2) | 24 hours | 1 hour | nobody |
/// | [`aal3`](Self::aal3) | 12 hours | 15 minutes | nobody |
///
/// They are caps: shorter limits stay as they are said, and longer ones, also
/// those of a single login ([`LoginUser::remember_for`](crate::LoginUser::remember_for)),
/// are cut, whatever the order. Without them the defaults are those of AAL1, but
/// that a browser may be remembered for a year. To its letter NIST (5.1) wants no
/// browser remembered at any level: then the login form offers no "remember me".
///
/// # Example
///
/// ```
/// use portcullis::{Limits, LoginManager};
///
/// let builder = LoginManager::builder().limits(Limits::aal2());
/// # let _ = builder;
/// ```
///
/// # Security
///
/// They set the time limits of a level and nothing else: it takes its factors too.
/// AAL2 wants two of them, or one that is two in itself, such as a passkey that
/// checks its user: see [`TwoFactors`](crate::TwoFactors). AAL3 wants one that can't
/// be phished and whose key can't be copied, which a code of an app is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    absolute: Duration,
    idle: Duration,
    remembered: Duration,
}

impl Limits {
    /// Authentication assurance level 1: a login ends after 30 days, also one that is
    /// restored by a remember cookie (NIST SP 800-63B-4, 2.1.3).
    pub const fn aal1() -> Self {
        Self {
            absolute: hours(30 * 24),
            idle: hours(30 * 24),
            remembered: hours(30 * 24),
        }
    }

    /// Authentication assurance level 2: a login ends after 24 hours, or an hour
    /// without use (NIST SP 800-63B-4, 2.2.3). No browser is remembered: a
    /// cookie alone would be the factor that begins it anew.
    pub const fn aal2() -> Self {
        Self {
            absolute: hours(24),
            idle: hours(1),
            remembered: Duration::ZERO,
        }
    }

    /// Authentication assurance level 3: a login ends after 12 hours, or 15
    /// minutes without use (NIST SP 800-63B-4, 2.3.3). No browser is remembered.
    pub const fn aal3() -> Self {
        Self {
            absolute: hours(12),
            idle: Duration::from_secs(15 * 60),
            remembered: Duration::ZERO,
        }
    }

    /// As long as is said elsewhere.
    pub(super) const NONE: Self = Self {
        absolute: Duration::MAX,
        idle: Duration::MAX,
        remembered: Duration::MAX,
    };
}

/// How far clocks may be apart before what one has written is believed by none: an
/// eighth of the limit that it is about, and a day at most.
fn apart(limit: Duration) -> Duration {
    (limit / 8).min(hours(24))
}

const fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 60 * 60)
}

impl Settings {
    /// Cuts what is over the caps.
    ///
    /// # Errors
    ///
    /// When a setting makes no sense within them.
    pub(super) fn cap(&mut self) -> Result<(), BuildError> {
        self.absolute = self.absolute.min(self.limits.absolute);
        self.idle = self.idle.min(self.limits.idle);
        if self.remember_skips_second_factor && !self.remembers() {
            return Err(BuildError::new(
                "where no browser is remembered, nothing skips the second factor: leave `.remember_skips_second_factor()` out",
            ));
        }
        Ok(())
    }

    /// May a browser be remembered at all?
    pub(crate) fn remembers(&self) -> bool {
        !self.limits.remembered.is_zero()
    }

    /// How long a browser is remembered, if a login asks for it.
    pub(crate) fn remembered_for(
        &self,
        remember: Option<bool>,
        asked: Option<Duration>,
    ) -> Option<Duration> {
        let remember = remember.unwrap_or(asked.is_some()) && self.remembers();
        let lasts = asked.unwrap_or(self.remember.lasts);
        remember.then(|| lasts.min(LONGEST).min(self.limits.remembered))
    }

    /// Whether a remember cookie is good that began then.
    pub(crate) fn may_remember(&self, logged_in: Timestamp, now: Timestamp) -> bool {
        let lasts = self.limits.remembered;
        let is_ahead = logged_in > now.plus(apart(lasts));
        self.remembers() && !is_ahead && now < self.remembered_until(logged_in)
    }

    /// The latest end that a login may have. One beyond it was written under a longer
    /// limit, or by a clock that was ahead for more than clocks are.
    pub(crate) fn farthest_end(&self, now: Timestamp) -> Timestamp {
        now.plus(self.absolute).plus(apart(self.absolute))
    }

    /// When what a remember cookie restores is over at the latest, counted from the login by hand.
    pub(crate) fn remembered_until(&self, logged_in: Timestamp) -> Timestamp {
        logged_in.plus(self.limits.remembered)
    }
}

impl<L, K> Builder<L, K> {
    /// Caps what is said of how long logins last, as a standard asks: see
    /// [`Limits`]. Default: no caps.
    ///
    /// What began under longer limits ends at its next use: a browser that is
    /// remembered for too long, a login that was idle for too long, or whose end is
    /// beyond the new limit by more than an eighth of it.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.limits = limits;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capped(limits: Limits, absolute: u64, idle: u64) -> Settings {
        let mut settings = Settings {
            limits,
            absolute: hours(absolute),
            idle: hours(idle),
            ..Settings::default()
        };
        settings.cap().unwrap();
        settings
    }

    #[test]
    fn caps_cut_what_is_longer_and_leave_what_is_shorter() {
        let settings = capped(Limits::aal2(), 720, 168);
        assert_eq!((settings.absolute, settings.idle), (hours(24), hours(1)));
        let settings = capped(Limits::aal1(), 720, 168);
        assert_eq!((settings.absolute, settings.idle), (hours(720), hours(168)));
        let settings = capped(Limits::aal1(), 10, 2);
        assert_eq!((settings.absolute, settings.idle), (hours(10), hours(2)));
        let settings = capped(Limits::NONE, 9_999, 9_999);
        assert_eq!(settings.absolute, hours(9_999));
    }

    #[test]
    fn a_remembered_browser_is_within_the_caps_and_what_browsers_keep() {
        let asks_for = |limits, days: u64| {
            let asked = Some(hours(days * 24));
            capped(limits, 1, 1).remembered_for(Some(true), asked)
        };
        assert_eq!(asks_for(Limits::NONE, 365), Some(hours(365 * 24)));
        assert_eq!(asks_for(Limits::NONE, 500), Some(LONGEST));
        assert_eq!(asks_for(Limits::aal1(), 365), Some(hours(720)));
        assert_eq!(asks_for(Limits::aal1(), 2), Some(hours(48)));
        assert_eq!(asks_for(Limits::aal2(), 1), None);
        assert_eq!(asks_for(Limits::aal3(), 1), None);
    }

    #[test]
    fn a_browser_is_remembered_that_asks_for_it() {
        let settings = Settings::default();
        let days = |days: u64| hours(days * 24);
        assert_eq!(settings.remembered_for(None, None), None);
        assert_eq!(settings.remembered_for(Some(true), None), Some(days(365)));
        assert_eq!(settings.remembered_for(None, Some(days(3))), Some(days(3)));
        assert_eq!(settings.remembered_for(Some(false), Some(days(3))), None);
    }

    #[test]
    fn nothing_skips_a_second_factor_where_nothing_is_remembered() {
        for (limits, is_good) in [(Limits::aal1(), true), (Limits::aal2(), false)] {
            let mut settings = Settings {
                limits,
                remember_skips_second_factor: true,
                ..Settings::default()
            };
            assert_eq!(settings.cap().is_ok(), is_good);
        }
    }
}
