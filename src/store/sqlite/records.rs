//! Records as rows, and what a step does to them.

use sqlx::{Row, Sqlite, SqliteConnection, SqliteExecutor, sqlite::SqliteRow};

use crate::{
    clock::Timestamp,
    store::{
        Record, RecordId, RecordKind, StoreError, Swap, TokenHash, Touch, UserIndex, Version,
        strangers::range_of_part, surplus::surplus,
    },
};

type Answer<T> = Result<T, StoreError>;

const LOAD: &str = "SELECT * FROM portcullis_records WHERE kind = ? AND id = ? AND expires > ?";

pub(super) async fn load(
    on: impl SqliteExecutor<'_>,
    kind: RecordKind,
    id: RecordId,
    now: Timestamp,
) -> Answer<Option<Record>> {
    let row = sqlx::query(LOAD)
        .bind(kind.number())
        .bind(&id.as_bytes()[..])
        .bind(number(now.unix_seconds()))
        .fetch_optional(on);
    let row = row.await.map_err(StoreError::new)?;
    row.as_ref().map(record).transpose()
}

const LIST: &str =
    "SELECT * FROM portcullis_records WHERE user_index = ? AND kind = ? AND expires > ?";

pub(super) async fn list(
    on: impl SqliteExecutor<'_>,
    kind: RecordKind,
    user: UserIndex,
    now: Timestamp,
) -> Answer<Vec<Record>> {
    let rows = sqlx::query(LIST)
        .bind(&user.as_bytes()[..])
        .bind(kind.number())
        .bind(number(now.unix_seconds()))
        .fetch_all(on);
    let rows = rows.await.map_err(StoreError::new)?;
    rows.iter().map(record).collect()
}

const VERSION: &str =
    "SELECT version FROM portcullis_records WHERE kind = ? AND id = ? AND expires > ?";

/// What a step that replaces this version of a record finds.
pub(super) async fn swap(
    on: &mut SqliteConnection,
    (kind, id): (RecordKind, RecordId),
    version: Version,
    now: Timestamp,
) -> Answer<Swap> {
    let found = sqlx::query_scalar(VERSION)
        .bind(kind.number())
        .bind(&id.as_bytes()[..])
        .bind(number(now.unix_seconds()))
        .fetch_optional(on);
    let found: Option<i64> = found.await.map_err(StoreError::new)?;
    Ok(match found {
        None => Swap::Gone,
        Some(found) if found == number(version.number()) => Swap::Done,
        Some(_) => Swap::Conflict,
    })
}

const HOLDS: &str = "SELECT 1 FROM portcullis_records WHERE kind = ? AND id = ?";

