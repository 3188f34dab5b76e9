//! What goes wrong on the server's side: a store that fails before or after its
//! step, is slow or hangs, and a loader that fails. Which request meets what is
//! drawn from its number, and its answer says so.

use std::{
    future::{Future, pending},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    extract::{Request, State},
    http::HeaderValue,
    middleware::Next,
    response::Response,
};
use portcullis::store::{
    Delete, DeleteByUser, End, Insert, Inserted, ListByUser, Load, Record, Restore, Rotate,
    SessionStore, StoreError, Swap, Sweep, Touch, Update, Watch,
};

use crate::rng::Rng;

/// The header that numbers a request, and the one that says what it met.
pub const NUMBER: &str = "x-request";
pub const MET: &str = "x-met";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The step is not done.
    Before,
    /// The step is done, and its answer is lost.
    After,
    Delay,
    /// No answer ever, from a step that is not done, or is.
    Hang,
    HangAfter,
    Loader,
}

pub const FAULTS: [Fault; 6] = [
    Fault::Before,
    Fault::After,
    Fault::Delay,
    Fault::Hang,
    Fault::HangAfter,
    Fault::Loader,
];

/// How often something goes wrong, and how often it did.
pub struct Faults {
    seed: u64,
    in_a_million: AtomicU64,
    counts: [AtomicU64; FAULTS.len()],
}

/// What one request has met so far.
struct Met {
    rng: Rng,
    failed: bool,
    delayed: bool,
}

tokio::task_local! {
    static MET_BY_REQUEST: Arc<Mutex<Met>>;
}

impl Faults {
    pub fn new(seed: u64, in_a_million: u64) -> Arc<Self> {
        Arc::new(Self {
            seed,
            in_a_million: in_a_million.into(),
            counts: Default::default(),
        })
    }

    /// From now on nothing goes wrong.
    pub fn stop(&self) {
        self.in_a_million.store(0, Ordering::SeqCst);
    }

    pub fn count(&self, fault: Fault) -> u64 {
        self.counts[fault as usize].load(Ordering::Relaxed)
    }

    /// What the step meets that this request does next. Without a request, nothing.
    fn draw(&self, kinds: &[(u64, Fault)], rarer: u64) -> Option<(Fault, u64)> {
        let rate = self.in_a_million.load(Ordering::Relaxed) / rarer;
        let drawn = MET_BY_REQUEST.try_with(|met| {
            let mut met = met.lock().unwrap_or_else(PoisonError::into_inner);
            let fault = met.rng.happens(rate).then(|| met.rng.one_of(kinds))?;
            match fault {
                Fault::Delay => met.delayed = true,
                _ => met.failed = true,
            }
            Some((fault, met.rng.within(1..40)))
        });
        let drawn = drawn.ok().flatten();
        if let Some((fault, _)) = drawn {
            self.counts[fault as usize].fetch_add(1, Ordering::Relaxed);
        }
        drawn
    }

    /// Does the loader of users fail?
    pub fn fail_loader(&self) -> bool {
        self.draw(&[(1, Fault::Loader)], 10).is_some()
    }
}

/// The layer that tells requests apart.
pub async fn around(State(faults): State<Arc<Faults>>, request: Request, next: Next) -> Response {
    let number = request.headers().get(NUMBER);
    let number = number.and_then(|number| number.to_str().ok()?.parse::<u64>().ok());
    let met = Arc::new(Mutex::new(Met {
        rng: Rng::new(faults.seed ^ number.unwrap_or_default().rotate_left(17)),
        failed: false,
        delayed: false,
    }));
    let mut response = MET_BY_REQUEST.scope(met.clone(), next.run(request)).await;
    let met = met.lock().unwrap_or_else(PoisonError::into_inner);
    let met = match (met.failed, met.delayed) {
        (true, _) => "failed",
        (false, true) => "delayed",
        (false, false) => "nothing",
    };
    let met = HeaderValue::from_static(met);
    response.headers_mut().insert(MET, met);
    response
}

/// A store whose steps meet faults.
#[derive(Clone)]
pub struct Faulty<S> {
    pub inner: S,
    pub faults: Arc<Faults>,
}

const OF_A_STORE: [(u64, Fault); 5] = [
    (36, Fault::Before),
    (36, Fault::After),
    (20, Fault::Delay),
    (4, Fault::Hang),
    (4, Fault::HangAfter),
];

impl<S> Faulty<S> {
    async fn meet<T>(
        &self,
        step: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let Some((fault, millis)) = self.faults.draw(&OF_A_STORE, 1) else {
            return step.await;
        };
        match fault {
            Fault::Before | Fault::Loader => {}
            Fault::After => drop(step.await?),
            Fault::Delay => {
                tokio::time::sleep(Duration::from_millis(millis)).await;
                return step.await;
            }
            Fault::Hang => pending().await,
            Fault::HangAfter => {
                drop(step.await?);
                pending().await
            }
        }
        Err(StoreError::new("a fault was injected"))
    }
}

macro_rules! steps {
    ($($name:ident($step:ident) -> $answer:ty;)*) => {
        impl<S: SessionStore> SessionStore for Faulty<S> {
            $(async fn $name(&self, step: $step) -> Result<$answer, StoreError> {
                self.meet(self.inner.$name(step)).await
            })*

            async fn watch(&self, step: Watch) {
                self.inner.watch(step).await;
            }
        }
    };
}

steps! {
    insert(Insert) -> Inserted;
    load(Load) -> Option<Record>;
    update(Update) -> Swap;
    rotate(Rotate) -> Swap;
    restore(Restore) -> Swap;
    touch(Touch) -> bool;
    delete(Delete) -> bool;
    end(End) -> u64;
    list(ListByUser) -> Vec<Record>;
    delete_by_user(DeleteByUser) -> u64;
    sweep(Sweep) -> u64;
}
