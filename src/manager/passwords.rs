//! Settings: passwords.

use std::{fmt, future::Future, sync::Arc};

use crate::{
    error::BoxError,
    manager::{
        Builder, Dangerous, UserKnown,
        finders::{Loading, caught},
    },
    password::{Password, PasswordCost},
    user::AuthUser,
};

impl<L, K> Builder<L, K> {
    /// How much work a password hash is. Default: Argon2id with 19 MiB and two
    /// passes, which is what OWASP recommends.
    ///
    /// Hashes that were made with less verify as before; to have them made anew
    /// see [`password_upgrade`](Self::password_upgrade).
    pub fn password_cost(mut self, cost: PasswordCost) -> Self {
        self.settings.password_cost = cost;
        self
    }

    /// How many characters a new password must have. Default: 8, as OWASP ASVS
    /// 5.0, 6.2.1 asks; it recommends 15. NIST SP 800-63B-4, 3.1.1.2, asks for 15
    /// where the password is the only factor.
    pub fn min_password_chars(mut self, chars: usize) -> Self {
        self.settings.min_password_chars = chars;
        self
    }

    /// Which new passwords are known to whoever guesses: those that leaked, or that are
    /// common, or are the name of the app. Default: none. They are refused as those
    /// that are too short are, without a hash. Passwords in use go on.
    ///
    /// It is called on the request's thread: look in a set or a filter that is in
    /// memory, not in a file.
    ///
    /// # Example
    ///
    /// ```
    /// use std::collections::HashSet;
    /// use portcullis::LoginManager;
    ///
    /// // A list such as the 3,000 that are used most, one a line.
    /// let common: HashSet<String> = "12345678\npassword\nqwertyuiop".lines().map(str::to_owned).collect();
    /// let builder = LoginManager::builder()
    ///     .password_blocklist(move |password| common.contains(&password.to_lowercase()));
    /// # let _ = builder;
    /// ```
    ///
    /// # Security
    ///
    /// OWASP ASVS 5.0, 6.2.4 asks for at least the 3,000 most common ones, 6.2.12 for
    /// those of known breaches; NIST SP 800-63B-4, 3.1.1.2 for both.
    pub fn password_blocklist(
        mut self,
        is_listed: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.settings.password_blocklist = Some(Blocklist(Arc::new(is_listed)));
        self
    }

    /// Replaces weak hashes: after a right password whose hash is another
    /// system's, or cost less than [`password_cost`](Self::password_cost), `save` gets the
    /// user and a new hash, and gives back the user as it is then; none if the hash
    /// was another one by now, for the password was changed meanwhile.
    ///
    /// As after every change of the hash the user's other sessions end, if
    /// [`session_auth_hash`](AuthUser::session_auth_hash) is made of it.
    ///
    /// Read are bcrypt (`$2b$…`), scrypt and PBKDF2, as PHC strings, as
    /// Werkzeug (Flask) and as Django write them.
    ///
    /// # Example
    ///
    /// ```
    /// # use portcullis::{AuthHash, AuthUser, OneFactor};
    /// # struct Account { id: u64, hash: String }
    /// # impl AuthUser for Account {
    /// #     type Id = u64;
    /// #     type Factors = OneFactor;
    /// #     fn id(&self) -> u64 { self.id }
    /// #     fn session_auth_hash(&self) -> AuthHash { AuthHash::of(&self.hash) }
    /// # }
    /// # async fn load(_: u64) -> Result<Option<Account>, std::io::Error> { Ok(None) }
    /// use portcullis::LoginManager;
    ///
    /// async fn save(account: Account, hash: String) -> Result<Option<Account>, std::io::Error> {
    ///     // UPDATE accounts SET hash = $1 WHERE id = $2 AND hash = $3 (the one of `account`)
    ///     Ok(Some(Account { hash, ..account }))
    /// }
    ///
    /// let builder = LoginManager::builder().user_loader(load).password_upgrade(save);
    /// # let _ = builder;
    /// ```
    pub fn password_upgrade<U, F, Fut, E>(mut self, save: F) -> Self
    where
        L: UserKnown<User = U>,
        U: AuthUser,
        F: Fn(U, String) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Option<U>, E>> + Send + 'static,
        E: Into<BoxError> + Send + 'static,
    {
        self.loader.has_loader().0.upgrade = Some(Box::new(Saves(save)));
        self
    }
}

impl<L, K> Dangerous<L, K> {
    /// Password hashes that cost next to nothing: for tests, which would wait.
    ///
    /// # Security
    ///
    /// Whoever gets the database has the passwords.
    pub fn cheap_passwords(mut self) -> Builder<L, K> {
        self.0.settings.password_cost = PasswordCost::CHEAP;
        self.0
    }
}

/// What says which passwords are known to whoever guesses.
#[derive(Clone)]
pub(crate) struct Blocklist(Arc<dyn Fn(&str) -> bool + Send + Sync>);

impl Blocklist {
    pub(crate) fn has(&self, password: &Password) -> bool {
        (self.0)(password.text())
    }
}

impl fmt::Debug for Blocklist {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blocklist")
    }
}

/// What saves a new hash, behind one type.
pub(crate) trait DynSaver<U>: Send + Sync {
    fn save(&self, user: U, hash: String) -> Loading<'_, U>;
}

struct Saves<F>(F);

impl<U, F, Fut, E> DynSaver<U> for Saves<F>
where
    U: AuthUser,
    F: Fn(U, String) -> Fut + Send + Sync,
    Fut: Future<Output = Result<Option<U>, E>> + Send + 'static,
    E: Into<BoxError> + 'static,
{
    fn save(&self, user: U, hash: String) -> Loading<'_, U> {
        Box::pin(caught("the password upgrade panicked", move || {
            (self.0)(user, hash)
        }))
    }
}
