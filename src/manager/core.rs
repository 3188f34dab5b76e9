//! What a manager is made of, once it is built.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde::Serialize;
use tokio::runtime::Handle;

#[cfg(feature = "password")]
use crate::manager::hashing::Hashing;
use crate::{
    clock::{Clock, Timestamp},
    error::LoginError,
    event::{EventKind, LoginEvent},
    key::{KeyRing, SecretKey},
    manager::{
        LoginId,
        cookie::{CookieKind, CookieOf, Cookies, Sent},
        finders::Finders,
        observe::Observed,
        settings::{CARRIED_FOR, SWEEP_BATCH, SWEEP_EVERY, Settings},
        site_data::ClearSiteData,
    },
    secret::equal,
    signed,
    store::{
        AnyStore, Delete, Insert, Inserted, Load, Record, RecordId, RecordKind, StoreError, Sweep,
    },
    user::{AuthUser, UserIndex, tag},
};

/// A realm with its user type.
pub(crate) struct Realm<U> {
    pub(crate) core: Arc<Core>,
    pub(crate) finders: Finders<U>,
    /// Tells user types apart in a record, should two managers with one name
    /// and one key share a store: the session of a customer is none of staff.
    pub(crate) user_tag: [u8; 4],
}

impl<U: AuthUser> Realm<U> {
    pub(crate) fn new(core: Arc<Core>, finders: Finders<U>) -> Self {
        Self {
            core,
            finders,
            user_tag: tag(std::any::type_name::<U>()),
        }
    }

    /// The index key and the canonical bytes of a user's id.
    ///
    /// # Errors
    ///
    /// When the bytes read back as another id: the next request would be its user's.
    pub(crate) fn index(&self, id: &U::Id) -> Result<(UserIndex, Vec<u8>), LoginError> {
        let bytes = serde_json::to_vec(id).map_err(|error| self.core.failed(error))?;
        if serde_json::from_slice::<U::Id>(&bytes).ok().as_ref() != Some(id) {
            return Err(LoginError::misuse(
                self.core.realm(),
                "the id of a user must read back from its JSON as itself: see `AuthUser::Id`",
            ));
        }
        Ok((self.index_of(&bytes), bytes))
    }

    /// The index key of a user, given the canonical bytes of its id.
    pub(crate) fn index_of(&self, id: &[u8]) -> UserIndex {
        UserIndex::of(self.core.realm(), self.user_tag, id)
    }

    /// Is this the user of the record, with the credentials that are in it? The id
    /// is given as JSON, and as its index.
    pub(crate) fn has_credentials(
        &self,
        user: &U,
        (id, index): (&[u8], UserIndex),
        in_record: &[u8; 16],
    ) -> bool {
        self.is_of(user, id) && equal(&user.session_auth_hash().for_record(index), in_record)
    }

    /// Is this the user who was asked for? Of a loader that gives another one, as
    /// where accounts were merged, nobody is believed: what ends with the one
    /// would not end with the other.
    pub(crate) fn is_of(&self, user: &U, id: &[u8]) -> bool {
        let own = user.id();
        let is_of =
            is_json(&own, id) && serde_json::from_slice(id).is_ok_and(|id: U::Id| id == own);
        if !is_of {
            tracing::error!(
                target: "portcullis", realm = self.core.realm(),
                "the user loader gave a user of another id, or ids are written otherwise than before: nobody is let in"
            );
        }
        is_of
    }

    /// The user with this id, as JSON.
    pub(crate) async fn load_user(&self, id: &[u8]) -> Result<Option<U>, LoginError> {
        let loaded = self.finders.loader.load(id).await;
        loaded.map_err(|error| self.core.loader_failed(error))
    }

    /// Lets the part of the realm that knows no user type reach this one.
    pub(super) fn connect(self: &Arc<Self>) {
        let realm: Arc<dyn AnyRealm> = self.clone();
        self.core.realm.set(Arc::downgrade(&realm)).ok();
    }
}

/// A realm, whatever its user type.
pub(crate) trait AnyRealm: Send + Sync {
    /// Tells of an event about nobody.
    fn tell(&self, kind: EventKind);

    /// Is this login of this user alive?
    fn is_logged_in(&self, user: UserIndex, login: LoginId) -> IsLoggedIn<'_>;
}

type IsLoggedIn<'a> = Pin<Box<dyn Future<Output = Result<bool, LoginError>> + Send + 'a>>;

impl<U: AuthUser> AnyRealm for Realm<U> {
    fn tell(&self, kind: EventKind) {
        let event = LoginEvent::new(kind, self.core.now(), None, None);
        self.finders.listeners.tell(event);
    }

    fn is_logged_in(&self, user: UserIndex, login: LoginId) -> IsLoggedIn<'_> {
        Box::pin(self.has_login(user, login))
    }
}

/// A realm without its user type.
pub(crate) struct Core {
    pub(crate) settings: Settings,
    cookies: Cookies,
    /// What the answer to a logout makes a browser forget.
    pub(crate) clear_site_data: ClearSiteData,
    pub(crate) store: AnyStore,
    pub(crate) clock: Arc<dyn Clock>,
    #[cfg(feature = "password")]
    pub(crate) hashing: Hashing,
    swept: AtomicBool,
    pub(crate) observed: Observed,
    pub(super) realm: OnceLock<Weak<dyn AnyRealm>>,
    /// The realms of the router, this one included.
    beside: OnceLock<Vec<Weak<Core>>>,
}

