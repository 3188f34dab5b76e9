//! A request that is dropped in the middle of a step.

use std::{future::poll_fn, task::Poll};

use portcullis::store::{Insert, PostgresStore, Restore, Rotate, SessionStore, Swap};
use sqlx::postgres::PgPoolOptions;

use crate::{
    servers,
    support::{NOW, alive, insert, load, next, of_series, series, session},
};

/// Drops the future after so many polls.
async fn give_up<T>(future: impl Future<Output = T>, polls: u32) -> Option<T> {
    let mut future = Box::pin(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_step_is_done_or_not_and_its_connection_goes_on() {
    let Some(database) = servers::postgres().await else {
        return;
    };
    for test_before_acquire in [true, false] {
        // One connection, which each next step waits for.
        let options = PgPoolOptions::new()
            .max_connections(1)
            .test_before_acquire(test_before_acquire);
        let store = PostgresStore::new(options.connect(database.url()).await.unwrap());
        store.migrate().await.unwrap();
        let mut finished = 0;
        for polls in (0..12).cycle().take(96) {
            let (old, new) = (session(1), session(1));
            insert(&store, &old).await;
            let rotate = Rotate::new(old.id, old.version, new.clone(), NOW);
            let swap = give_up(store.rotate(rotate), polls).await;
            assert!(swap.is_none_or(|swap| swap.unwrap() == Swap::Done));
            let left = (load(&store, &old).await, load(&store, &new).await);
            assert!(
                left.0.is_some() != left.1.is_some(),
                "after {polls} polls: {left:?}"
            );

            let remembered = series(2);
            let mut login = Insert::new(of_series(&remembered), NOW);
            login.series = Some(remembered.clone());
            let inserted = give_up(store.insert(login), polls).await;
            let there = load(&store, &remembered).await.is_some();
            assert_eq!(alive(&store, 2).await, if there { 2 } else { 0 });
            assert!(there || inserted.is_none());

            if there {
                let restored = of_series(&remembered);
                let restore = Restore::new(remembered.version, next(&remembered), restored, NOW);
                let swap = give_up(store.restore(restore), polls).await;
                let now = load(&store, &remembered).await.unwrap();
                let restored = now.version != remembered.version;
                assert_eq!(alive(&store, 2).await, if restored { 3 } else { 2 });
                assert!(restored || swap.is_none());
                finished += u32::from(swap.is_some());
            }
            let mut all = portcullis::store::DeleteByUser::new(remembered.user.unwrap());
            all.except = None;
            store.delete_by_user(all).await.unwrap();
        }
        assert!(finished > 0, "some came to their end");
    }
}
