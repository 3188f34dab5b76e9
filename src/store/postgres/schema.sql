-- The table of `PostgresStore`, and those of its steps that take more than one
-- statement. `PostgresStore::migrate` runs this once, in one transaction.
--
-- The names of functions end in their version, so that a server of an earlier
-- version goes on while another one brings new functions.

create table if not exists portcullis_records (
    kind smallint not null,
    id bytea not null,
    hash bytea not null,
    user_index bytea,
    series bytea,
    created bigint not null,
    seen bigint not null,
    expires bigint not null,
    version bigint not null,
    body bytea not null,
    primary key (kind, id)
) with (fillfactor = 90);

-- Of a user; restored by a series; to be swept; of strangers.
create index if not exists portcullis_records_user on portcullis_records (user_index, kind)
    where user_index is not null;
create index if not exists portcullis_records_series on portcullis_records (series)
    where series is not null;
create index if not exists portcullis_records_expires on portcullis_records (expires);
create index if not exists portcullis_records_strangers on portcullis_records (id, expires)
    where kind = 0 and user_index is null;

-- A record as an argument. Without an id it is none.
do $do$
begin
    create type portcullis_record_1 as (
        kind smallint,
        id bytea,
        hash bytea,
        user_index bytea,
        series bytea,
        created bigint,
        seen bigint,
        expires bigint,
        version bigint,
        body bytea
    );
exception when duplicate_object then
    null;
end
$do$;

create or replace function portcullis_put_1(put portcullis_record_1)
returns void language sql as $fn$
    insert into portcullis_records
        (kind, id, hash, user_index, series, created, seen, expires, version, body)
    values
        (put.kind, put.id, put.hash, put.user_index, put.series, put.created, put.seen,
         put.expires, put.version, put.body);
$fn$;

-- Orders this step with all others that add, move or end records of these
-- users: of those given, of one record, of one series and what it restored.
--
-- It comes first in each function, and each later statement sees what was
-- committed before the lock was got. Only at READ COMMITTED: at the other
-- levels all statements see what was there before it.
create or replace function portcullis_lock_1(
    users bytea[], its_kind smallint, its_id bytea, its_series bytea
)
returns void language plpgsql as $fn$
declare
    key int;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'portcullis needs transactions that are READ COMMITTED'
            using hint = 'Set default_transaction_isolation for the pool of the session store.';
    end if;
    -- Always in the same order, or two steps wait for each other.
    for key in
        select distinct ('x' || encode(substr(u, 1, 4), 'hex'))::bit(32)::int
        from (
            select unnest(users) as u
            union all
            select r.user_index from portcullis_records r
            where r.kind = its_kind and r.id = its_id
            union all
            select r.user_index from portcullis_records r
            where r.kind = 1 and r.id = its_series
            union all
            select r.user_index from portcullis_records r
            where r.kind = 0 and r.series = its_series
        ) all_users
        where u is not null
        order by 1
    loop
        perform pg_advisory_xact_lock(1886351988, key);
    end loop;
end
$fn$;

-- Tells the servers that listen which homes these records had.
create or replace function portcullis_tell_1(ended bytea[])
returns bigint language plpgsql as $fn$
begin
    perform pg_notify('portcullis', home)
    from (select distinct encode(substr(id, 1, 2), 'hex') as home from unnest(ended) id) homes;
    return coalesce(cardinality(ended), 0);
end
$fn$;

-- Deletes sessions, and series with all that they restored, but not `but`.
create or replace function portcullis_delete_1(sessions bytea[], all_series bytea[], but bytea)
returns bigint language plpgsql as $fn$
declare
    deleted bigint := 0;
    ended bytea[];
begin
    if sessions is not null then
        with gone as (
            delete from portcullis_records r
            where r.kind = 0 and r.id = any(sessions) and r.id is distinct from but
            returning r.id
        )
        select array_agg(id) into ended from gone;
        deleted := deleted + portcullis_tell_1(ended);
    end if;
    if all_series is not null then
        with gone as (
            delete from portcullis_records r
            where r.kind = 1 and r.id = any(all_series)
            returning r.id
        )
        select array_agg(id) into ended from gone;
        deleted := deleted + portcullis_tell_1(ended);
        with gone as (
            delete from portcullis_records r
            where r.kind = 0 and r.series = any(all_series) and r.id is distinct from but
            returning r.id
        )
        select array_agg(id) into ended from gone;
        deleted := deleted + portcullis_tell_1(ended);
    end if;
    return deleted;
