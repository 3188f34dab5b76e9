//! What belongs to one user: found, limited, ended.

use super::trial::{Outcome, Trial, holds};
use crate::store::{
    Insert, Inserted, ListByUser, Record, RecordId, RecordKind, SessionStore, Swap, Touch, Update,
    UserIndex,
};

pub(super) async fn list_gives_the_live_records_of_one_user<S: SessionStore>(
    t: &Trial<S>,
) -> Outcome {
    let user = t.user()?;
    let neighbour = UserIndex::from_bytes({
        let mut bytes = *user.as_bytes();
        bytes[15] ^= 1; // the same home
        bytes
    });
    let (series, session) = t.remembered(user)?;
    let (second, theirs) = (t.session(Some(user))?, t.session(Some(neighbour))?);
    let short = Record {
        expires: t.at(60),
        ..t.session(Some(user))?
    };
    t.log_in(&session, &series).await?;
    t.insert([&second, &theirs, &short]).await?;
    let at = |now| {
        t.store
            .list(ListByUser::new(RecordKind::Session, user, now))
    };
    let mut listed = at(t.at(60)).await?;
    listed.sort_unstable_by_key(|record| record.id);
    let mut live = [session, second];
    live.sort_unstable_by_key(|record| record.id);
    holds!(
        listed == live,
        "not the two live sessions as they went in: {} listed",
        listed.len()
    );
    holds!(at(t.now).await?.len() == 3, "not all three sessions");
    holds!(
        t.list(RecordKind::Series, user).await? == [series],
        "not the one series"
    );
    Ok(())
}

pub(super) async fn list_follows_a_record<S: SessionStore>(t: &Trial<S>) -> Outcome {
    let (one, other) = (t.user()?, t.user()?);
    let record = t.session(Some(one))?;
    t.insert([&record]).await?;
    let touch = Touch::new(record.kind, record.id, t.at(7_200), t.at(5), t.at(5));
    holds!(t.store.touch(touch).await?, "no touch");
    let update = Update::new(
        record.kind,
        record.id,
        record.version,
        vec![3].into(),
        t.now,
    );
    holds!(t.store.update(update).await? == Swap::Done, "no update");
    let changed = Record {
        expires: t.at(7_200),
        seen: t.at(5),
        version: record.version.next(),
        body: vec![3].into(),
        ..record
    };
    holds!(
        t.list(RecordKind::Session, one).await? == std::slice::from_ref(&changed),
        "the list is older than the record"
    );
    let mut new = t.session(Some(other))?;
    new.expires = t.at(60);
    let swap = t.store.rotate(t.rotate(&changed, &new)).await?;
    holds!(swap == Swap::Done, "no rotation: {swap:?}");
    holds!(t.count(one).await? == 0, "the user before still has it");
    holds!(
        t.list(RecordKind::Session, other).await? == [new],
        "the user after has it not"
    );
    Ok(())
}

pub(super) async fn delete_by_user_takes_all_kinds<S: SessionStore>(t: &Trial<S>) -> Outcome {
    let (user, bystander) = (t.user()?, t.user()?);
    let (theirs, strangers) = (t.session(Some(bystander))?, t.session(None)?);
    t.insert([&theirs, &strangers]).await?;
    for kind in RecordKind::ALL {
        t.insert([&t.of_kind(kind, user)?]).await?;
    }
    let deleted = t.delete_by_user(user, None).await?;
    holds!(deleted == 4, "of one of each kind {deleted} were deleted");
    holds!(t.count(user).await? == 0, "something is left");
    holds!(
        t.keeps(&theirs).await? && t.keeps(&strangers).await?,
        "somebody else's session ended"
    );
    Ok(())
}

