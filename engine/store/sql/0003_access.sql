-- Who may do what. Of passwords, codes, tokens and links only hashes are kept: none can be read from the file.

CREATE TABLE account (
    name       TEXT    NOT NULL PRIMARY KEY,
    person     TEXT    NOT NULL,                -- the name in the roster
    language   TEXT    NOT NULL,
    sites      TEXT    NOT NULL,                -- what is granted where, as JSON: {"lakeside": ["agent"]}; * is everywhere
    password   TEXT    NOT NULL,                -- argon2id with its parameters and salt
    disabled   INTEGER NOT NULL DEFAULT 0,      -- an account is never deleted: its name stands in histories
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE first_code (                       -- makes the first account; at most one row
    hash       BLOB    NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    hash       BLOB    NOT NULL PRIMARY KEY,
    account    TEXT    NOT NULL REFERENCES account (name),
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_account ON session (account);

CREATE TABLE failure (                          -- sign-ins that failed, or are being tried, in a row
    subject BLOB    NOT NULL PRIMARY KEY,       -- hash of an account or address: a name typed may be a password
    count   INTEGER NOT NULL,
    at      INTEGER NOT NULL                    -- of the last of them
) STRICT, WITHOUT ROWID;
CREATE INDEX failure_at ON failure (at);

CREATE TABLE token (
    id         TEXT    NOT NULL PRIMARY KEY,
    hash       BLOB    NOT NULL,                -- of the secret
    name       TEXT    NOT NULL,                -- what it is for
    person     TEXT    NOT NULL,                -- who it acts as in the roster
    language   TEXT    NOT NULL,
    scopes     TEXT    NOT NULL,                -- as JSON
    sites      TEXT    NOT NULL,                -- roles by site, as JSON
    made_by    TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    used_at    INTEGER                          -- to the minute
) STRICT, WITHOUT ROWID;

CREATE TABLE status_link (                      -- a resident's view of one ticket
    hash       BLOB    NOT NULL PRIMARY KEY,
    site       TEXT    NOT NULL,
    ticket     TEXT    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX status_link_ticket ON status_link (site, ticket);

CREATE TABLE access_log (                       -- no secrets, no personal values
    seq       INTEGER PRIMARY KEY AUTOINCREMENT,
    at        INTEGER NOT NULL,
    principal TEXT    NOT NULL,                 -- account or token:id; empty: nobody known
    address   TEXT    NOT NULL,
    action    TEXT    NOT NULL,
    site      TEXT    NOT NULL,
    object    TEXT    NOT NULL,
    outcome   TEXT    NOT NULL,
    purpose   TEXT    NOT NULL,
    request   TEXT    NOT NULL
) STRICT;
CREATE INDEX access_log_at ON access_log (at);
CREATE INDEX access_log_principal ON access_log (principal, seq);