impl Core {
    pub(crate) fn new(
        settings: Settings,
        keys: &[SecretKey],
        store: AnyStore,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            cookies: Cookies::new(&settings, keys),
            clear_site_data: ClearSiteData::of(&settings),
            #[cfg(feature = "password")]
            hashing: Hashing::new(settings.password_cost),
            observed: Observed::new(keys),
            settings,
            store,
            clock,
            swept: AtomicBool::new(false),
            realm: OnceLock::new(),
            beside: OnceLock::new(),
        }
    }

    /// Tells the realms of one router of each other.
    pub(crate) fn introduce(realms: &[Arc<Self>]) {
        let all: Vec<_> = realms.iter().map(Arc::downgrade).collect();
        for realm in realms {
            realm.beside.set(all.clone()).ok();
        }
    }

    /// The realm of this name in the same router.
    pub(super) fn beside(&self, name: &str) -> Option<Arc<dyn AnyRealm>> {
        let mut all = self.beside.get()?.iter().filter_map(Weak::upgrade);
        let core = all.find(|core| core.realm() == name)?;
        core.realm.get()?.upgrade()
    }

    pub(crate) fn cookie(&self, of: CookieOf) -> &CookieKind {
        self.cookies.of(of)
    }

    /// What signs the tokens of messages.
    pub(crate) fn one_time_keys(&self) -> &KeyRing {
        &self.cookies.one_time
    }

    /// A value that says `text` on the way to the next page; `None` if it is too long for a cookie.
    pub(crate) fn carry(&self, of: CookieOf, text: &str) -> Option<Sent> {
        self.carry_for(of, text, CARRIED_FOR)
    }

    /// A value that says `text` for so long; `None` if it is too long for a cookie.
    pub(crate) fn carry_for(&self, of: CookieOf, text: &str, lasts: Duration) -> Option<Sent> {
        let end = self.now().plus(lasts);
        let value = signed::sign(&self.cookie(of).keys, text, end)?;
        Some(Sent::Value(value, Some(end)))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn realm(&self) -> &str {
        &self.settings.realm
    }

    /// The live session with this id.
    pub(crate) async fn load(&self, id: RecordId) -> Result<Option<Record>, LoginError> {
        self.load_kind(RecordKind::Session, id).await
    }

    /// The live record with this kind and id. What a store gives back is not believed blindly.
    pub(crate) async fn load_kind(
        &self,
        kind: RecordKind,
        id: RecordId,
    ) -> Result<Option<Record>, LoginError> {
        self.load_at(kind, id, self.now()).await
    }

    /// The same, of a time that is known.
    pub(crate) async fn load_at(
        &self,
        kind: RecordKind,
        id: RecordId,
        now: Timestamp,
    ) -> Result<Option<Record>, LoginError> {
        let record = self.done(self.store.load(Load::new(kind, id, now)).await)?;
        Ok(record.filter(|record| record.is_alive(now) && record.id == id && record.kind == kind))
    }

    pub(crate) fn insert(
        self: &Arc<Self>,
        step: Insert,
    ) -> impl Future<Output = Result<Inserted, LoginError>> + Send {
        self.keep_swept();
        let inserted = self.store.insert(step);
        async { self.done(inserted.await) }
    }

    pub(crate) async fn delete(&self, id: RecordId) -> Result<bool, LoginError> {
        self.done(
            self.store
                .delete(Delete::new(RecordKind::Session, id))
                .await,
        )
    }

    /// The answer of a store's step, its error logged and made ours.
    pub(crate) fn done<T>(&self, answer: Result<T, StoreError>) -> Result<T, LoginError> {
        answer.map_err(|error| self.failed(error))
    }

    /// Starts the sweeping with the first record; it ends with the manager.
    fn keep_swept(self: &Arc<Self>) {
        if self.swept.load(Ordering::Relaxed) || self.swept.swap(true, Ordering::Relaxed) {
            return;
        }
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let core = Arc::downgrade(self);
        runtime.spawn(async move {
            loop {
                tokio::time::sleep(SWEEP_EVERY).await;
                let Some(core) = core.upgrade() else { return };
                core.sweep().await;
            }
        });
    }

    async fn sweep(&self) {
        loop {
            match self.store.sweep(Sweep::new(self.now(), SWEEP_BATCH)).await {
                Ok(swept) if swept >= SWEEP_BATCH => tokio::task::yield_now().await,
                Ok(_) => return,
                Err(error) => {
                    tracing::warn!(target: "portcullis", realm = self.realm(), %error, "expired records were not swept");
                    return;
                }
            }
        }
    }
}

/// Does this value serialise as that text?
fn is_json(value: &impl Serialize, text: &[u8]) -> bool {
    let mut left = Left(text);
    serde_json::to_writer(&mut left, value).is_ok() && left.0.is_empty()
}

/// What is still to be written, and nothing else may be.
struct Left<'a>(&'a [u8]);

impl io::Write for Left<'_> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0 = self
            .0
            .strip_prefix(text)
            .ok_or(io::ErrorKind::InvalidData)?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
