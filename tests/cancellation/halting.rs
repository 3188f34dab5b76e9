//! A store that stops in the middle of a step, and says so.

use std::{
    collections::BTreeSet,
    future::{pending, poll_fn},
    pin::pin,
    sync::{Arc, Mutex},
    task::Poll,
};

use portcullis::{
    Timestamp,
    store::{
        Delete, DeleteByUser, End, Insert, Inserted, ListByUser, Load, Record, RecordId,
        RecordKind, Restore, Rotate, SessionStore, StoreError, Swap, Sweep, Touch, Update,
        UserIndex,
    },
};
use tokio::{sync::Notify, task::yield_now};

/// Where in a step it stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Before,
    /// After so many polls of the store.
    UnderWay(u32),
    /// It is done, and its answer never arrives.
    After,
}

impl Place {
    pub(crate) const ALL: [Self; 4] = [
        Self::Before,
        Self::UnderWay(1),
        Self::UnderWay(2),
        Self::After,
    ];
}

#[derive(Clone)]
pub(crate) struct Halting<S> {
    pub(crate) inner: S,
    plan: Arc<Mutex<Plan>>,
    stopped: Arc<Notify>,
}

#[derive(Default)]
struct Plan {
    /// After so many further steps, in that place.
    stop: Option<(u32, Place)>,
    /// Whose records were written.
    users: BTreeSet<[u8; 16]>,
}

impl<S: SessionStore> Halting<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self {
            inner,
            plan: Arc::default(),
            stopped: Arc::default(),
        }
    }

    pub(crate) fn stop_at(&self, step: u32, place: Place) {
        self.plan.lock().unwrap().stop = Some((step, place));
    }

    /// Until it has stopped.
    pub(crate) async fn stopped(&self) {
        self.stopped.notified().await;
    }

    /// Goes on with further steps. A step that was dropped under way is over,
    /// whatever became of it: this one waits for it, as it also writes.
    pub(crate) async fn go_on(&self) {
        self.plan.lock().unwrap().stop = None;
        let nothing = RecordId::from_bytes([0xff; 16]);
        let delete = Delete::new(RecordKind::Counter, nothing);
        assert!(!self.inner.delete(delete).await.unwrap());
    }

    pub(crate) fn forget_users(&self) {
        self.plan.lock().unwrap().users.clear();
    }

    /// How many sessions, series and tokens the users have that were written about.
    pub(crate) async fn records(&self, now: Timestamp) -> usize {
        let users = self.plan.lock().unwrap().users.clone();
        let mut all = 0;
        for user in users {
            for kind in [RecordKind::Session, RecordKind::Series, RecordKind::OneTime] {
                let list = ListByUser::new(kind, UserIndex::from_bytes(user), now);
                all += self.inner.list(list).await.unwrap().len();
            }
        }
        all
    }

    fn write_about(&self, record: &Record) {
        let user = record.user.map(|user| *user.as_bytes());
        self.plan.lock().unwrap().users.extend(user);
    }

    /// Is this the step to stop in?
    fn place(&self) -> Option<Place> {
        let mut plan = self.plan.lock().unwrap();
        let (left, place) = plan.stop?;
        plan.stop = left.checked_sub(1).map(|left| (left, place));
        (left == 0).then_some(place)
    }

    async fn stop<T>(&self) -> T {
        self.stopped.notify_one();
        pending().await
    }

    async fn step<T>(&self, step: impl Future<Output = T> + Send) -> T {
        let place = self.place();
        yield_now().await;
        if place == Some(Place::Before) {
            return self.stop().await;
        }
        let mut step = pin!(step);
        let mut polls = 0;
        let answer = poll_fn(|context| {
            polls += 1;
            match step.as_mut().poll(context) {
                Poll::Ready(answer) => Poll::Ready(Some(answer)),
                // It has asked, and waits.
                Poll::Pending if place == Some(Place::UnderWay(polls)) => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        });
        let answer = answer.await;
        yield_now().await;
        match answer {
            Some(answer) if place != Some(Place::After) => answer,
            _ => self.stop().await,
        }
    }
}

macro_rules! halting {
    ($($name:ident($step:ident $(, $record:ident)?) -> $answer:ty;)*) => {
        impl<S: SessionStore> SessionStore for Halting<S> {
            $(async fn $name(&self, step: $step) -> Result<$answer, StoreError> {
                $(self.write_about(&step.$record);)?
                self.step(self.inner.$name(step)).await
            })*
        }
    };
}

halting! {
    insert(Insert, record) -> Inserted;
    load(Load) -> Option<Record>;
    update(Update) -> Swap;
    rotate(Rotate, new) -> Swap;
    restore(Restore, session) -> Swap;
    touch(Touch) -> bool;
    delete(Delete) -> bool;
    end(End) -> u64;
    list(ListByUser) -> Vec<Record>;
    delete_by_user(DeleteByUser) -> u64;
    sweep(Sweep) -> u64;
}