pub(super) async fn delete_by_user_spares_a_session_with_its_series<S: SessionStore>(
    t: &Trial<S>,
) -> Outcome {
    let (user, bystander) = (t.user()?, t.user()?);
    let (series, kept) = t.remembered(user)?;
    let (other_series, other) = t.remembered(user)?;
    t.log_in(&kept, &series).await?;
    t.log_in(&other, &other_series).await?;
    let deleted = t.delete_by_user(user, Some(&kept)).await?;
    holds!(deleted == 2, "of two other records {deleted} were deleted");
    holds!(t.keeps(&kept).await?, "the session was not spared");
    holds!(t.keeps(&series).await?, "its series was not spared");
    holds!(t.count(user).await? == 2, "something else was spared");
    let theirs = t.session(Some(bystander))?;
    t.insert([&theirs]).await?;
    let deleted = t.delete_by_user(user, Some(&theirs)).await?;
    holds!(
        deleted == 2,
        "sparing the session of somebody else, of two records {deleted} were deleted"
    );
    holds!(t.keeps(&theirs).await?, "somebody else's session ended");
    Ok(())
}

/// Logs in with a limit.
async fn log_in<S: SessionStore>(
    t: &Trial<S>,
    session: &Record,
    series: Option<&Record>,
    most: u32,
) -> Outcome {
    let mut login = Insert::new(session.clone(), t.now);
    (login.series, login.at_most) = (series.cloned(), Some(most));
    let inserted = t.store.insert(login).await?;
    holds!(inserted == Inserted::Done, "a login was {inserted:?}");
    Ok(())
}

fn ids(records: &[Record]) -> Vec<RecordId> {
    let mut ids: Vec<_> = records.iter().map(|record| record.id).collect();
    ids.sort_unstable();
    ids
}

pub(super) async fn at_most_ends_what_was_seen_least_recently<S: SessionStore>(
    t: &Trial<S>,
) -> Outcome {
    let user = t.user()?;
    let seen = |seconds| -> Outcome<Record> {
        let mut session = t.session(Some(user))?;
        session.seen = t.at(seconds);
        Ok(session)
    };
    let (first, second, third) = (seen(30)?, seen(10)?, seen(20)?);
    t.insert([&first, &second, &third]).await?;
    let oldest = seen(0)?;
    log_in(t, &oldest, None, 2).await?;
    let left = t.list(RecordKind::Session, user).await?;
    holds!(
        ids(&left) == ids(&[first.clone(), oldest.clone()]),
        "not the new one, which looks oldest, and the one seen last: {} left",
        left.len()
    );
    let mut new = seen(40)?;
    new.created = t.at(40);
    let mut rotate = t.rotate(&oldest, &new);
    rotate.at_most = Some(1);
    let swap = t.store.rotate(rotate).await?;
    holds!(swap == Swap::Done, "a rotation was {swap:?}");
    holds!(
        t.list(RecordKind::Session, user).await? == [new],
        "a rotation did not keep to the limit"
    );
    Ok(())
}

pub(super) async fn at_most_counts_series_too<S: SessionStore>(t: &Trial<S>) -> Outcome {
    let user = t.user()?;
    let browser = |seconds| -> Outcome<(Record, Record)> {
        let (mut series, mut session) = t.remembered(user)?;
        (series.seen, session.seen) = (t.at(seconds), t.at(seconds));
        Ok((series, session))
    };
    let (open, closed, kept) = (browser(1)?, browser(2)?, browser(3)?);
    for (series, session) in [&open, &closed, &kept] {
        t.log_in(session, series).await?;
    }
    holds!(t.delete(&closed.1).await?, "no session was deleted");
    let new = browser(4)?;
    log_in(t, &new.1, Some(&new.0), 2).await?;
    let (sessions, series) = (RecordKind::Session, RecordKind::Series);
    holds!(
        ids(&t.list(sessions, user).await?) == ids(&[kept.1.clone(), new.1.clone()]),
        "not the two last sessions"
    );
    holds!(
        ids(&t.list(series, user).await?) == ids(&[kept.0.clone(), new.0.clone()]),
        "a session's series stayed, or a series too many"
    );
    let (mut restore, restored) = t.restore(&kept.0)?;
    restore.ends_session = Some(kept.1.id);
    restore.at_most = Some(2);
    let swap = t.store.restore(restore).await?;
    holds!(swap == Swap::Done, "a restore was {swap:?}");
    holds!(
        ids(&t.list(sessions, user).await?) == ids(&[restored, new.1]),
        "what a restore ends made no room for what it adds"
    );
    let (mut restore, restored) = t.restore(&Record {
        version: kept.0.version.next(),
        ..kept.0
    })?;
    restore.at_most = Some(1);
    let swap = t.store.restore(restore).await?;
    holds!(swap == Swap::Done, "a second restore was {swap:?}");
    holds!(
        t.list(sessions, user).await? == [restored],
        "a restore did not keep to the limit"
    );
    holds!(
        t.list(series, user).await?.len() == 1,
        "the other series stayed"
    );
    Ok(())
}

