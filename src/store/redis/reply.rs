//! What Redis answers, read with care: no bytes of it are ever part of an error.

use std::str;

use data_encoding::HEXLOWER;
use redis::{ErrorKind, RedisError, Value};

use crate::{
    clock::Timestamp,
    store::{Record, RecordId, RecordKind, StoreError, Swap, TokenHash, UserIndex, Version},
};

/// The fields of a record's hash, in the order in which [`record`] reads them.
pub(super) const FIELDS: [&str; 8] = ["h", "u", "r", "c", "s", "e", "v", "b"];

/// What a script that changes records says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Done,
    Taken,
    Conflict,
    Gone,
}

impl Answer {
    pub(super) fn swap(self) -> Swap {
        match self {
            Self::Done => Swap::Done,
            Self::Taken | Self::Conflict => Swap::Conflict,
            Self::Gone => Swap::Gone,
        }
    }
}

pub(super) fn answer(value: Value) -> Result<Answer, StoreError> {
    match bytes(&value) {
        Some(b"done") => Ok(Answer::Done),
        Some(b"taken") => Ok(Answer::Taken),
        Some(b"conflict") => Ok(Answer::Conflict),
        Some(b"gone") => Ok(Answer::Gone),
        Some(b"full") => Err(StoreError::full()),
        _ => Err(unexpected()),
    }
}

pub(super) fn count(value: Value) -> Result<u64, StoreError> {
    match value {
        Value::Int(count) => u64::try_from(count).map_err(|_| unexpected()),
        _ => Err(unexpected()),
    }
}

/// The record with these fields, if it is there and alive.
pub(super) fn record(
    kind: RecordKind,
    id: RecordId,
    fields: &Value,
    now: Timestamp,
) -> Result<Option<Record>, StoreError> {
    let Value::Array(fields) = fields else {
        return Err(unexpected());
    };
    let [hash, user, series, created, seen, expires, version, body] = &fields[..] else {
        return Err(unexpected());
    };
    if *expires == Value::Nil {
        return Ok(None);
    }
    let time = |value| number(value).map(Timestamp::from_unix_seconds);
    let expires = time(expires).ok_or_else(unexpected)?;
    if now >= expires {
        return Ok(None);
    }
    let read = || {
        let hash = TokenHash::from_bytes(bytes(hash)?.try_into().ok()?);
        let mut record = Record::new(kind, id, hash, expires, bytes(body)?);
        record.user = digits(user)?.map(UserIndex::from_bytes);
        record.series = digits(series)?.map(RecordId::from_bytes);
        (record.created, record.seen) = (time(created)?, time(seen)?);
        record.version = Version::from_number(number(version)?);
        Some(record)
    };
    read().map(Some).ok_or_else(unexpected)
}

/// A list of ids with their fields.
pub(super) fn records(
    kind: RecordKind,
    value: &Value,
    now: Timestamp,
) -> Result<Vec<Record>, StoreError> {
    let Value::Array(found) = value else {
        return Err(unexpected());
    };
    let mut records = Vec::with_capacity(found.len());
    for found in found {
        let Value::Array(found) = found else {
            return Err(unexpected());
        };
        let [id, fields] = &found[..] else {
            return Err(unexpected());
        };
        let id = digits(id).flatten().ok_or_else(unexpected)?;
        records.extend(record(kind, RecordId::from_bytes(id), fields, now)?);
    }
    Ok(records)
}

/// An error of the server or of the way there. What the client could not read
/// it would print, and with it a body or a hash.
pub(super) fn failed(error: RedisError) -> StoreError {
    match error.kind() {
        ErrorKind::UnexpectedReturnType | ErrorKind::Parse => unexpected(),
        _ => StoreError::new(error),
    }
}

fn unexpected() -> StoreError {
    StoreError::new("Redis gave an answer that is none of this store's")
}

fn bytes(value: &Value) -> Option<&[u8]> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        _ => None,
    }
}

fn number(value: &Value) -> Option<u64> {
    str::from_utf8(bytes(value)?).ok()?.parse().ok()
}

/// 16 bytes as hexadecimal digits, or the empty string for none of them.
fn digits(value: &Value) -> Option<Option<[u8; 16]>> {
    match bytes(value)? {
        b"" => Some(None),
        digits => Some(Some(HEXLOWER.decode(digits).ok()?.try_into().ok()?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_000);

    fn fields(expires: &str) -> Vec<Value> {
        let fields: [&[u8]; 8] = [
            &[9; 32],
            b"00010203040506070809101112131415",
            b"",
            b"1",
            b"2",
            expires.as_bytes(),
            b"18446744073709551615",
            b"a secret body",
        ];
        fields
            .map(|field| Value::BulkString(field.to_vec()))
            .to_vec()
    }

    fn read(fields: Vec<Value>) -> Result<Option<Record>, StoreError> {
        let id = RecordId::from_bytes([7; 16]);
        record(RecordKind::Session, id, &Value::Array(fields), NOW)
    }

    #[test]
    fn a_record_reads_back() {
        let record = read(fields("18446744073709551615")).unwrap().unwrap();
        assert_eq!(record.expires.unix_seconds(), u64::MAX);
        assert_eq!(record.version.number(), u64::MAX);
        assert_eq!(record.user.unwrap().as_bytes()[15], 0x15);
        assert_eq!(
            (record.series, &record.body[..]),
            (None, &b"a secret body"[..])
        );
        assert_eq!(read(fields("1000")).unwrap(), None, "not alive");
        assert_eq!(read(vec![Value::Nil; 8]).unwrap(), None, "not there");
    }

    #[test]
    fn a_broken_record_is_an_error_that_shows_nothing_of_it() {
        for broken in 0..8 {
            let mut fields = fields("2000");
            fields[broken] = Value::BulkString(b"\xffa secret".to_vec());
            match read(fields) {
                Err(error) => assert!(!format!("{error} {error:?}").contains("secret")),
                Ok(record) => assert_eq!((broken, record.is_some()), (7, true)),
            }
        }
        assert!(read(Vec::new()).is_err());
    }
}
