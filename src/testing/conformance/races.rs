//! Two steps at the same moment: one after the other, in either order.

use std::sync::Arc;

use tokio::task::yield_now;

use super::trial::{Broken, Outcome, Trial, at_once, holds, is_done};
use crate::store::{
    Delete, DeleteByUser, End, Insert, Inserted, Load, Record, RecordKind, SessionStore,
    StoreError, Swap, Touch, Update,
};

/// How often two steps meet.
const ROUNDS: usize = 200;

/// One step on the shared store, as a future of its own.
macro_rules! step {
    ($t:expr, $name:ident($step:expr)) => {{
        let (store, step) = ($t.store.clone(), $step);
        async move { store.$name(step).await }
    }};
}

pub(super) async fn one_of_two_inserts_wins<S: SessionStore>(t: &Trial<S>) -> Outcome {
    for round in 0..ROUNDS {
        let user = (round % 2 == 0).then_some(t.user()?);
        let one = t.session(user)?;
        let other = Record {
            id: one.id,
            ..t.session(user)?
        };
        let insert = |record: &Record| Insert::new(record.clone(), t.now);
        let (first, second) = at_once(
            step!(t, insert(insert(&one))),
            step!(t, insert(insert(&other))),
        )
        .await?;
        let wins = [first? == Inserted::Done, second? == Inserted::Done];
        holds!(wins[0] != wins[1], "{wins:?} were inserted");
        let winner = if wins[0] { one } else { other };
        holds!(t.keeps(&winner).await?, "the other one is there");
    }
    Ok(())
}

pub(super) async fn no_update_is_lost<S: SessionStore>(t: &Trial<S>) -> Outcome {
    const WRITERS: u8 = 4;
    for _ in 0..ROUNDS / 10 {
        let mut record = t.session(Some(t.user()?))?;
        record.body = vec![0].into();
        t.insert([&record]).await?;
        let mut writers = tokio::task::JoinSet::new();
        for _ in 0..WRITERS {
            let (store, record, now) = (t.store.clone(), record.clone(), t.now);
            writers.spawn(async move {
                loop {
                    let load = Load::new(record.kind, record.id, now);
                    let read = store.load(load).await?;
                    let read = read.ok_or_else(|| StoreError::new("the record is gone"))?;
                    yield_now().await; // as an app would, which works out something
                    let body = Arc::from([read.body[0] + 1]);
                    let update = Update::new(read.kind, read.id, read.version, body, now);
                    if store.update(update).await? == Swap::Done {
                        return Ok::<_, StoreError>(());
                    }
                }
            });
        }
        while let Some(written) = writers.join_next().await {
            written.map_err(|_| Broken("a step panicked".to_owned()))??;
        }
        let count = t.load(&record).await?.map(|record| record.body[0]);
        holds!(
            count == Some(WRITERS),
            "{WRITERS} writers counted {count:?}"
        );
    }
    Ok(())
}

pub(super) async fn one_of_two_rotations_wins<S: SessionStore>(t: &Trial<S>) -> Outcome {
    for round in 0..ROUNDS {
        let (user, other) = (t.user()?, t.user()?);
        let from = (round % 2 == 0).then_some(user);
        let (old, one, two) = (
            t.session(from)?,
            t.session(Some(user))?,
            t.session(Some(other))?,
        );
        t.insert([&old]).await?;
        let (first, second) = at_once(
            step!(t, rotate(t.rotate(&old, &one))),
            step!(t, rotate(t.rotate(&old, &two))),
        )
        .await?;
        let wins = [is_done(&first)?, is_done(&second)?];
        holds!(wins[0] != wins[1], "{wins:?} were done");
        let (winner, loser) = if wins[0] { (one, two) } else { (two, one) };
        holds!(t.keeps(&winner).await?, "the winner is not there");
        holds!(!t.is_there(&loser).await?, "the loser is there");
        holds!(!t.is_there(&old).await?, "the old one is there");
    }
    Ok(())
}

pub(super) async fn one_of_two_restores_wins<S: SessionStore>(t: &Trial<S>) -> Outcome {
    for _ in 0..ROUNDS {
        let user = t.user()?;
        let (series, _) = t.remembered(user)?;
        t.insert([&series]).await?;
        let ((one, _), (two, _)) = (t.restore(&series)?, t.restore(&series)?);
        let (first, second) = at_once(step!(t, restore(one)), step!(t, restore(two))).await?;
        let wins = [is_done(&first)?, is_done(&second)?];
        holds!(wins[0] != wins[1], "{wins:?} were done");
        let sessions = t.list(RecordKind::Session, user).await?.len();
        holds!(sessions == 1, "{sessions} sessions were restored");
    }
    Ok(())
}

