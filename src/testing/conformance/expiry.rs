//! Time: what has expired is as good as deleted.

use super::trial::{Outcome, Trial, holds};
use crate::store::{
    Insert, ListByUser, Load, Record, RecordKind, SessionStore, Swap, Sweep, Touch, Update,
};

pub(super) async fn a_record_lives_up_to_its_end<S: SessionStore>(t: &Trial<S>) -> Outcome {
    let record = t.session(Some(t.user()?))?;
    t.insert([&record]).await?;
    let last = Load::new(record.kind, record.id, t.at(3_599));
    holds!(
        t.store.load(last).await?.is_some(),
        "it was gone in its last second"
    );
    let end = Load::new(record.kind, record.id, record.expires);
    holds!(
        t.store.load(end).await?.is_none(),
        "it was alive at its end"
    );
    Ok(())
}

pub(super) async fn an_expired_record_is_nothing<S: SessionStore>(t: &Trial<S>) -> Outcome {
    let user = t.user()?;
    let (series, session) = t.remembered(user)?;
    t.log_in(&session, &series).await?;
    let later = session.expires;
    for record in [&session, &series] {
        let kind = record.kind;
        let load = Load::new(kind, record.id, later);
        holds!(
            t.store.load(load).await?.is_none(),
            "an expired {kind:?} was loaded"
        );
        let update = Update::new(kind, record.id, record.version, vec![1].into(), later);
        holds!(
            t.store.update(update).await? == Swap::Gone,
            "an expired {kind:?} was updated"
        );
        let list = ListByUser::new(kind, user, later);
        holds!(
            t.store.list(list).await?.is_empty(),
            "an expired {kind:?} was listed"
        );
    }
    let long = t.at(9_000);
    let mut new = t.session(Some(user))?;
    new.expires = long;
    let mut rotate = t.rotate(&session, &new);
    rotate.now = later;
    holds!(
        t.store.rotate(rotate).await? == Swap::Gone,
        "an expired session was rotated"
    );
    let (mut restore, mut restored) = t.restore(&series)?;
    restored.expires = long;
    (restore.now, restore.session) = (later, restored.clone());
    restore.next.expires = long;
    holds!(
        t.store.restore(restore).await? == Swap::Gone,
        "an expired series restored a session"
    );
    for record in [&new, &restored] {
        holds!(
            !t.is_there(record).await?,
            "what replaces nothing was inserted"
        );
    }
    Ok(())
}

pub(super) async fn nothing_revives_an_expired_record<S: SessionStore>(t: &Trial<S>) -> Outcome {
    let session = t.session(Some(t.user()?))?;
    t.insert([&session]).await?;
    let later = session.expires;
    let touch = Touch::new(session.kind, session.id, t.at(9_000), later, later);
    holds!(
        !t.store.touch(touch).await?,
        "an expired record was alive for a touch"
    );
    let load = Load::new(session.kind, session.id, later);
    holds!(t.store.load(load).await?.is_none(), "a touch revived it");
    Ok(())
}

pub(super) async fn a_touch_moves_the_end<S: SessionStore>(t: &Trial<S>) -> Outcome {
    let user = t.user()?;
    let session = t.session(Some(user))?;
    t.insert([&session]).await?;
    let touch = |expires| Touch::new(session.kind, session.id, expires, t.at(1), t.at(1));
    holds!(t.store.touch(touch(t.at(7_200))).await?, "no touch");
    let load = |now| Load::new(session.kind, session.id, now);
    holds!(
        t.store.load(load(t.at(7_199))).await?.is_some(),
        "a touch did not prolong it"
    );
    let list = ListByUser::new(session.kind, user, t.at(7_199));
    holds!(
        t.store.list(list).await?.len() == 1,
        "a prolonged record was not listed"
    );
    holds!(t.store.touch(touch(t.at(60))).await?, "no second touch");
    holds!(
        t.store.load(load(t.at(60))).await?.is_none(),
        "a touch did not shorten it"
    );
    Ok(())
}

pub(super) async fn a_sweep_forgets_the_expired_alone<S: SessionStore>(t: &Trial<S>) -> Outcome {
    let user = t.user()?;
    let alive = t.session(Some(user))?;
    let stranger = t.session(None)?;
    t.insert([&alive, &stranger]).await?;
    for _ in 0..5 {
        // A store that expires records by itself may forget it at once.
        let over = Record {
            expires: t.now,
            ..t.session(Some(user))?
        };
        let _ = t.store.insert(Insert::new(over, t.now)).await?;
    }
    let swept = t.store.sweep(Sweep::new(t.now, 2)).await?;
    holds!(swept <= 2, "a sweep of at most 2 forgot {swept}");
    while t.store.sweep(Sweep::new(t.now, 100)).await? >= 100 {}
    holds!(
        t.keeps(&alive).await? && t.keeps(&stranger).await?,
        "a live record was swept"
    );
    let left = t.delete_by_user(user, None).await?;
    holds!(
        left == 1,
        "after sweeps the user had {left} records, one of them alive"
    );
    holds!(
        t.list(RecordKind::Session, user).await?.is_empty(),
        "something was left"
    );
    Ok(())
}
