//! Steps of several records: logins, confirmations, remembered browsers.

use super::trial::{Outcome, Trial, holds};
use crate::store::{Insert, Inserted, Record, RecordKind, SessionStore, Swap, Version};

pub(super) async fn rotate_puts_the_new_in_the_place_of_the_old<S: SessionStore>(
    t: &Trial<S>,
) -> Outcome {
    let (one, other) = (t.user()?, t.user()?);
    for (from, to, what) in [
        (Some(one), Some(one), "of a user"),
        (None, Some(one), "of a stranger who logs in"),
        (Some(one), Some(other), "from one user to another"),
    ] {
        let (old, mut new) = (t.session(from)?, t.session(to)?);
        (new.created, new.version) = (t.at(1), Version::from_number(3));
        t.insert([&old]).await?;
        let swap = t.store.rotate(t.rotate(&old, &new)).await?;
        holds!(swap == Swap::Done, "a rotation {what} was {swap:?}");
        holds!(!t.is_there(&old).await?, "{what}: the old id is alive");
        holds!(t.keeps(&new).await?, "{what}: the new record is another");
        let again = t.rotate(&old, &t.session(to)?);
        let again = t.store.rotate(again).await?;
        holds!(
            again == Swap::Gone,
            "{what}: a second rotation was {again:?}"
        );
    }
    Ok(())
}

pub(super) async fn rotate_of_another_version_changes_nothing<S: SessionStore>(
    t: &Trial<S>,
) -> Outcome {
    let user = t.user()?;
    for old in [t.session(Some(user))?, t.session(None)?] {
        let (series, mut new) = t.remembered(user)?;
        new.expires = t.at(60);
        t.insert([&old]).await?;
        let mut rotate = t.rotate(&old, &new);
        rotate.version = old.version.next();
        rotate.end_others = true;
        rotate.series = Some(series.clone());
        let swap = t.store.rotate(rotate).await?;
        holds!(swap == Swap::Conflict, "it was {swap:?}");
        holds!(t.keeps(&old).await?, "the old record is not as it was");
        for record in [&new, &series] {
            holds!(!t.is_there(record).await?, "something was inserted");
        }
    }
    Ok(())
}

pub(super) async fn rotate_to_a_taken_id_changes_nothing<S: SessionStore>(t: &Trial<S>) -> Outcome {
    let (user, other) = (t.user()?, t.user()?);
    let (taken_series, taken) = t.remembered(other)?;
    t.log_in(&taken, &taken_series).await?;
    for old in [t.session(Some(user))?, t.session(None)?] {
        t.insert([&old]).await?;
        let (series, new) = t.remembered(other)?;
        let with_id = Record {
            id: taken.id,
            ..new.clone()
        };
        let mut to_session = t.rotate(&old, &with_id);
        to_session.series = Some(series.clone());
        let mut to_series = t.rotate(&old, &new);
        to_series.series = Some(Record {
            id: taken_series.id,
            ..series.clone()
        });
        for rotate in [to_session, to_series] {
            let swap = t.store.rotate(rotate).await?;
            holds!(swap == Swap::Conflict, "it was {swap:?}");
            for kept in [&old, &taken, &taken_series] {
                holds!(t.keeps(kept).await?, "a {:?} has changed", kept.kind);
            }
            for record in [&new, &series] {
                holds!(!t.is_there(record).await?, "half of it was inserted");
            }
        }
    }
    Ok(())
}