pub(super) async fn a_late_write_brings_nothing_back<S: SessionStore>(t: &Trial<S>) -> Outcome {
    for round in 0..ROUNDS {
        let record = t.session(Some(t.user()?))?;
        t.insert([&record]).await?;
        let (kind, id) = (record.kind, record.id);
        let body = vec![1].into();
        if round % 2 == 0 {
            let update = Update::new(kind, id, record.version, body, t.now);
            let delete = Delete::new(kind, id);
            let (updated, deleted) =
                at_once(step!(t, update(update)), step!(t, delete(delete))).await?;
            let _ = updated?;
            holds!(deleted?, "the record was not there to be deleted");
        } else {
            let touch = Touch::new(kind, id, t.at(9_000), t.now, t.now);
            let mut end = End::new();
            end.session = Some(id);
            let (touched, ended) = at_once(step!(t, touch(touch)), step!(t, end(end))).await?;
            let _ = touched?;
            holds!(ended? == 1, "the record was not there to be ended");
        }
        holds!(!t.is_there(&record).await?, "it is there again");
        let left = t.list(kind, record.user.unwrap_or(t.user()?)).await?;
        holds!(left.is_empty(), "it is listed again");
    }
    Ok(())
}

pub(super) async fn a_rotation_and_a_delete_are_not_both_done<S: SessionStore>(
    t: &Trial<S>,
) -> Outcome {
    for round in 0..ROUNDS {
        let user = t.user()?;
        let from = (round % 2 == 0).then_some(user);
        let (old, new) = (t.session(from)?, t.session(Some(user))?);
        t.insert([&old]).await?;
        let (rotated, deleted) = at_once(
            step!(t, rotate(t.rotate(&old, &new))),
            step!(t, delete(Delete::new(old.kind, old.id))),
        )
        .await?;
        let (rotated, deleted) = (is_done(&rotated)?, deleted?);
        holds!(
            rotated != deleted,
            "rotated: {rotated}, and deleted: {deleted}"
        );
        holds!(
            t.is_there(&new).await? == rotated,
            "the new one is there although it is not, or the other way round"
        );
        holds!(!t.is_there(&old).await?, "the old one is there");
    }
    Ok(())
}

/// Somebody who lists a user's sessions meanwhile sees one of them, not both.
pub(super) async fn a_rotation_is_whole_for_who_looks<S: SessionStore>(t: &Trial<S>) -> Outcome {
    for _ in 0..ROUNDS {
        let user = t.user()?;
        let (old, new) = (t.session(Some(user))?, t.session(Some(user))?);
        t.insert([&old]).await?;
        let list = crate::store::ListByUser::new(old.kind, user, t.now);
        let (rotated, listed) =
            at_once(step!(t, rotate(t.rotate(&old, &new))), step!(t, list(list))).await?;
        holds!(is_done(&rotated)?, "no rotation");
        let seen = listed?.len();
        holds!(seen == 1, "{seen} sessions were seen");
    }
    Ok(())
}

pub(super) async fn a_rotation_does_not_escape_delete_by_user<S: SessionStore>(
    t: &Trial<S>,
) -> Outcome {
    for _ in 0..ROUNDS {
        let user = t.user()?;
        let (old_series, old) = t.remembered(user)?;
        let (series, new) = t.remembered(user)?;
        t.log_in(&old, &old_series).await?;
        let mut rotate = t.rotate(&old, &new);
        (rotate.series, rotate.ends_series) = (Some(series), Some(old_series.id));
        let (rotated, deleted) = at_once(
            step!(t, rotate(rotate)),
            step!(t, delete_by_user(DeleteByUser::new(user))),
        )
        .await?;
        let (_, deleted) = (is_done(&rotated)?, deleted?);
        holds!(deleted == 2, "of a session and its series {deleted} ended");
        let left = t.count(user).await?;
        holds!(left == 0, "{left} records are alive");
    }
    Ok(())
}

