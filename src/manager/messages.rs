//! The builder's settings about what somebody is told who is sent to log in.

use crate::{
    error::{BuildError, Kind},
    manager::{Builder, Settings},
};

impl<L, K> Builder<L, K> {
    /// What somebody is told who is sent to the login page. Default: `Please
    /// log in to access this page.` An empty text: nothing.
    ///
    /// The login page shows it with [`Flashes`](crate::Flashes).
    ///
    /// # Example
    ///
    /// ```
    /// use portcullis::LoginManager;
    ///
    /// let builder = LoginManager::builder()
    ///     .login_path("/login")
    ///     .login_message("Your shopping cart is behind this door.")
    ///     .login_message_category("info");
    /// # let _ = builder;
    /// ```
    pub fn login_message(mut self, text: impl Into<String>) -> Self {
        self.settings.login_message = text.into();
        self
    }

    /// The category of the [login message](Self::login_message), such as a CSS
    /// class. Default: `message`.
    pub fn login_message_category(mut self, category: impl Into<String>) -> Self {
        self.settings.login_message_category = category.into();
        self
    }

    /// What somebody is told who is sent to give the password again. Default:
    /// `Please reauthenticate to access this page.` An empty text: nothing.
    pub fn refresh_message(mut self, text: impl Into<String>) -> Self {
        self.settings.refresh_message = text.into();
        self
    }

    /// The category of the [refresh message](Self::refresh_message). Default: `message`.
    pub fn refresh_message_category(mut self, category: impl Into<String>) -> Self {
        self.settings.refresh_message_category = category.into();
        self
    }

    /// What somebody is told whose login was refused, when the browser is sent
    /// back to the form. Default: `The login was refused.` An empty text: nothing.
    ///
    /// # Security
    ///
    /// One text for every reason: that the user is not known, is not active, or
    /// gave another password (OWASP ASVS 5.0, 6.3.8).
    pub fn refused_message(mut self, text: impl Into<String>) -> Self {
        self.settings.refused_message = text.into();
        self
    }

    /// The category of the [message of a refusal](Self::refused_message). Default: `message`.
    pub fn refused_message_category(mut self, category: impl Into<String>) -> Self {
        self.settings.refused_message_category = category.into();
        self
    }

    /// Tells nobody anything: no message, and no cookie for one.
    pub fn without_messages(mut self) -> Self {
        self.settings.messages = false;
        self
    }
}

impl Settings {
    /// What is said to whoever is refused, and its category.
    pub(crate) fn message(&self, kind: Kind) -> Option<(&str, &str)> {
        let (text, category) = match kind {
            Kind::Unauthorized | Kind::Ended => (&self.login_message, &self.login_message_category),
            Kind::NeedsRefresh { .. } => (&self.refresh_message, &self.refresh_message_category),
            Kind::Refused | Kind::Inactive => {
                (&self.refused_message, &self.refused_message_category)
            }
            _ => return None,
        };
        (self.messages && !text.is_empty()).then_some((text, category))
    }

    pub(super) fn check_messages(&self) -> Result<(), BuildError> {
        let all = [
            (&self.login_message, &self.login_message_category),
            (&self.refresh_message, &self.refresh_message_category),
            (&self.refused_message, &self.refused_message_category),
        ];
        for (text, category) in all {
            if text.len() + category.len() > MAX_MESSAGE {
                return Err(BuildError::new(format!(
                    "the message `{text}` and its category are longer than {MAX_MESSAGE} bytes"
                )));
            }
        }
        Ok(())
    }
}

/// With every byte escaped it still fits into a cookie, in bytes.
const MAX_MESSAGE: usize = 450;
