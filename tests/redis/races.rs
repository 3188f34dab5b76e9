//! What two servers do at the same time, across parts of a cluster.

use std::{future::Future, sync::Arc, time::Duration};

use portcullis::store::{
    DeleteByUser, Insert, Inserted, RedisStore, Restore, Rotate, SessionStore, Swap,
};
use tokio::{sync::Barrier, time::timeout};

use super::{
    records::{insert, load, now, remembered, rotate, series, session, sessions, stranger, user},
    servers, store_in,
};

const ROUNDS: u64 = 200;
/// Of two users, in parts that lie on different nodes.
const HERE: u16 = 0x0010;
const THERE: u16 = 0x7770;

/// Both at once.
async fn race<A, B>(one: A, other: B) -> (A::Output, B::Output)
where
    A: Future<Output: Send> + Send + 'static,
    B: Future<Output: Send> + Send + 'static,
{
    let start = Arc::new(Barrier::new(2));
    let same = start.clone();
    let one = tokio::spawn(async move {
        same.wait().await;
        one.await
    });
    start.wait().await;
    let other = other.await;
    (one.await.unwrap(), other)
}

/// Two stores, as two servers have them.
async fn two_stores() -> Option<(RedisStore, RedisStore)> {
    let cluster = servers::redis_cluster().await?;
    Some((store_in(&cluster).await, store_in(&cluster).await))
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_rotations_to_two_parts_one_is_done() {
    let Some((one, other)) = two_stores().await else {
        return;
    };
    for round in 0..ROUNDS {
        let old = stranger(0xbbb0, round);
        assert_eq!(insert(&one, &old).await, Inserted::Done);
        let (here, there) = (session(HERE, round), session(THERE, round));
        let step = |new| Rotate::new(old.id, old.version, new, now());
        let (first, second) = (step(here.clone()), step(there.clone()));
        let (a, b) = (one.clone(), other.clone());
        let swaps = race(async move { a.rotate(first).await.unwrap() }, async move {
            b.rotate(second).await.unwrap()
        });
        let swaps = swaps.await;
        let alive = (
            load(&one, &here).await.is_some(),
            load(&one, &there).await.is_some(),
        );
        match swaps {
            (Swap::Done, Swap::Gone | Swap::Conflict) => assert_eq!(alive, (true, false)),
            (Swap::Gone | Swap::Conflict, Swap::Done) => assert_eq!(alive, (false, true)),
            other => panic!("round {round}: {other:?}"),
        }
        assert_eq!(load(&one, &old).await, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_across_parts_does_not_survive_the_old_or_escape_the_new_users_end() {
    let Some((one, other)) = two_stores().await else {
        return;
    };
    for round in 0..ROUNDS {
        // Somebody logs in as another user, while everything of one of them ends.
        let (old, new) = (session(HERE, round), session(THERE, round));
        assert_eq!(insert(&one, &old).await, Inserted::Done);
        let ended = if round % 2 == 0 { HERE } else { THERE };
        let (a, b) = (one.clone(), other.clone());
        let (from, to) = (old.clone(), new.clone());
        let (swap, deleted) = race(async move { rotate(&a, &from, &to).await }, async move {
            b.delete_by_user(DeleteByUser::new(user(ended)))
                .await
                .unwrap()
        })
        .await;
        let alive = (
            load(&one, &old).await.is_some(),
            load(&one, &new).await.is_some(),
        );
        assert!(!(alive.0 && alive.1), "round {round}: two are alive");
        match (ended, swap, deleted) {
            (HERE, Swap::Done, 0) => assert_eq!(alive, (false, true), "round {round}"),
            (HERE, Swap::Gone, 1) => assert_eq!(alive, (false, false), "round {round}"),
            (THERE, Swap::Done, 1) => assert_eq!(alive, (false, false), "round {round}"),
            (THERE, Swap::Done, 0) => assert_eq!(alive, (false, true), "round {round}"),
            other => panic!("round {round}: {other:?}"),
        }
        for home in [HERE, THERE] {
            one.delete_by_user(DeleteByUser::new(user(home)))
                .await
                .unwrap();
            assert_eq!(sessions(&one, home).await, 0);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_and_a_login_are_before_or_after_the_end_of_all() {
    let Some((one, other)) = two_stores().await else {
        return;
    };
    for round in 0..ROUNDS {
        let known = series(HERE, round);
        assert_eq!(insert(&one, &known).await, Inserted::Done);
        let (mut restored, mut next) = remembered(HERE, 1_000 + round);
        (next.id, next.version) = (known.id, known.version.next());
        restored.series = Some(known.id);
        let (a, b) = (one.clone(), other.clone());
        let ending = DeleteByUser::new(user(HERE));
        let (done, deleted) = if round % 2 == 0 {
            let step = Restore::new(known.version, next, restored.clone(), now());
            let (swap, deleted) = race(async move { a.restore(step).await.unwrap() }, async move {
                b.delete_by_user(ending).await.unwrap()
            })
            .await;
            (swap == Swap::Done, deleted)
        } else {
            // A login that ends another user's series, which is elsewhere.
            let mut step = Insert::new(restored.clone(), now());
            step.ends_series = Some(series(THERE, 1).id);
            let (inserted, deleted) =
                race(async move { a.insert(step).await.unwrap() }, async move {
                    b.delete_by_user(ending).await.unwrap()
                })
                .await;
            (inserted == Inserted::Done, deleted)
        };
        let alive = load(&one, &restored).await.is_some();
        match (done, deleted) {
            (true, 2) | (false, 1) => assert!(!alive, "round {round}"),
            (true, 1) => assert!(alive && round % 2 == 1, "round {round}"),
            other => panic!("round {round}: {other:?}"),
        }
        one.delete_by_user(DeleteByUser::new(user(HERE)))
            .await
            .unwrap();
        assert_eq!(load(&one, &restored).await, None, "it is in the index");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_across_parts_whose_request_is_dropped_is_whole_or_not_at_all() {
    let Some((one, other)) = two_stores().await else {
        return;
    };
    let mut whole = 0;
    for round in 0..ROUNDS {
        let (old, new) = (
            stranger(0xbbb0, 1_000 + round),
            session(THERE, 1_000 + round),
        );
        assert_eq!(insert(&one, &old).await, Inserted::Done);
        let after = Duration::from_micros(20 * round);
        let dropped = timeout(after, rotate(&one, &old, &new)).await;
        match rotate(&other, &old, &session(HERE, 1_000 + round)).await {
            Swap::Done => assert!(dropped.is_err(), "round {round}"),
            Swap::Gone => {
                let there = async { while load(&other, &new).await.is_none() {} };
                let there = timeout(Duration::from_secs(20), there).await;
                there.expect("the old is gone, and the new does not come");
                whole += 1;
            }
            Swap::Conflict => panic!("round {round}: no id is taken"),
        }
        assert_eq!(load(&one, &old).await, None);
    }
    assert!(whole > 0, "nothing was tried");
}