pub(super) async fn a_restore_does_not_escape_delete_by_user<S: SessionStore>(
    t: &Trial<S>,
) -> Outcome {
    for _ in 0..ROUNDS {
        let user = t.user()?;
        let (series, _) = t.remembered(user)?;
        t.insert([&series]).await?;
        let (restore, _) = t.restore(&series)?;
        let (restored, deleted) = at_once(
            step!(t, restore(restore)),
            step!(t, delete_by_user(DeleteByUser::new(user))),
        )
        .await?;
        let (restored, deleted) = (is_done(&restored)?, deleted?);
        let there_were = if restored { 2 } else { 1 };
        holds!(
            deleted == there_were,
            "of {there_were} records {deleted} ended"
        );
        let left = t.count(user).await?;
        holds!(left == 0, "{left} records are alive");
    }
    Ok(())
}

pub(super) async fn a_login_and_delete_by_user_are_one_after_the_other<S: SessionStore>(
    t: &Trial<S>,
) -> Outcome {
    for round in 0..ROUNDS {
        let user = t.user()?;
        let (series, session) = t.remembered(user)?;
        let delete = DeleteByUser::new(user);
        let deleted = if round % 2 == 0 {
            let mut login = Insert::new(session.clone(), t.now);
            login.series = Some(series.clone());
            let (inserted, deleted) =
                at_once(step!(t, insert(login)), step!(t, delete_by_user(delete))).await?;
            holds!(inserted? == Inserted::Done, "no login");
            deleted?
        } else {
            let stranger = t.session(None)?;
            t.insert([&stranger]).await?;
            let mut login = t.rotate(&stranger, &session);
            login.series = Some(series.clone());
            let (rotated, deleted) =
                at_once(step!(t, rotate(login)), step!(t, delete_by_user(delete))).await?;
            holds!(is_done(&rotated)?, "no login");
            deleted?
        };
        let left = t.count(user).await?;
        holds!(
            (deleted, left) == (2, 0) || (deleted, left) == (0, 2),
            "{deleted} records ended and {left} are alive: half a login"
        );
    }
    Ok(())
}

pub(super) async fn a_restore_does_not_escape_end<S: SessionStore>(t: &Trial<S>) -> Outcome {
    for _ in 0..ROUNDS {
        let user = t.user()?;
        let (series, session) = t.remembered(user)?;
        t.log_in(&session, &series).await?;
        let (restore, _) = t.restore(&series)?;
        let mut end = End::new();
        (end.session, end.series) = (Some(session.id), Some(series.id));
        let (restored, ended) = at_once(step!(t, restore(restore)), step!(t, end(end))).await?;
        let (restored, ended) = (is_done(&restored)?, ended?);
        let there_were = if restored { 3 } else { 2 };
        holds!(ended == there_were, "of {there_were} records {ended} ended");
        let left = t.count(user).await?;
        holds!(left == 0, "{left} records are alive");
    }
    Ok(())
}

pub(super) async fn a_restore_does_not_escape_who_ends_others<S: SessionStore>(
    t: &Trial<S>,
) -> Outcome {
    for _ in 0..ROUNDS {
        let user = t.user()?;
        let (series, _) = t.remembered(user)?;
        let (old, new) = (t.session(Some(user))?, t.session(Some(user))?);
        t.insert([&series, &old]).await?;
        let (restore, _) = t.restore(&series)?;
        let mut rotate = t.rotate(&old, &new);
        rotate.end_others = true;
        let (restored, rotated) =
            at_once(step!(t, restore(restore)), step!(t, rotate(rotate))).await?;
        is_done(&restored)?;
        holds!(is_done(&rotated)?, "no rotation");
        let left = t.count(user).await?;
        holds!(left == 1, "not the new session alone: {left} are alive");
    }
    Ok(())
}

pub(super) async fn logins_at_once_keep_to_at_most<S: SessionStore>(t: &Trial<S>) -> Outcome {
    const MOST: u32 = 2;
    for _ in 0..ROUNDS / 10 {
        let user = t.user()?;
        let mut logins = tokio::task::JoinSet::new();
        for _ in 0..6 {
            let (series, session) = t.remembered(user)?;
            let mut login = Insert::new(session, t.now);
            (login.series, login.at_most) = (Some(series), Some(MOST));
            logins.spawn(step!(t, insert(login)));
        }
        while let Some(inserted) = logins.join_next().await {
            let inserted = inserted.map_err(|_| Broken("a step panicked".to_owned()))?;
            holds!(inserted? == Inserted::Done, "no login");
        }
        for kind in [RecordKind::Session, RecordKind::Series] {
            let left = t.list(kind, user).await?.len();
            holds!(
                left == MOST as usize,
                "with at most {MOST}, of {kind:?} {left} are alive"
            );
        }
    }
    Ok(())
}