end
$fn$;

-- Deletes all of a user but one session and its series.
create or replace function portcullis_delete_others_1(
    whose bytea, session bytea, its_series bytea
)
returns bigint language plpgsql as $fn$
declare
    ended bytea[];
begin
    with gone as (
        delete from portcullis_records r
        where r.user_index = whose
            and not (r.kind = 0 and r.id is not distinct from session)
            and not (r.kind = 1 and r.id is not distinct from its_series)
        returning r.id
    )
    select array_agg(id) into ended from gone;
    return portcullis_tell_1(ended);
end
$fn$;

-- Ends what is beyond `most` beside a new session: `at_most`, as in surplus.rs.
create or replace function portcullis_limit_1(added portcullis_record_1, most bigint, at bigint)
returns void language plpgsql as $fn$
declare
    beyond bigint;
    sessions bytea[];
    all_series bytea[];
begin
    if most is null or added.user_index is null then
        return;
    end if;
    most := greatest(most, 1);
    select count(*) - most into beyond from portcullis_records r
    where r.user_index = added.user_index and r.kind = 0 and r.expires > at;
    if beyond > 0 then
        select
            array_agg(s.id),
            array_agg(distinct s.series) filter (where s.series is distinct from added.series)
        into sessions, all_series
        from (
            select r.id, r.series from portcullis_records r
            where r.user_index = added.user_index and r.kind = 0 and r.expires > at
                and r.id <> added.id
            order by r.seen, r.created, r.id
            limit beyond
        ) s;
        perform portcullis_delete_1(sessions, array_remove(all_series, null), null);
    end if;
    select count(*) - most into beyond from portcullis_records r
    where r.user_index = added.user_index and r.kind = 1 and r.expires > at;
    if beyond > 0 then
        select array_agg(s.id) into all_series
        from (
            select r.id from portcullis_records r
            where r.user_index = added.user_index and r.kind = 1 and r.expires > at
                and r.id is distinct from added.series
            order by r.seen, r.created, r.id
            limit beyond
        ) s;
        perform portcullis_delete_1(null, all_series, null);
    end if;
end
$fn$;

-- Is a record there, alive or not?
create or replace function portcullis_holds_1(one portcullis_record_1)
returns boolean language sql as $fn$
    select exists (
        select from portcullis_records r where r.kind = one.kind and r.id = one.id
    );
$fn$;

-- Is this one stranger too many? `low` and `high` are the ids of its part.
create or replace function portcullis_full_1(
    added portcullis_record_1, low bytea, high bytea, bound bigint, at bigint
)
returns boolean language plpgsql as $fn$
begin
    return added.kind = 0 and added.user_index is null and bound <= (
        select count(*) from (
            select from portcullis_records r
            where r.kind = 0 and r.user_index is null and r.id between low and high and r.expires > at
            limit bound
        ) strangers
    );
end
$fn$;

-- The steps. Those that answer with an int say: 0 done, 1 taken or of another
-- version, 2 gone, 3 full. An id that is taken while the step runs is an error
-- of the primary key, which undoes the step, and is answered as 1.

create or replace function portcullis_insert_1(
    added portcullis_record_1, with_series portcullis_record_1, ends_series bytea,
    most bigint, at bigint, low bytea, high bytea, bound bigint
)
returns int language plpgsql as $fn$
begin
    perform portcullis_lock_1(array[added.user_index, with_series.user_index], null, null, ends_series);
    if portcullis_holds_1(added) or portcullis_holds_1(with_series) then
        return 1;
    end if;
    if portcullis_full_1(added, low, high, bound, at) then
        return 3;
    end if;
    if ends_series is not null then
        perform portcullis_delete_1(null, array[ends_series], null);
    end if;
    perform portcullis_put_1(added);
    if with_series.id is not null then
        perform portcullis_put_1(with_series);
    end if;
    perform portcullis_limit_1(added, most, at);
    return 0;
end
$fn$;

