//! Settings: the second factor.

use crate::{
    local_path::IntoLocalPath,
    manager::{Builder, Place},
};

impl<L, K> Builder<L, K> {
    /// Where a visitor is sent whose first factor is checked and whose second is
    /// not: the page whose handler asks for [`Pending`](crate::Pending). It must be
    /// given for users of [`TwoFactors`](crate::TwoFactors).
    ///
    /// # Panics
    ///
    /// When a literal is not a [`LocalPath`](crate::LocalPath).
    pub fn second_factor_path(mut self, path: impl IntoLocalPath) -> Self {
        self.settings.second_factor_at = Some(Place::Here(path.into_local_path()));
        self
    }

    /// Lets the remember cookie log in a user of two factors by itself. Without,
    /// it is one factor: the visitor is [`Pending`](crate::Pending), and is asked
    /// for the second one.
    ///
    /// # Security
    ///
    /// Whoever takes the cookie, or the laptop, needs no second factor then.
    pub fn remember_skips_second_factor(mut self) -> Self {
        self.settings.remember_skips_second_factor = true;
        self
    }
}