pub(super) async fn rotate_ends_the_others_but_its_own_series<S: SessionStore>(
    t: &Trial<S>,
) -> Outcome {
    let (user, bystander) = (t.user()?, t.user()?);
    let (series, old) = t.remembered(user)?;
    let (other_series, other) = t.remembered(user)?;
    let one_time = t.of_kind(RecordKind::OneTime, user)?;
    let (theirs, strangers) = (t.session(Some(bystander))?, t.session(None)?);
    t.log_in(&old, &series).await?;
    t.log_in(&other, &other_series).await?;
    t.insert([&one_time, &theirs, &strangers]).await?;
    let new = Record {
        series: Some(series.id),
        ..t.session(Some(user))?
    };
    let mut rotate = t.rotate(&old, &new);
    rotate.end_others = true;
    let swap = t.store.rotate(rotate).await?;
    holds!(swap == Swap::Done, "it was {swap:?}");
    for gone in [&old, &other, &other_series, &one_time] {
        holds!(!t.is_there(gone).await?, "a {:?} is still there", gone.kind);
    }
    holds!(t.keeps(&new).await?, "the new session is not there");
    holds!(t.keeps(&series).await?, "its own series is not there");
    holds!(
        t.keeps(&theirs).await? && t.keeps(&strangers).await?,
        "somebody else's session ended"
    );
    Ok(())
}

pub(super) async fn a_login_brings_its_series_and_ends_an_earlier_one<S: SessionStore>(
    t: &Trial<S>,
) -> Outcome {
    let (user, other) = (t.user()?, t.user()?);
    for earlier in [user, other] {
        for old in [None, Some(t.session(None)?), Some(t.session(Some(other))?)] {
            let (old_series, old_session) = t.remembered(earlier)?;
            let bystander = t.session(Some(earlier))?;
            t.log_in(&old_session, &old_series).await?;
            t.insert([&bystander]).await?;
            let (series, session) = t.remembered(user)?;
            match &old {
                None => {
                    let mut login = Insert::new(session.clone(), t.now);
                    login.series = Some(series.clone());
                    login.ends_series = Some(old_series.id);
                    let inserted = t.store.insert(login).await?;
                    holds!(inserted == Inserted::Done, "a login was {inserted:?}");
                }
                Some(old) => {
                    t.insert([old]).await?;
                    let mut login = t.rotate(old, &session);
                    login.series = Some(series.clone());
                    login.ends_series = Some(old_series.id);
                    let swap = t.store.rotate(login).await?;
                    holds!(swap == Swap::Done, "a login was {swap:?}");
                }
            }
            holds!(t.keeps(&session).await?, "the session is not there");
            holds!(t.keeps(&series).await?, "its series is not there");
            for gone in [&old_series, &old_session] {
                holds!(
                    !t.is_there(gone).await?,
                    "a {:?} of the earlier login is there",
                    gone.kind
                );
            }
            holds!(t.keeps(&bystander).await?, "another session ended");
        }
    }
    Ok(())
}

pub(super) async fn a_login_with_a_taken_series_is_none<S: SessionStore>(t: &Trial<S>) -> Outcome {
    let user = t.user()?;
    let (taken, session) = t.remembered(user)?;
    let (earlier, _) = t.remembered(user)?;
    t.insert([&taken, &earlier]).await?;
    let mut login = Insert::new(session.clone(), t.now);
    login.ends_series = Some(earlier.id);
    login.series = Some(Record {
        body: vec![9].into(),
        ..taken.clone()
    });
    let inserted = t.store.insert(login).await?;
    holds!(inserted == Inserted::Taken, "it was {inserted:?}");
    holds!(t.keeps(&taken).await?, "the series was replaced");
    holds!(t.keeps(&earlier).await?, "the earlier series ended");
    holds!(!t.is_there(&session).await?, "the session was inserted");
    Ok(())
}

