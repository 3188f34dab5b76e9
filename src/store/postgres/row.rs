//! A record as columns, and back.

use sqlx::{Decode, Postgres, Row, Type, postgres::PgRow};

use super::statements::Call;
use crate::{
    clock::Timestamp,
    store::{Record, RecordId, RecordKind, TokenHash, UserIndex, Version},
};

/// Binds the ten columns of a record, in the order of `portcullis_record_1`;
/// of none they are null.
pub(super) fn bind<T>(call: Call<T>, record: Option<Record>) -> Call<T> {
    let Some(record) = record else {
        return call
            .bind(None::<i16>)
            .bind(None::<[u8; 16]>)
            .bind(None::<[u8; 32]>)
            .bind(None::<[u8; 16]>)
            .bind(None::<[u8; 16]>)
            .bind(None::<i64>)
            .bind(None::<i64>)
            .bind(None::<i64>)
            .bind(None::<i64>)
            .bind(None::<Vec<u8>>);
    };
    call.bind(kind(record.kind))
        .bind(*record.id.as_bytes())
        .bind(*record.hash.as_bytes())
        .bind(record.user.map(|user| *user.as_bytes()))
        .bind(bytes(record.series))
        .bind(seconds(record.created))
        .bind(seconds(record.seen))
        .bind(seconds(record.expires))
        .bind(version(record.version))
        .bind(record.body)
}

/// Reads a record whose kind is known from the question.
pub(super) fn record(kind: RecordKind, row: &PgRow) -> Result<Record, sqlx::Error> {
    let mut record = Record::new(
        kind,
        RecordId::from_bytes(row.try_get("id")?),
        TokenHash::from_bytes(row.try_get("hash")?),
        time(row, "expires")?,
        column::<&[u8]>(row, "body")?,
    );
    record.user = column::<Option<_>>(row, "user_index")?.map(UserIndex::from_bytes);
    record.series = column::<Option<_>>(row, "series")?.map(RecordId::from_bytes);
    record.created = time(row, "created")?;
    record.seen = time(row, "seen")?;
    let version: i64 = column(row, "version")?;
    record.version = Version::from_number(version as u64);
    Ok(record)
}

pub(super) fn kind(kind: RecordKind) -> i16 {
    i16::from(kind.number())
}

pub(super) fn bytes(id: Option<RecordId>) -> Option<[u8; 16]> {
    id.map(|id| *id.as_bytes())
}

/// The same 64 bits: versions are compared for equality alone.
pub(super) fn version(version: Version) -> i64 {
    version.number() as i64
}

/// The end of time is where a column's is.
pub(super) fn seconds(time: Timestamp) -> i64 {
    i64::try_from(time.unix_seconds()).unwrap_or(i64::MAX)
}

fn time(row: &PgRow, name: &str) -> Result<Timestamp, sqlx::Error> {
    Ok(from_seconds(column(row, name)?))
}

fn from_seconds(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(match seconds {
        i64::MAX => u64::MAX,
        _ => u64::try_from(seconds).unwrap_or(0),
    })
}

fn column<'r, T: Decode<'r, Postgres> + Type<Postgres>>(
    row: &'r PgRow,
    name: &str,
) -> Result<T, sqlx::Error> {
    row.try_get(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_back_and_saturate() {
        for time in [0, 1, 1_000, i64::MAX as u64 - 1, u64::MAX] {
            let time = Timestamp::from_unix_seconds(time);
            assert_eq!(from_seconds(seconds(time)), time);
        }
        let late = Timestamp::from_unix_seconds(1 << 63);
        assert_eq!(seconds(late), i64::MAX);
    }

    #[test]
    fn versions_read_back() {
        for number in [0, 1, u64::MAX] {
            let bits = version(Version::from_number(number));
            assert_eq!(Version::from_number(bits as u64).number(), number);
        }
    }
}