/// Is one of these ids taken? Nothing is ever put over another record.
pub(super) async fn hold_any(
    on: &mut SqliteConnection,
    records: [Option<&Record>; 2],
) -> Answer<bool> {
    for record in records.into_iter().flatten() {
        let held = sqlx::query(HOLDS)
            .bind(record.kind.number())
            .bind(&record.id.as_bytes()[..])
            .fetch_optional(&mut *on);
        if held.await.map_err(StoreError::new)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

const STRANGERS: &str = "SELECT count(*) FROM portcullis_records
    WHERE kind = 0 AND id BETWEEN ? AND ? AND user_index IS NULL AND expires > ?";

/// How many strangers there are in the part that an id is in.
pub(super) async fn strangers_beside(
    on: &mut SqliteConnection,
    id: RecordId,
    now: Timestamp,
) -> Answer<u32> {
    let (first, last) = range_of_part(id);
    let count = sqlx::query_scalar(STRANGERS)
        .bind(&first.as_bytes()[..])
        .bind(&last.as_bytes()[..])
        .bind(number(now.unix_seconds()))
        .fetch_one(on);
    count.await.map_err(StoreError::new)
}

const PUT: &str = "INSERT INTO portcullis_records
    (kind, id, hash, user_index, series, created, seen, expires, version, body)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

pub(super) async fn put(on: &mut SqliteConnection, record: &Record) -> Answer<()> {
    let put = sqlx::query(PUT)
        .bind(record.kind.number())
        .bind(&record.id.as_bytes()[..])
        .bind(&record.hash.as_bytes()[..])
        .bind(record.user.as_ref().map(|user| &user.as_bytes()[..]))
        .bind(record.series.as_ref().map(|series| &series.as_bytes()[..]))
        .bind(number(record.created.unix_seconds()))
        .bind(number(record.seen.unix_seconds()))
        .bind(number(record.expires.unix_seconds()))
        .bind(number(record.version.number()))
        .bind(&record.body[..])
        .execute(on);
    put.await.map(drop).map_err(StoreError::new)
}

const WRITE: &str = "UPDATE portcullis_records SET version = ?, body = ? WHERE kind = ? AND id = ?";

pub(super) async fn write(
    on: &mut SqliteConnection,
    kind: RecordKind,
    id: RecordId,
    version: Version,
    body: &[u8],
) -> Answer<()> {
    let write = sqlx::query(WRITE)
        .bind(number(version.number()))
        .bind(body)
        .bind(kind.number())
        .bind(&id.as_bytes()[..])
        .execute(on);
    write.await.map(drop).map_err(StoreError::new)
}

const TOUCH: &str = "UPDATE portcullis_records SET seen = ?, expires = ?
    WHERE kind = ? AND id = ? AND expires > ?";

pub(super) async fn touch(on: impl SqliteExecutor<'_>, step: &Touch) -> Answer<bool> {
    let touch = sqlx::query(TOUCH)
        .bind(number(step.seen.unix_seconds()))
        .bind(number(step.expires.unix_seconds()))
        .bind(step.kind.number())
        .bind(&step.id.as_bytes()[..])
        .bind(number(step.now.unix_seconds()))
        .execute(on);
    Ok(touch.await.map_err(StoreError::new)?.rows_affected() > 0)
}

const DELETE: &str = "DELETE FROM portcullis_records WHERE kind = ? AND id = ?";

pub(super) async fn delete(
    on: impl SqliteExecutor<'_>,
    kind: RecordKind,
    id: RecordId,
) -> Answer<u64> {
    let delete = sqlx::query(DELETE)
        .bind(kind.number())
        .bind(&id.as_bytes()[..])
        .execute(on);
    Ok(delete.await.map_err(StoreError::new)?.rows_affected())
}

const RESTORED: &str = "DELETE FROM portcullis_records WHERE series = ? AND kind = 0";

/// Deletes a series and the sessions that it restored; answers how many.
pub(super) async fn end_series(on: &mut SqliteConnection, series: Option<RecordId>) -> Answer<u64> {
    let Some(series) = series else { return Ok(0) };
    let restored = sqlx::query(RESTORED)
        .bind(&series.as_bytes()[..])
        .execute(&mut *on);
    let restored = restored.await.map_err(StoreError::new)?.rows_affected();
    Ok(restored + delete(on, RecordKind::Series, series).await?)
}

const OF_USER: &str = "DELETE FROM portcullis_records WHERE user_index = ?1
    AND (kind, id) IS NOT (0, ?2)
    AND (kind, id) IS NOT (1, (
        SELECT series FROM portcullis_records WHERE kind = 0 AND id = ?2 AND user_index = ?1
    ))";

/// Deletes all of a user but one session and its series; answers how many.
pub(super) async fn delete_by_user(
    on: &mut SqliteConnection,
    user: UserIndex,
    except: Option<RecordId>,
) -> Answer<u64> {
    let delete = sqlx::query(OF_USER)
        .bind(&user.as_bytes()[..])
        .bind(except.as_ref().map(|except| &except.as_bytes()[..]))
        .execute(on);
    Ok(delete.await.map_err(StoreError::new)?.rows_affected())
}

/// Ends what is beyond `at_most` beside a new session.
pub(super) async fn limit(
    on: &mut SqliteConnection,
    new: &Record,
    at_most: Option<u32>,
    now: Timestamp,
) -> Answer<()> {
    let (Some(most), Some(user)) = (at_most, new.user) else {
        return Ok(());
    };
    let sessions = list(&mut *on, RecordKind::Session, user, now).await?;
    let series = list(&mut *on, RecordKind::Series, user, now).await?;
    for end in surplus(new, sessions, series, most) {
        if let Some(session) = end.session {
            delete(&mut *on, RecordKind::Session, session).await?;
        }
        end_series(on, end.series).await?;
    }
    Ok(())
}

const SWEEP: &str = "DELETE FROM portcullis_records WHERE (kind, id) IN
    (SELECT kind, id FROM portcullis_records WHERE expires <= ? ORDER BY expires LIMIT ?)";

/// Deletes at most `limit` expired records; answers how many.
pub(super) async fn sweep(on: impl SqliteExecutor<'_>, now: Timestamp, limit: u64) -> Answer<u64> {
    let sweep = sqlx::query(SWEEP)
        .bind(number(now.unix_seconds()))
        .bind(number(limit))
        .execute(on);
    Ok(sweep.await.map_err(StoreError::new)?.rows_affected())
}

fn record(row: &SqliteRow) -> Answer<Record> {
    let kind = RecordKind::from_number(get(row, "kind")?);
    let kind = kind.ok_or_else(|| StoreError::new("a record of an unknown kind"))?;
    let expires = time(row, "expires")?;
    let (id, hash) = (bytes(get(row, "id")?)?, bytes(get(row, "hash")?)?);
    let (id, hash) = (RecordId::from_bytes(id), TokenHash::from_bytes(hash));
    let mut record = Record::new(kind, id, hash, expires, get::<&[u8]>(row, "body")?);
    let user: Option<&[u8]> = get(row, "user_index")?;
    record.user = user.map(bytes).transpose()?.map(UserIndex::from_bytes);
    let series: Option<&[u8]> = get(row, "series")?;
    record.series = series.map(bytes).transpose()?.map(RecordId::from_bytes);
    (record.created, record.seen) = (time(row, "created")?, time(row, "seen")?);
    record.version = Version::from_number(unsigned(get(row, "version")?));
    Ok(record)
}

fn get<'r, T: sqlx::Decode<'r, Sqlite> + sqlx::Type<Sqlite>>(
    row: &'r SqliteRow,
    column: &str,
) -> Answer<T> {
    row.try_get(column).map_err(StoreError::new)
}

fn time(row: &SqliteRow, column: &str) -> Answer<Timestamp> {
    Ok(Timestamp::from_unix_seconds(unsigned(get(row, column)?)))
}

fn bytes<const N: usize>(column: &[u8]) -> Answer<[u8; N]> {
    let bytes = column.try_into();
    bytes.map_err(|_| StoreError::new("a record of another length"))
}

/// SQLite's numbers are signed; no time and no version is anywhere near.
fn number(unsigned: u64) -> i64 {
    i64::try_from(unsigned).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every statement above.
    const STATEMENTS: [&str; 11] = [
        LOAD, LIST, VERSION, HOLDS, STRANGERS, WRITE, TOUCH, DELETE, RESTORED, OF_USER, SWEEP,
    ];

    #[tokio::test]
    async fn every_statement_uses_an_index() {
        let pool = sqlx::SqlitePool::connect("sqlite::memory:").await.unwrap();
        let schema = sqlx::raw_sql(include_str!("schema.sql"));
        schema.execute(&pool).await.unwrap();
        for statement in STATEMENTS {
            let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
            let rows = sqlx::query(explain).fetch_all(&pool).await.unwrap();
            let plan: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
            assert!(!plan.is_empty(), "{statement}");
            for line in plan
                .iter()
                .filter(|line| line.contains("portcullis_records"))
            {
                assert!(line.starts_with("SEARCH"), "{statement}: {line}");
            }
        }
    }
}
