//! What is sent to the database, and what its answers mean.

use sqlx::{
    Postgres,
    postgres::{PgArguments, PgDatabaseError},
    query::{Query, QueryScalar},
};

use super::row::kind;
use crate::store::{RecordId, RecordKind, StoreError};

/// A call of one of our functions, which answers with one value.
pub(super) type Call<T> = QueryScalar<'static, Postgres, T, PgArguments>;

/// A statement that begins with the key of a record.
pub(super) fn one(
    statement: &'static str,
    its_kind: RecordKind,
    id: RecordId,
) -> Query<'static, Postgres, PgArguments> {
    sqlx::query(statement)
        .bind(kind(its_kind))
        .bind(*id.as_bytes())
}

pub(super) enum Outcome {
    Done,
    /// A new id is taken, or what was read is of another version by now.
    Taken,
    Gone,
}

impl Outcome {
    /// What the number means that a function answered with.
    pub(super) fn of(answer: Result<i32, sqlx::Error>) -> Result<Self, StoreError> {
        match answer {
            Ok(0) => Ok(Self::Done),
            Ok(1) => Ok(Self::Taken),
            Ok(2) => Ok(Self::Gone),
            Ok(3) => Err(StoreError::full()),
            Ok(_) => Err(StoreError::new(
                "a function of the session store is not ours",
            )),
            // Another step took the id meanwhile, and this one was undone.
            Err(error) if is_taken(&error) => Ok(Self::Taken),
            Err(error) => Err(failed(error)),
        }
    }
}

fn is_taken(error: &sqlx::Error) -> bool {
    let error = error.as_database_error();
    error.is_some_and(|error| {
        error.is_unique_violation() && error.constraint() == Some("portcullis_records_pkey")
    })
}

/// What the database said, without the detail: that can quote a whole row.
pub(super) fn failed(error: sqlx::Error) -> StoreError {
    let said = match error.as_database_error() {
        Some(error) => error.try_downcast_ref::<PgDatabaseError>(),
        None => return StoreError::new(error),
    };
    let said = said.map(|said| {
        let hint = said.hint().map(|hint| format!(" ({hint})"));
        format!(
            "{} {}{}",
            said.code(),
            said.message(),
            hint.unwrap_or_default()
        )
    });
    StoreError::new(said.unwrap_or_else(|| "the database refused".to_owned()))
}

pub(super) const MADE: &str = "select to_regprocedure('portcullis_schema_1()') is not null";

pub(super) const LOAD: &str = "\
    select id, hash, user_index, series, created, seen, expires, version, body \
    from portcullis_records where kind = $1 and id = $2 and expires > $3";

/// Answers with the version that it found. The row is locked before it is
/// compared, so what is found is what is there, not what was.
pub(super) const UPDATE: &str = "\
    with found as materialized ( \
        select version from portcullis_records \
        where kind = $1 and id = $2 and expires > $6 for no key update \
    ), changed as ( \
        update portcullis_records r set body = $5, version = $4 from found \
        where r.kind = $1 and r.id = $2 and found.version = $3 \
    ) \
    select version from found";

pub(super) const TOUCH: &str = "\
    update portcullis_records set expires = $3, seen = $4 \
    where kind = $1 and id = $2 and expires > $5";

pub(super) const DELETE: &str = "\
    with gone as ( \
        delete from portcullis_records where kind = $1 and id = $2 returning id \
    ) \
    select pg_notify('portcullis', encode(substr(id, 1, 2), 'hex')) from gone";

pub(super) const LIST: &str = "\
    select id, hash, user_index, series, created, seen, expires, version, body \
    from portcullis_records where kind = $1 and user_index = $2 and expires > $3";

pub(super) const INSERT: &str = "\
    select portcullis_insert_1( \
        row($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)::portcullis_record_1, \
        row($11, $12, $13, $14, $15, $16, $17, $18, $19, $20)::portcullis_record_1, \
        $21, $22, $23, $24, $25, $26)";

pub(super) const ROTATE: &str = "\
    select portcullis_rotate_1($1, $2, \
        row($3, $4, $5, $6, $7, $8, $9, $10, $11, $12)::portcullis_record_1, \
        row($13, $14, $15, $16, $17, $18, $19, $20, $21, $22)::portcullis_record_1, \
        $23, $24, $25, $26, $27, $28, $29)";

pub(super) const RESTORE: &str = "\
    select portcullis_restore_1($1, \
        row($2, $3, $4, $5, $6, $7, $8, $9, $10, $11)::portcullis_record_1, \
        row($12, $13, $14, $15, $16, $17, $18, $19, $20, $21)::portcullis_record_1, \
        $22, $23, $24)";

pub(super) const END: &str = "select portcullis_end_1($1, $2)";

pub(super) const DELETE_BY_USER: &str = "select portcullis_delete_by_user_1($1, $2)";

pub(super) const SWEEP: &str = "select portcullis_sweep_1($1, $2)";
