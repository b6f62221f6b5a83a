-- One file keeps all sites. The log of steps is the truth; whatever is marked "index" can be derived from it.
-- Instants are whole seconds UTC.

CREATE TABLE site (
    name   TEXT    NOT NULL PRIMARY KEY,
    stamp  INTEGER NOT NULL DEFAULT 0,      -- the highest ever given
    events INTEGER NOT NULL DEFAULT 0,      -- how many its own stream has
    head   BLOB    NOT NULL DEFAULT (zeroblob(32))  -- hash of the last of them
) STRICT, WITHOUT ROWID;

-- ---- histories ------------------------------------------------------------------------------------------------------

-- AUTOINCREMENT keeps the highest seq ever given, so that also the last rows cannot vanish unseen.
CREATE TABLE step (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    site        TEXT    NOT NULL,
    family      TEXT    NOT NULL,
    number      INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,           -- of the envelope: no part of history, of its hash, of any figure
    body        TEXT    NOT NULL,
    hash        BLOB    NOT NULL,           -- of the hash before it in the family, of site, family, number and body
    UNIQUE (site, family, number)
) STRICT;

CREATE TABLE family (
    site   TEXT    NOT NULL,
    id     TEXT    NOT NULL,                -- the root ticket
    opened INTEGER NOT NULL,                -- seq of its first step
    steps  INTEGER NOT NULL,
    head   BLOB    NOT NULL,                -- hash of its last step
    open   INTEGER NOT NULL,                -- whether any ticket of it is: index
    PRIMARY KEY (site, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX family_opened ON family (site, opened);
CREATE INDEX family_open ON family (site, opened) WHERE open;

CREATE TABLE part (                         -- index: tickets that are not the root of their family
    site   TEXT NOT NULL,
    ticket TEXT NOT NULL,
    family TEXT NOT NULL,
    PRIMARY KEY (site, ticket)
) STRICT, WITHOUT ROWID;

CREATE TABLE site_event (
    site   TEXT    NOT NULL,
    number INTEGER NOT NULL,
    kind   TEXT    NOT NULL,
    key    TEXT    NOT NULL,
    body   TEXT    NOT NULL,
    hash   BLOB    NOT NULL,
    PRIMARY KEY (site, number)
) STRICT;
CREATE INDEX site_event_key ON site_event (site, kind, key);

CREATE TABLE seal (                         -- over the hashes of all steps since the seal before it
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at     INTEGER NOT NULL,
    until  INTEGER NOT NULL,                -- seq of the last step under it
    sites  TEXT    NOT NULL,                -- how many events each site's stream had, as JSON
    hash   BLOB    NOT NULL
) STRICT;

-- ---- what waits -----------------------------------------------------------------------------------------------------

CREATE TABLE timer (                        -- index: the agenda of each family after its last step
    site    TEXT    NOT NULL,
    family  TEXT    NOT NULL,
    slot    INTEGER NOT NULL,
    fire    INTEGER NOT NULL,
    rank    INTEGER NOT NULL,
    place   INTEGER NOT NULL,
    "order" INTEGER NOT NULL,
    round   INTEGER NOT NULL,
    n       INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    ticket  TEXT    NOT NULL,
    key     TEXT    NOT NULL,
    kind    TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    due     INTEGER NOT NULL,
    PRIMARY KEY (site, family, slot)
) STRICT, WITHOUT ROWID;
CREATE INDEX timer_fire ON timer (site, fire);

CREATE TABLE inbox (
    site    TEXT    NOT NULL,
    key     TEXT    NOT NULL,
    family  TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    command TEXT    NOT NULL,
    done    INTEGER NOT NULL DEFAULT 0,     -- it stays, so that its key is known
    PRIMARY KEY (site, key)
) STRICT;
CREATE INDEX inbox_at ON inbox (site, at, family) WHERE NOT done;
CREATE INDEX inbox_family ON inbox (site, family, at, key) WHERE NOT done;

-- ---- lists ----------------------------------------------------------------------------------------------------------

CREATE TABLE ticket (                       -- index: a ticket as lists show it
    site     TEXT    NOT NULL,
    ticket   TEXT    NOT NULL,
    family   TEXT    NOT NULL,
    category TEXT    NOT NULL,
    state    TEXT    NOT NULL,
    owner    TEXT    NOT NULL,
    assignee TEXT,
    post     TEXT,
    opened   INTEGER NOT NULL,
    closed   INTEGER,
    level    INTEGER NOT NULL,
    due      INTEGER,
    overdue  INTEGER NOT NULL,
    paused   INTEGER NOT NULL,
    silent   INTEGER NOT NULL,
    plan     TEXT    NOT NULL,
    links    TEXT    NOT NULL,
    PRIMARY KEY (site, ticket)
) STRICT, WITHOUT ROWID;
CREATE INDEX ticket_due ON ticket (site, due IS NULL, due, ticket) WHERE closed IS NULL;
CREATE INDEX ticket_opened ON ticket (site, opened DESC, ticket);

CREATE TABLE link (                         -- index: tickets by what they may be found by
    site   TEXT NOT NULL,
    link   TEXT NOT NULL,
    ticket TEXT NOT NULL,
    PRIMARY KEY (site, link, ticket)
) STRICT, WITHOUT ROWID;

-- ---- commands, messages, patterns, marks ----------------------------------------------------------------------------

CREATE TABLE answer (                       -- keyed commands that took effect
    site       TEXT    NOT NULL,
    person     TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    body       TEXT    NOT NULL,
    family     TEXT    NOT NULL,
    step       INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (site, person, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX answer_created ON answer (created_at);

CREATE TABLE message (
    seq    INTEGER PRIMARY KEY,
    site   TEXT    NOT NULL,
    id     TEXT    NOT NULL,
    ticket TEXT    NOT NULL,
    at     INTEGER NOT NULL,
    body   TEXT    NOT NULL,
    UNIQUE (site, id)
) STRICT;

CREATE TABLE membership (                   -- openings that count for a detection, by bucket
    seq       INTEGER PRIMARY KEY,
    site      TEXT    NOT NULL,
    detection TEXT    NOT NULL,
    bucket    TEXT    NOT NULL,
    at        INTEGER NOT NULL,
    ticket    TEXT    NOT NULL,
    differs   TEXT    NOT NULL
) STRICT;
CREATE INDEX membership_bucket ON membership (site, detection, bucket);

CREATE TABLE fired (
    site      TEXT NOT NULL,
    detection TEXT NOT NULL,
    bucket    TEXT NOT NULL,
    ticket    TEXT NOT NULL,
    PRIMARY KEY (site, detection, bucket, ticket)
) STRICT, WITHOUT ROWID;

CREATE TABLE "group" (                      -- the ticket of a detection's group
    site      TEXT NOT NULL,
    detection TEXT NOT NULL,
    first     TEXT NOT NULL,
    ticket    TEXT NOT NULL,
    PRIMARY KEY (site, detection, first)
) STRICT, WITHOUT ROWID;

CREATE TABLE member (
    seq     INTEGER PRIMARY KEY,
    site    TEXT NOT NULL,
    "group" TEXT NOT NULL,
    ticket  TEXT NOT NULL,
    UNIQUE (site, "group", ticket)
) STRICT;

CREATE TABLE mark (
    site TEXT    NOT NULL,
    name TEXT    NOT NULL,
    at   INTEGER NOT NULL,
    PRIMARY KEY (site, name)
) STRICT, WITHOUT ROWID;

-- ---- personal values ------------------------------------------------------------------------------------------------

CREATE TABLE vault (                        -- erasing deletes the row; histories keep the reference
    site      TEXT NOT NULL,
    reference TEXT NOT NULL,
    fact      TEXT NOT NULL,
    value     TEXT NOT NULL,
    PRIMARY KEY (site, reference)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX vault_value ON vault (site, fact, value);