create or replace function portcullis_rotate_1(
    old bytea, was bigint,
    added portcullis_record_1, with_series portcullis_record_1, ends_series bytea,
    end_others boolean, most bigint, at bigint, low bytea, high bytea, bound bigint
)
returns int language plpgsql as $fn$
declare
    found_version bigint;
    found_user bytea;
begin
    perform portcullis_lock_1(
        array[added.user_index, with_series.user_index], added.kind, old, ends_series
    );
    select r.version, r.user_index into found_version, found_user from portcullis_records r
    where r.kind = added.kind and r.id = old and r.expires > at
    for update;
    if not found then
        return 2;
    end if;
    if found_version <> was or added.id = old
        or portcullis_holds_1(added) or portcullis_holds_1(with_series)
    then
        return 1;
    end if;
    -- A stranger for a stranger is none more.
    if found_user is not null and portcullis_full_1(added, low, high, bound, at) then
        return 3;
    end if;
    if ends_series is not null then
        perform portcullis_delete_1(
            null, array[ends_series], case when added.kind = 0 then old end
        );
    end if;
    -- In place: whoever looks sees the old record or the new one, never both or none.
    update portcullis_records r set
        id = added.id, hash = added.hash, user_index = added.user_index, series = added.series,
        created = added.created, seen = added.seen, expires = added.expires,
        version = added.version, body = added.body
    where r.kind = added.kind and r.id = old;
    if not found then
        raise exception 'portcullis: a series can not end with the series that it replaces';
    end if;
    perform portcullis_tell_1(array[old]);
    if with_series.id is not null then
        perform portcullis_put_1(with_series);
    end if;
    if end_others and added.user_index is not null then
        perform portcullis_delete_others_1(added.user_index, added.id, added.series);
    end if;
    perform portcullis_limit_1(added, most, at);
    return 0;
end
$fn$;

create or replace function portcullis_restore_1(
    was bigint, next portcullis_record_1, added portcullis_record_1, ends_session bytea,
    most bigint, at bigint
)
returns int language plpgsql as $fn$
declare
    found_version bigint;
begin
    perform portcullis_lock_1(
        array[next.user_index, added.user_index], 0::smallint, ends_session, null
    );
    select r.version into found_version from portcullis_records r
    where r.kind = next.kind and r.id = next.id and r.expires > at
    for update;
    if not found then
        return 2;
    end if;
    if found_version <> was or portcullis_holds_1(added) then
        return 1;
    end if;
    if ends_session is not null then
        perform portcullis_delete_1(array[ends_session], null, null);
    end if;
    update portcullis_records r set
        hash = next.hash, user_index = next.user_index, series = next.series,
        created = next.created, seen = next.seen, expires = next.expires,
        version = next.version, body = next.body
    where r.kind = next.kind and r.id = next.id;
    perform portcullis_put_1(added);
    perform portcullis_limit_1(added, most, at);
    return 0;
end
$fn$;

create or replace function portcullis_end_1(session bytea, its_series bytea)
returns bigint language plpgsql as $fn$
begin
    perform portcullis_lock_1(null, 0::smallint, session, its_series);
    return portcullis_delete_1(
        case when session is not null then array[session] end,
        case when its_series is not null then array[its_series] end,
        null
    );
end
$fn$;

create or replace function portcullis_delete_by_user_1(whose bytea, but bytea)
returns bigint language plpgsql as $fn$
begin
    perform portcullis_lock_1(array[whose], null, null, null);
    return portcullis_delete_others_1(
        whose, but,
        (select r.series from portcullis_records r where r.kind = 0 and r.id = but)
    );
end
$fn$;

create or replace function portcullis_sweep_1(at bigint, most bigint)
returns bigint language plpgsql as $fn$
declare
    swept bigint;
begin
    if not pg_try_advisory_xact_lock(1886351989, 0) then
        return 0;
    end if;
    delete from portcullis_records
    where ctid = any(array(
        select r.ctid from portcullis_records r
        where r.expires <= at
        order by r.expires
        limit most
        for update skip locked
    ));
    get diagnostics swept = row_count;
    return swept;
end
$fn$;

-- The mark that all of this is there.
create or replace function portcullis_schema_1()
returns void language sql as '';