pub(super) async fn restore_replaces_the_series_and_adds_the_session<S: SessionStore>(
    t: &Trial<S>,
) -> Outcome {
    let user = t.user()?;
    let (series, before) = t.remembered(user)?;
    let bystander = t.session(Some(user))?;
    t.log_in(&before, &series).await?;
    t.insert([&bystander]).await?;
    let (mut restore, session) = t.restore(&series)?;
    restore.ends_session = Some(before.id);
    let next = restore.next.clone();
    let swap = t.store.restore(restore.clone()).await?;
    holds!(swap == Swap::Done, "it was {swap:?}");
    holds!(t.keeps(&next).await?, "the series was not replaced");
    holds!(t.keeps(&session).await?, "no session was added");
    holds!(!t.is_there(&before).await?, "the session before is there");
    holds!(t.keeps(&bystander).await?, "another session ended");
    let (mut late, second) = t.restore(&series)?;
    late.ends_session = Some(session.id);
    let swap = t.store.restore(late).await?;
    holds!(
        swap == Swap::Conflict,
        "a restore of an old version was {swap:?}"
    );
    holds!(!t.is_there(&second).await?, "it added a session");
    holds!(t.keeps(&session).await?, "it ended one");
    holds!(t.keeps(&next).await?, "it replaced the series");
    let (mut third, _) = t.restore(&next)?;
    third.ends_session = Some(before.id);
    let swap = t.store.restore(third).await?;
    holds!(
        swap == Swap::Done,
        "with nothing left to end it was {swap:?}"
    );
    Ok(())
}

pub(super) async fn restore_with_a_taken_id_changes_nothing<S: SessionStore>(
    t: &Trial<S>,
) -> Outcome {
    let (series, before) = t.remembered(t.user()?)?;
    t.log_in(&before, &series).await?;
    let (mut restore, _) = t.restore(&series)?;
    restore.session.id = before.id;
    let swap = t.store.restore(restore).await?;
    holds!(swap == Swap::Conflict, "it was {swap:?}");
    holds!(t.keeps(&series).await?, "the series was replaced");
    holds!(t.keeps(&before).await?, "the session was replaced");
    Ok(())
}

pub(super) async fn restore_of_a_gone_series_adds_nothing<S: SessionStore>(
    t: &Trial<S>,
) -> Outcome {
    let (series, before) = t.remembered(t.user()?)?;
    t.insert([&before]).await?;
    let (mut restore, session) = t.restore(&series)?;
    restore.ends_session = Some(before.id);
    let swap = t.store.restore(restore).await?;
    holds!(swap == Swap::Gone, "it was {swap:?}");
    holds!(!t.is_there(&session).await?, "a session was added");
    holds!(!t.is_there(&series).await?, "a series was added");
    holds!(t.keeps(&before).await?, "a session ended");
    Ok(())
}

pub(super) async fn end_takes_all_that_the_series_restored<S: SessionStore>(
    t: &Trial<S>,
) -> Outcome {
    let user = t.user()?;
    let (series, session) = t.remembered(user)?;
    let restored = Record {
        series: Some(series.id),
        ..t.session(Some(user))?
    };
    let (other_series, other) = t.remembered(user)?;
    t.log_in(&session, &series).await?;
    t.insert([&restored]).await?;
    t.log_in(&other, &other_series).await?;
    let ended = t.end(Some(&session), Some(&series)).await?;
    holds!(ended == 3, "of three records {ended} were counted");
    for gone in [&session, &series, &restored] {
        holds!(!t.is_there(gone).await?, "a {:?} is there", gone.kind);
    }
    holds!(t.keeps(&other).await?, "another session ended");
    holds!(t.keeps(&other_series).await?, "another series ended");
    let ended = t.end(Some(&other), None).await?;
    holds!(ended == 1, "of one session {ended} were counted");
    holds!(t.keeps(&other_series).await?, "its series went with it");
    let (mut restore, again) = t.restore(&other_series)?;
    restore.ends_session = Some(other.id);
    let swap = t.store.restore(restore).await?;
    holds!(swap == Swap::Done, "the series restored nothing: {swap:?}");
    let ended = t.end(None, Some(&other_series)).await?;
    holds!(
        ended == 2,
        "of a series and its session {ended} were counted"
    );
    holds!(!t.is_there(&again).await?, "what it restored is there");
    Ok(())
}
