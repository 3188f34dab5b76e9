//! What a manager is made of, once it is built.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
};

use tokio::runtime::Handle;

use crate::{
    clock::{Clock, Timestamp},
    error::{BoxError, LoginError},
    key::SecretKey,
    manager::{
        cookie::{CookieKind, CookieOf, Cookies, Sent},
        settings::{CARRIED_FOR, SWEEP_BATCH, SWEEP_EVERY, Settings},
    },
    signed,
    store::{
        AnyStore, Delete, Insert, Inserted, Load, Record, RecordId, RecordKind, StoreError, Sweep,
    },
    user::{AuthUser, UserIndex, UserLoader, tag},
};

/// A realm with its user type.
pub(crate) struct Realm<U> {
    pub(crate) core: Arc<Core>,
    pub(crate) loader: Box<dyn DynLoader<U>>,
    /// Tells user types apart in a record, should two managers with one name
    /// and one key share a store: the session of a customer is none of staff.
    pub(crate) user_tag: [u8; 4],
}

impl<U: AuthUser> Realm<U> {
    pub(crate) fn new(core: Arc<Core>, loader: Box<dyn DynLoader<U>>) -> Self {
        Self {
            core,
            loader,
            user_tag: tag(std::any::type_name::<U>()),
        }
    }
}

/// A realm without its user type.
pub(crate) struct Core {
    pub(crate) settings: Settings,
    cookies: Cookies,
    pub(crate) store: AnyStore,
    pub(crate) clock: Arc<dyn Clock>,
    swept: AtomicBool,
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
            settings,
            store,
            clock,
            swept: AtomicBool::new(false),
        }
    }

    pub(crate) fn cookie(&self, of: CookieOf) -> &CookieKind {
        self.cookies.of(of)
    }

    /// A value that says `text` for a while; `None` if it is too long for a cookie.
    pub(crate) fn carry(&self, of: CookieOf, text: &str) -> Option<Sent> {
        let end = self.now().plus(CARRIED_FOR);
        let value = signed::sign(&self.cookie(of).keys, text, end)?;
        Some(Sent::Value(value, Some(end)))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn realm(&self) -> &str {
        &self.settings.realm
    }

    /// The index key and the canonical bytes of a user's id.
    pub(crate) fn index<U: AuthUser>(
        &self,
        id: &U::Id,
    ) -> Result<(UserIndex, Vec<u8>), LoginError> {
        let id = serde_json::to_vec(id).map_err(|error| self.failed(error))?;
        Ok((UserIndex::of(self.realm(), &id), id))
    }

    /// The live record with this id. What a store gives back is not believed blindly.
    pub(crate) async fn load(&self, id: RecordId) -> Result<Option<Record>, LoginError> {
        let now = self.now();
        let record = self.done(
            self.store
                .load(Load::new(RecordKind::Session, id, now))
                .await,
        )?;
        Ok(record.filter(|record| {
            record.is_alive(now) && record.id == id && record.kind == RecordKind::Session
        }))
    }

    pub(crate) async fn insert(self: &Arc<Self>, step: Insert) -> Result<Inserted, LoginError> {
        self.keep_swept();
        self.done(self.store.insert(step).await)
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

    pub(crate) fn failed(&self, error: impl Into<BoxError>) -> LoginError {
        LoginError::store(self.realm(), error)
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

/// A loader behind one type, which reads the id from a record.
pub(crate) trait DynLoader<U>: Send + Sync {
    fn load<'a>(
        &'a self,
        id: &'a [u8],
    ) -> Pin<Box<dyn Future<Output = Result<Option<U>, BoxError>> + Send + 'a>>;
}

/// Any [`UserLoader`] as a [`DynLoader`]. A panic in it is an error: the
/// session stays as it is, and the server goes on.
pub(crate) struct Loads<F>(pub(crate) F);

impl<U: AuthUser, F: UserLoader<U>> DynLoader<U> for Loads<F> {
    fn load<'a>(
        &'a self,
        id: &'a [u8],
    ) -> Pin<Box<dyn Future<Output = Result<Option<U>, BoxError>> + Send + 'a>> {
        Box::pin(async move {
            let id = serde_json::from_slice::<U::Id>(id).map_err(|_| UNREADABLE)?;
            let load =
                catch_unwind(AssertUnwindSafe(|| self.0.load_user(id))).map_err(|_| PANICKED)?;
            let mut load = std::pin::pin!(load);
            std::future::poll_fn(|context| {
                match catch_unwind(AssertUnwindSafe(|| load.as_mut().poll(context))) {
                    Ok(Poll::Pending) => Poll::Pending,
                    Ok(Poll::Ready(loaded)) => Poll::Ready(loaded.map_err(Into::into)),
                    Err(_) => Poll::Ready(Err(PANICKED.into())),
                }
            })
            .await
        })
    }
}

const PANICKED: &str = "the user loader panicked";
const UNREADABLE: &str = "the user's id in the session is not of the type `AuthUser::Id`";
