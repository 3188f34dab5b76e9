//! Waiting for the end of a record.

use std::{future::Future, pin::pin, sync::Arc, task::Poll, time::Duration};

use tokio::time::timeout;

use super::trial::{Outcome, Trial, holds};
use crate::{
    clock::SystemClock,
    store::{Record, SessionStore, Watch},
};

fn watch(record: &Record) -> Watch {
    Watch::new(record.kind, record.id, Arc::new(SystemClock))
}

pub(super) async fn watch_ends_with_the_record<S: SessionStore>(t: &Trial<S>) -> Outcome {
    let record = t.session(Some(t.user()?))?;
    t.insert([&record]).await?;
    let mut watching = pin!(t.store.watch(watch(&record)));
    for _ in 0..3 {
        let polled =
            std::future::poll_fn(|context| Poll::Ready(watching.as_mut().poll(context).is_ready()));
        holds!(!polled.await, "it ended while the record was alive");
        t.load(&record).await?;
    }
    holds!(t.delete(&record).await?, "no record was deleted");
    holds!(
        timeout(PATIENCE, watching).await.is_ok(),
        "it has not ended {PATIENCE:?} after the record"
    );
    Ok(())
}

pub(super) async fn watch_of_nothing_ends<S: SessionStore>(t: &Trial<S>) -> Outcome {
    let nothing = t.session(Some(t.user()?))?;
    let watching = t.store.watch(watch(&nothing));
    holds!(
        timeout(PATIENCE, watching).await.is_ok(),
        "it has not ended after {PATIENCE:?}"
    );
    Ok(())
}

/// A store that asks once a second needs one.
const PATIENCE: Duration = Duration::from_secs(5);