/// A session's series goes with it, and is not counted once more.
pub(super) async fn at_most_ends_no_series_twice<S: SessionStore>(t: &Trial<S>) -> Outcome {
    let user = t.user()?;
    let browser = |session_seen, series_seen| -> Outcome<(Record, Record)> {
        let (mut series, mut session) = t.remembered(user)?;
        (session.seen, series.seen) = (t.at(session_seen), t.at(series_seen));
        Ok((series, session))
    };
    let (idle, in_use, new) = (browser(1, 9)?, browser(5, 2)?, browser(6, 6)?);
    for (series, session) in [&idle, &in_use] {
        t.log_in(session, series).await?;
    }
    log_in(t, &new.1, Some(&new.0), 2).await?;
    holds!(
        t.keeps(&in_use.0).await? && t.keeps(&in_use.1).await?,
        "beside a session and its series another series ended"
    );
    holds!(
        !t.is_there(&idle.0).await? && !t.is_there(&idle.1).await?,
        "the session seen least recently, or its series, is there"
    );
    Ok(())
}

pub(super) async fn at_most_counts_nothing_that_is_over<S: SessionStore>(t: &Trial<S>) -> Outcome {
    let (user, bystander) = (t.user()?, t.user()?);
    let (live, theirs) = (t.session(Some(user))?, t.session(Some(bystander))?);
    t.insert([&live, &theirs]).await?;
    for _ in 0..3 {
        let over = Record {
            expires: t.at(1),
            ..t.session(Some(user))?
        };
        let deleted = t.session(Some(user))?;
        t.insert([&over, &deleted]).await?;
        holds!(t.delete(&deleted).await?, "no session was deleted");
    }
    let new = t.session(Some(user))?;
    let mut login = Insert::new(new.clone(), t.at(1));
    login.at_most = Some(2);
    let inserted = t.store.insert(login).await?;
    holds!(inserted == Inserted::Done, "a login was {inserted:?}");
    holds!(
        t.keeps(&live).await? && t.keeps(&new).await?,
        "expired or deleted records were counted"
    );
    holds!(t.keeps(&theirs).await?, "somebody else's session ended");
    Ok(())
}

pub(super) async fn no_step_leaves_something_behind<S: SessionStore>(t: &Trial<S>) -> Outcome {
    let user = t.user()?;
    let (mut series, mut session) = t.remembered(user)?;
    t.log_in(&session, &series).await?;
    for _ in 0..20 {
        let new = Record {
            series: Some(series.id),
            ..t.session(Some(user))?
        };
        let swap = t.store.rotate(t.rotate(&session, &new)).await?;
        holds!(swap == Swap::Done, "a rotation was {swap:?}");
        let (mut restore, restored) = t.restore(&series)?;
        restore.ends_session = Some(new.id);
        series = restore.next.clone();
        let swap = t.store.restore(restore).await?;
        holds!(swap == Swap::Done, "a restore was {swap:?}");
        session = restored;
        let passing = t.session(Some(user))?;
        t.insert([&passing]).await?;
        holds!(t.delete(&passing).await?, "no session was deleted");
    }
    let count = t.count(user).await?;
    holds!(count == 2, "of a session and its series {count} are listed");
    let ended = t.end(Some(&session), Some(&series)).await?;
    holds!(ended == 2, "of a session and its series {ended} ended");
    let deleted = t.delete_by_user(user, None).await?;
    holds!(deleted == 0, "{deleted} records were left behind");
    Ok(())
}
