-- Times are nanoseconds since 1970, 0 for none.

CREATE TABLE migration (
    number   INTEGER PRIMARY KEY,
    name     TEXT    NOT NULL,
    checksum TEXT    NOT NULL,
    applied  INTEGER NOT NULL
) STRICT;

-- A key is what a client calls the object: any text. A file is a generated
-- name below frames/ or models/ in the data directory.
CREATE TABLE frame (
    key      TEXT    PRIMARY KEY,
    file     TEXT    NOT NULL UNIQUE,
    rows     INTEGER NOT NULL,
    cols     INTEGER NOT NULL,
    bytes    INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    durable  INTEGER NOT NULL,
    created  INTEGER NOT NULL
) STRICT;

CREATE TABLE model (
    key      TEXT    PRIMARY KEY,
    file     TEXT    NOT NULL UNIQUE,
    algo     TEXT    NOT NULL,
    category TEXT    NOT NULL,
    bytes    INTEGER NOT NULL,
    created  INTEGER NOT NULL
) STRICT;

CREATE TABLE job (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    key         TEXT    NOT NULL UNIQUE,
    description TEXT    NOT NULL,
    dest        TEXT    NOT NULL,
    dest_kind   TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('running', 'done', 'failed', 'cancelled')),
    progress    REAL    NOT NULL,
    message     TEXT    NOT NULL,
    warnings    TEXT    NOT NULL, -- JSON array of texts
    error       TEXT    NOT NULL,
    stack       TEXT    NOT NULL,
    created     INTEGER NOT NULL,
    started     INTEGER NOT NULL,
    ended       INTEGER NOT NULL
) STRICT;

CREATE INDEX job_running ON job (state) WHERE state = 'running';

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- Only the SHA-256 of a secret of 256 random bits is kept.
CREATE TABLE api_key (
    id      TEXT    PRIMARY KEY,
    name    TEXT    NOT NULL,
    hash    BLOB    NOT NULL,
    created INTEGER NOT NULL,
    used    INTEGER NOT NULL,
    revoked INTEGER NOT NULL
) STRICT;
