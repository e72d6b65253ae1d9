-- A result is what an explanation found, kept whole because it is small. Its
-- kind says what the body is.
CREATE TABLE result (
    key     TEXT    PRIMARY KEY,
    kind    TEXT    NOT NULL,
    body    BLOB    NOT NULL,
    created INTEGER NOT NULL
) STRICT;
