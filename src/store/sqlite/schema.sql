CREATE TABLE IF NOT EXISTS portcullis_records (
    kind       INTEGER NOT NULL, -- 0 session, 1 series, 2 one-time token, 3 counter
    id         BLOB    NOT NULL,
    hash       BLOB    NOT NULL, -- SHA-256 of the secret, never the secret
    user_index BLOB,             -- a digest of realm and user id; none for strangers
    series     BLOB,
    created    INTEGER NOT NULL, -- seconds since 1970, as all times
    seen       INTEGER NOT NULL,
    expires    INTEGER NOT NULL,
    version    INTEGER NOT NULL,
    body       BLOB    NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS portcullis_records_user
    ON portcullis_records (user_index, kind) WHERE user_index IS NOT NULL;

CREATE INDEX IF NOT EXISTS portcullis_records_series
    ON portcullis_records (series) WHERE series IS NOT NULL;

CREATE INDEX IF NOT EXISTS portcullis_records_expires
    ON portcullis_records (expires);
