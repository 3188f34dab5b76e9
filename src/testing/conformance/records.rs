//! One record: in, out, changed, gone.

use super::trial::{Outcome, Trial, holds};
use crate::store::{
    Delete, Insert, Inserted, Load, Record, RecordKind, SessionStore, Swap, Touch, Update, Version,
};

pub(super) async fn what_is_inserted_is_given_back<S: SessionStore>(t: &Trial<S>) -> Outcome {
    let user = t.user()?;
    let (series, mut full) = t.remembered(user)?;
    (full.created, full.seen) = (t.at(1), t.at(2));
    full.version = Version::from_number(7);
    let every_byte: Vec<u8> = (0..20 * 1_024).map(|at| (at % 256) as u8).collect();
    let large = Record {
        body: every_byte.into(),
        ..t.session(None)?
    };
    let empty = Record {
        body: Vec::new().into(),
        ..t.session(None)?
    };
    t.log_in(&full, &series).await?;
    t.insert([&large, &empty]).await?;
    for (record, which) in [
        (full, "a session of a series"),
        (series, "the series of a session"),
        (large, "a record with a body of 20 KiB"),
        (empty, "a record without a body"),
    ] {
        holds!(
            t.keeps(&record).await?,
            "{which} did not come back as it went in"
        );
    }
    Ok(())
}

pub(super) async fn insert_never_replaces<S: SessionStore>(t: &Trial<S>) -> Outcome {
    for user in [None, Some(t.user()?)] {
        let record = t.session(user)?;
        let other = Record {
            id: record.id,
            ..t.session(user)?
        };
        t.insert([&record]).await?;
        let again = t.store.insert(Insert::new(other, t.now)).await?;
        holds!(again == Inserted::Taken, "a taken id was answered `Done`");
        holds!(t.keeps(&record).await?, "the record was replaced");
    }
    Ok(())
}

pub(super) async fn kinds_are_different_keys<S: SessionStore>(t: &Trial<S>) -> Outcome {
    let session = t.session(Some(t.user()?))?;
    let mut of_each = Vec::new();
    for kind in RecordKind::ALL {
        let record = Record {
            kind,
            body: vec![kind.number()].into(),
            ..session.clone()
        };
        t.insert([&record]).await?;
        of_each.push(record);
    }
    for record in &of_each {
        let kind = record.kind;
        holds!(t.keeps(record).await?, "no {kind:?} of its own");
    }
    holds!(t.delete(&of_each[1]).await?, "no series was deleted");
    holds!(
        t.keeps(&session_of(&of_each)).await?,
        "a session went with a series of the same id"
    );
    Ok(())
}

fn session_of(records: &[Record]) -> Record {
    records[0].clone()
}

pub(super) async fn update_wants_the_version_that_was_read<S: SessionStore>(
    t: &Trial<S>,
) -> Outcome {
    let record = t.session(Some(t.user()?))?;
    t.insert([&record]).await?;
    let body = vec![1].into();
    let update = Update::new(record.kind, record.id, record.version, body, t.now);
    let first = t.store.update(update.clone()).await?;
    holds!(first == Swap::Done, "the first update was {first:?}");
    let second = t.store.update(update).await?;
    holds!(
        second == Swap::Conflict,
        "an update of an old version was {second:?}"
    );
    Ok(())
}

pub(super) async fn update_changes_body_and_version_alone<S: SessionStore>(
    t: &Trial<S>,
) -> Outcome {
    let (series, session) = t.remembered(t.user()?)?;
    t.log_in(&session, &series).await?;
    for record in [session, series, t.session(None)?] {
        if record.user.is_none() {
            t.insert([&record]).await?;
        }
        let body = vec![0, 255, 10, 13, 0].into();
        let update = Update::new(record.kind, record.id, record.version, body, t.at(5));
        let changed = Record {
            body: update.body.clone(),
            version: record.version.next(),
            ..record
        };
        let swap = t.store.update(update).await?;
        holds!(swap == Swap::Done, "an update was {swap:?}");
        holds!(
            t.keeps(&changed).await?,
            "another field of a {:?} was changed, or the body or version was not",
            changed.kind
        );
    }
    Ok(())
}

pub(super) async fn touch_changes_seen_and_expires_alone<S: SessionStore>(t: &Trial<S>) -> Outcome {
    let (series, session) = t.remembered(t.user()?)?;
    t.log_in(&session, &series).await?;
    for record in [session, series] {
        let (expires, seen) = (t.at(7_200), t.at(9));
        let touch = Touch::new(record.kind, record.id, expires, seen, t.at(9));
        holds!(
            t.store.touch(touch).await?,
            "a live record was not alive for a touch"
        );
        let touched = Record {
            expires,
            seen,
            ..record
        };
        holds!(
            t.keeps(&touched).await?,
            "another field of a {:?} was changed, or `seen` or `expires` was not",
            touched.kind
        );
    }
    Ok(())
}

pub(super) async fn delete_answers_whether_there_was_one<S: SessionStore>(t: &Trial<S>) -> Outcome {
    for record in [t.session(Some(t.user()?))?, t.session(None)?] {
        t.insert([&record]).await?;
        holds!(t.delete(&record).await?, "a deleted record was none");
        holds!(!t.is_there(&record).await?, "a deleted record is there");
        holds!(!t.delete(&record).await?, "nothing was deleted twice");
    }
    Ok(())
}

pub(super) async fn what_is_not_there_is_no_error<S: SessionStore>(t: &Trial<S>) -> Outcome {
    let user = t.user()?;
    let (series, nothing) = t.remembered(user)?;
    let (kind, id) = (nothing.kind, nothing.id);
    holds!(
        t.store.load(Load::new(kind, id, t.now)).await?.is_none(),
        "load"
    );
    let update = Update::new(kind, id, nothing.version, vec![1].into(), t.now);
    holds!(t.store.update(update).await? == Swap::Gone, "update");
    let touch = Touch::new(kind, id, t.at(60), t.now, t.now);
    holds!(!t.store.touch(touch).await?, "touch");
    let rotate = t.rotate(&nothing, &t.session(Some(user))?);
    holds!(t.store.rotate(rotate).await? == Swap::Gone, "rotate");
    holds!(!t.store.delete(Delete::new(kind, id)).await?, "delete");
    holds!(
        t.end(Some(&nothing), Some(&series)).await? == 0,
        "end of what is not there"
    );
    holds!(t.end(None, None).await? == 0, "end of nothing");
    holds!(t.list(kind, user).await?.is_empty(), "list");
    holds!(t.delete_by_user(user, None).await? == 0, "delete_by_user");
    holds!(
        t.delete_by_user(user, Some(&nothing)).await? == 0,
        "delete_by_user, sparing what is not there"
    );
    holds!(
        t.count(user).await? == 0,
        "a step on what is not there has made something"
    );
    Ok(())
}
