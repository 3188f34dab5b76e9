//! Two servers at the same moment: steps on one user's records happen one
//! after the other.

use portcullis::store::{
    Delete, DeleteByUser, End, Insert, Inserted, ListByUser, Load, RecordKind, Restore, Rotate,
    SessionStore, Swap, Touch, Update,
};

use crate::support::{
    LATER, NOW, Two, alive, at_once, insert, load, next, of_series, series, session, step,
    stranger, two, user,
};

const ROUNDS: u16 = 200;

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_session_does_not_outlive_the_end_of_all() {
    let Some(Two {
        a,
        b,
        database: _kept,
    }) = two().await
    else {
        return;
    };
    for home in 0..ROUNDS {
        let (old, new) = (session(home), session(home));
        insert(&a, &old).await;
        let rotate = Rotate::new(old.id, old.version, new, NOW);
        let (swap, ended) = at_once(
            step!(a, rotate, rotate),
            step!(b, delete_by_user, DeleteByUser::new(user(home))),
        )
        .await;
        assert_eq!(alive(&a, home).await, 0, "round {home}: {swap:?}");
        assert_eq!(ended, 1, "the old one or the new one");
        assert!(swap != Swap::Conflict);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_before_or_after_the_end_of_all() {
    let Some(Two {
        a,
        b,
        database: _kept,
    }) = two().await
    else {
        return;
    };
    for home in 0..ROUNDS {
        let old = session(home);
        insert(&a, &old).await;
        let remembered = series(home);
        let mut login = Insert::new(of_series(&remembered), NOW);
        login.series = Some(remembered);
        let (inserted, ended) = at_once(
            step!(a, insert, login),
            step!(b, delete_by_user, DeleteByUser::new(user(home))),
        )
        .await;
        assert_eq!(inserted, Inserted::Done);
        assert_eq!(load(&a, &old).await, None);
        let left = alive(&a, home).await;
        assert!(
            [(1, 2), (3, 0)].contains(&(ended, left)),
            "{ended} ended, {left} left"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_who_logs_in_is_before_or_after_the_end_of_all() {
    let Some(Two {
        a,
        b,
        database: _kept,
    }) = two().await
    else {
        return;
    };
    for home in 0..ROUNDS {
        let old = stranger(home + 1_000);
        insert(&a, &old).await;
        let remembered = series(home);
        let mut login = Rotate::new(old.id, old.version, of_series(&remembered), NOW);
        login.series = Some(remembered);
        let (swap, ended) = at_once(
            step!(a, rotate, login),
            step!(b, delete_by_user, DeleteByUser::new(user(home))),
        )
        .await;
        assert_eq!(swap, Swap::Done);
        let left = alive(&a, home).await;
        assert!(
            [(0, 2), (2, 0)].contains(&(ended, left)),
            "{ended} ended, {left} left"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_session_does_not_outlive_the_end_of_all() {
    let Some(Two {
        a,
        b,
        database: _kept,
    }) = two().await
    else {
        return;
    };
    for home in 0..ROUNDS {
        let old = series(home);
        insert(&a, &old).await;
        let restore = Restore::new(old.version, next(&old), of_series(&old), NOW);
        let (swap, ended) = at_once(
            step!(a, restore, restore),
            step!(b, delete_by_user, DeleteByUser::new(user(home))),
        )
        .await;
        assert_eq!(alive(&a, home).await, 0, "round {home}: {swap:?}");
        assert!([(Swap::Done, 2), (Swap::Gone, 1)].contains(&(swap, ended)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_session_does_not_outlive_its_series() {
    let Some(Two {
        a,
        b,
        database: _kept,
    }) = two().await
    else {
        return;
    };
    for home in 0..ROUNDS {
        let old = series(home);
        insert(&a, &old).await;
        let restore = Restore::new(old.version, next(&old), of_series(&old), NOW);
        let mut end = End::new();
        end.series = Some(old.id);
        let (swap, ended) = at_once(step!(a, restore, restore), step!(b, end, end)).await;
        assert_eq!(alive(&a, home).await, 0, "round {home}: {swap:?}");
        assert!([(Swap::Done, 2), (Swap::Gone, 1)].contains(&(swap, ended)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_session_does_not_outlive_a_login_in_its_browser() {
    let Some(Two {
        a,
        b,
        database: _kept,
    }) = two().await
    else {
        return;
    };
    for home in 0..ROUNDS {
        let old = series(home);
        insert(&a, &old).await;
        let restore = Restore::new(old.version, next(&old), of_series(&old), NOW);
        // As somebody else.
        let mut login = Insert::new(session(home + 1_000), NOW);
        login.ends_series = Some(old.id);
        let (_, inserted) = at_once(step!(a, restore, restore), step!(b, insert, login)).await;
        assert_eq!(inserted, Inserted::Done);
        assert_eq!(
            (alive(&a, home).await, alive(&a, home + 1_000).await),
            (0, 1)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_rotations_one_finds_nothing() {
    let Some(Two {
        a,
        b,
        database: _kept,
    }) = two().await
    else {
        return;
    };
    for home in 0..ROUNDS {
        let old = session(home);
        insert(&a, &old).await;
        let rotate = || Rotate::new(old.id, old.version, session(home), NOW);
        let swaps = at_once(step!(a, rotate, rotate()), step!(b, rotate, rotate())).await;
        let one = [(Swap::Done, Swap::Gone), (Swap::Gone, Swap::Done)];
        assert!(one.contains(&swaps), "{swaps:?}");
        assert_eq!(alive(&a, home).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_restores_one_has_lost() {
    let Some(Two {
        a,
        b,
        database: _kept,
    }) = two().await
    else {
        return;
    };
    for home in 0..ROUNDS {
        let old = series(home);
        insert(&a, &old).await;
        let restore = || Restore::new(old.version, next(&old), of_series(&old), NOW);
        let swaps = at_once(step!(a, restore, restore()), step!(b, restore, restore())).await;
        let one = [(Swap::Done, Swap::Conflict), (Swap::Conflict, Swap::Done)];
        assert!(one.contains(&swaps), "{swaps:?}");
        assert_eq!(alive(&a, home).await, 2, "the series and one session");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_updates_one_has_lost() {
    let Some(Two {
        a,
        b,
        database: _kept,
    }) = two().await
    else {
        return;
    };
    for home in 0..ROUNDS {
        let old = session(home);
        insert(&a, &old).await;
        let update = |byte| Update::new(old.kind, old.id, old.version, vec![byte].into(), NOW);
        let swaps = at_once(step!(a, update, update(7)), step!(b, update, update(8))).await;
        let winner = match swaps {
            (Swap::Done, Swap::Conflict) => 7,
            (Swap::Conflict, Swap::Done) => 8,
            _ => panic!("{swaps:?}"),
        };
        let left = load(&a, &old).await.unwrap();
        assert_eq!(
            (&left.body[..], left.version),
            (&[winner][..], old.version.next())
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_to_an_old_id_is_written_before_or_not_at_all() {
    let Some(Two {
        a,
        b,
        database: _kept,
    }) = two().await
    else {
        return;
    };
    for home in 0..ROUNDS {
        let (old, new) = (session(home), session(home));
        insert(&a, &old).await;
        let rotate = Rotate::new(old.id, old.version, new.clone(), NOW);
        let update = Update::new(old.kind, old.id, old.version, vec![7].into(), NOW);
        let swaps = at_once(step!(a, rotate, rotate), step!(b, update, update)).await;
        let one = [(Swap::Done, Swap::Gone), (Swap::Conflict, Swap::Done)];
        assert!(one.contains(&swaps), "{swaps:?}");
        let left = (
            load(&a, &old).await.is_some(),
            load(&a, &new).await.is_some(),
        );
        assert_eq!(left, (swaps.1 == Swap::Done, swaps.0 == Swap::Done));

        let touch = Touch::new(new.kind, old.id, LATER, NOW, NOW);
        let delete = Delete::new(new.kind, old.id);
        let (touched, deleted) = at_once(step!(a, touch, touch), step!(b, delete, delete)).await;
        assert!(deleted == (swaps.1 == Swap::Done) && (deleted || !touched));
        assert_eq!(load(&a, &old).await, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_records_with_one_id_the_second_is_taken() {
    let Some(Two {
        a,
        b,
        database: _kept,
    }) = two().await
    else {
        return;
    };
    for home in 0..ROUNDS {
        let (old, new) = (session(home), session(home));
        insert(&a, &old).await;
        // Of another user, so that no lock of ours orders the two.
        let mut other = session(home + 1_000);
        other.id = new.id;
        let rotate = Rotate::new(old.id, old.version, new.clone(), NOW);
        let remembered = series(home + 1_000);
        let mut login = Insert::new(other.clone(), NOW);
        login.series = Some(remembered.clone());
        let outcome = at_once(step!(a, rotate, rotate), step!(b, insert, login)).await;
        let left = load(&a, &new).await.unwrap();
        match outcome {
            (Swap::Done, Inserted::Taken) => {
                assert_eq!(left, new);
                assert_eq!(load(&a, &remembered).await, None, "no half a step");
            }
            (Swap::Conflict, Inserted::Done) => {
                assert_eq!(left, other);
                assert_eq!(load(&a, &old).await, Some(old), "no half a step");
            }
            outcome => panic!("{outcome:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_at_once_keep_to_the_limit() {
    let Some(Two {
        a,
        b,
        database: _kept,
    }) = two().await
    else {
        return;
    };
    for home in 0..ROUNDS / 4 {
        let mut logins = Vec::new();
        for count in 0..8 {
            let remembered = series(home);
            let mut login = Insert::new(of_series(&remembered), NOW);
            (login.series, login.at_most) = (Some(remembered), Some(3));
            let store = if count % 2 == 0 { &a } else { &b };
            logins.push(tokio::spawn(step!(store, insert, login)));
        }
        for login in logins {
            assert_eq!(login.await.unwrap(), Inserted::Done);
        }
        for kind in [RecordKind::Session, RecordKind::Series] {
            let left = a
                .list(ListByUser::new(kind, user(home), NOW))
                .await
                .unwrap();
            assert_eq!(left.len(), 3, "{kind:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_users_who_change_into_each_other_do_not_wait_for_each_other() {
    let Some(Two {
        a,
        b,
        database: _kept,
    }) = two().await
    else {
        return;
    };
    for home in 0..ROUNDS {
        let other = home + 1_000;
        let (one, two) = (session(home), session(other));
        insert(&a, &one).await;
        insert(&a, &two).await;
        let there = Rotate::new(one.id, one.version, session(other), NOW);
        let back = Rotate::new(two.id, two.version, session(home), NOW);
        let swaps = at_once(step!(a, rotate, there), step!(b, rotate, back)).await;
        assert_eq!(swaps, (Swap::Done, Swap::Done));
        assert_eq!((alive(&a, home).await, alive(&a, other).await), (1, 1));
    }
}

/// Everything at once on a few users, who change into each other: no step fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_two_steps_wait_for_each_other() {
    let Some(Two {
        a,
        b,
        database: _kept,
    }) = two().await
    else {
        return;
    };
    let mut all = Vec::new();
    for worker in 0..16_u16 {
        let store = if worker % 2 == 0 {
            a.clone()
        } else {
            b.clone()
        };
        all.push(tokio::spawn(async move {
            for round in 0..60_u16 {
                let (home, other) = (round % 4, (round + worker) % 4);
                let remembered = series(home);
                let first = of_series(&remembered);
                let mut login = Insert::new(first.clone(), NOW);
                (login.series, login.at_most) = (Some(remembered.clone()), Some(6));
                let _ = store.insert(login).await.unwrap();
                let restored = of_series(&remembered);
                let mut restore =
                    Restore::new(remembered.version, next(&remembered), restored.clone(), NOW);
                (restore.ends_session, restore.at_most) = (Some(first.id), Some(6));
                let _ = store.restore(restore).await.unwrap();
                let update = Update::new(
                    restored.kind,
                    restored.id,
                    restored.version,
                    vec![1].into(),
                    NOW,
                );
                let _ = store.update(update).await.unwrap();
                let mut switch =
                    Rotate::new(restored.id, restored.version.next(), session(other), NOW);
                switch.ends_series = Some(remembered.id);
                switch.end_others = round % 5 == 0;
                let _ = store.rotate(switch).await.unwrap();
                let mut end = End::new();
                (end.session, end.series) = (Some(restored.id), Some(remembered.id));
                store.end(end).await.unwrap();
                if round % 7 == 0 {
                    store
                        .delete_by_user(DeleteByUser::new(user(other)))
                        .await
                        .unwrap();
                }
                let sweep = portcullis::store::Sweep::new(LATER, 3);
                store.sweep(sweep).await.unwrap();
                let load = Load::new(RecordKind::Session, restored.id, NOW);
                assert!(store.load(load).await.unwrap().is_none());
            }
        }));
    }
    for worker in all {
        worker.await.unwrap();
    }
}
