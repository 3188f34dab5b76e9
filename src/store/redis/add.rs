//! Insert and rotate, which are one step but where a cluster has to make several.

use redis::Script;

use super::{
    RedisStore,
    call::Call,
    reply::{self, Answer},
    scripts,
};
use crate::{
    clock::Timestamp,
    secret::random,
    store::{Insert, Load, Record, RecordId, Rotate, StoreError, Version, strangers::part},
};

/// Puts a record and its series, in the place of an old record if there is one.
#[derive(Clone)]
pub(super) struct Add {
    old: Option<(RecordId, Version)>,
    new: Record,
    series: Option<Record>,
    ends_series: Option<RecordId>,
    at_most: Option<u32>,
    end_others: bool,
    now: Timestamp,
    nonce: Nonce,
}

/// Tells a call from the one before: a cluster's client that has lost the
/// answer sends the same call again, and it is to be done once.
pub(super) type Nonce = [u8; 8];

pub(super) fn nonce() -> Result<Nonce, StoreError> {
    random().map_err(StoreError::new)
}

impl Add {
    pub(super) fn insert(step: Insert) -> Result<Self, StoreError> {
        let Insert {
            record,
            now,
            series,
            ends_series,
            at_most,
        } = step;
        Ok(Self {
            old: None,
            new: record,
            series,
            ends_series,
            at_most,
            end_others: false,
            now,
            nonce: nonce()?,
        })
    }

    pub(super) fn rotate(step: Rotate) -> Result<Self, StoreError> {
        let Rotate {
            id,
            version,
            new,
            now,
            series,
            ends_series,
            at_most,
            end_others,
        } = step;
        Ok(Self {
            old: Some((id, version)),
            new,
            series,
            ends_series,
            at_most,
            end_others,
            now,
            nonce: nonce()?,
        })
    }
}

impl RedisStore {
    pub(super) async fn add(&self, add: Add) -> Result<Answer, StoreError> {
        in_one_part(&add.new)?;
        add.series.as_ref().map_or(Ok(()), in_one_part)?;
        let old = add.old.map(|(id, _)| id);
        let mut ended = [old, add.ends_series].into_iter().flatten();
        if !ended.any(|id| self.apart(id, add.new.id)) {
            return self.add_with(&scripts::ADD, &add).await;
        }
        // In a task of its own: whoever asked may be gone before all is done.
        let store = self.clone();
        let all = tokio::spawn(async move { store.add_across(add).await });
        all.await.map_err(StoreError::new)?
    }

    /// Takes the new ids, ends what is old, and then fills in what is new: at no
    /// time are two alive, and a crash logs out.
    async fn add_across(&self, mut add: Add) -> Result<Answer, StoreError> {
        let kind = add.new.kind;
        let old = add.old.take();
        let ends_series = add.ends_series.take_if(|id| self.apart(*id, add.new.id));
        if let Some((id, version)) = old {
            match self.read(Load::new(kind, id, add.now)).await? {
                None => return Ok(Answer::Gone),
                Some(old) if old.version != version => return Ok(Answer::Conflict),
                Some(_) => {}
            }
        }
        let reserved = self.add_with(&scripts::RESERVE, &add).await?;
        if reserved != Answer::Done {
            return Ok(reserved);
        }
        if let Some((id, version)) = old {
            let take = Call::new(&scripts::TAKE, self.names(), add.now)
                .member(Some((kind, id)))
                .version(version);
            let taken = reply::answer(self.call(take).await?)?;
            if taken != Answer::Done {
                self.release(&add).await.ok(); // else they go by themselves, soon
                return Ok(taken);
            }
        }
        if ends_series.is_some() {
            self.end_records(None, ends_series).await?;
        }
        self.add_with(&scripts::ADD, &add).await
    }

    async fn add_with(&self, script: &'static Script, add: &Add) -> Result<Answer, StoreError> {
        let old = add.old.map(|(id, _)| (add.new.kind, id));
        let version = add.old.map_or(Version::FIRST, |(_, version)| version);
        let call = Call::new(script, self.names(), add.now)
            .bytes(&add.nonce)
            .member(old)
            .version(version)
            .series(add.ends_series)
            .at_most(add.at_most)
            .flag(add.end_others)
            .number(u64::from(self.strangers.in_a_part()))
            .record(&add.new, add.now)
            .maybe_record(add.series.as_ref(), add.now);
        reply::answer(self.call(call).await?)
    }

    /// Gives ids back that were taken for a change that is not to be.
    async fn release(&self, add: &Add) -> Result<(), StoreError> {
        for record in [Some(&add.new), add.series.as_ref()].into_iter().flatten() {
            self.end_records(Some((record.kind, record.id)), None)
                .await?;
        }
        Ok(())
    }

    /// Are these records in two parts of a cluster, so that no step reaches both?
    pub(super) fn apart(&self, one: RecordId, other: RecordId) -> bool {
        self.connection.is_cluster() && part(one) != part(other)
    }
}

/// A record whose user or series is elsewhere would be in no index.
pub(super) fn in_one_part(record: &Record) -> Result<(), StoreError> {
    let user = record
        .user
        .map(|user| RecordId::from_bytes(*user.as_bytes()));
    let mut others = [user, record.series].into_iter().flatten();
    if others.all(|other| part(other) == part(record.id)) {
        Ok(())
    } else {
        Err(StoreError::new(
            "a record's id has another home than its user or series",
        ))
    }
}
