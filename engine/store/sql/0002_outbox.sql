-- What becomes of messages. Persons stand here by their ids; texts and addresses do not: they are made when a letter is
-- sent. Instants are whole seconds UTC.

CREATE TABLE outbox (                       -- one row for each message that was looked at
    message     INTEGER PRIMARY KEY,        -- its seq: the highest one is how far the looking got
    state       TEXT    NOT NULL,           -- held, released, suppressed, dropped, dead
    reason      TEXT    NOT NULL DEFAULT '',
    look_at     INTEGER,                    -- when a held one is looked at again
    released_at INTEGER
) STRICT;
CREATE INDEX outbox_held ON outbox (look_at) WHERE look_at IS NOT NULL;

CREATE TABLE climbed (                      -- the rungs that messages speak of
    site        TEXT    NOT NULL,
    ticket      TEXT    NOT NULL,
    run         TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    message     INTEGER NOT NULL,
    rung        TEXT    NOT NULL,
    repeats     INTEGER NOT NULL,           -- whether it repeats its rung
    address     TEXT    NOT NULL,
    stands_till INTEGER NOT NULL,           -- `at`, or that of the last repeat dropped because this one still waited
    PRIMARY KEY (site, ticket, run, at, message, rung)
) STRICT, WITHOUT ROWID;
CREATE INDEX climbed_message ON climbed (message);

CREATE TABLE delivery (                     -- a message, a person, a channel
    seq         INTEGER PRIMARY KEY,
    id          TEXT    NOT NULL UNIQUE,    -- the same however often it is derived
    kind        TEXT    NOT NULL,           -- message; digest (of those merged into it); daily (silent tickets)
    site        TEXT    NOT NULL,
    message     INTEGER,                    -- its seq, of a message
    ticket      TEXT    NOT NULL,
    at          INTEGER NOT NULL,           -- the instant it tells of
    person      TEXT    NOT NULL,
    role        TEXT    NOT NULL,           -- as whom the person is told
    mailbox     TEXT    NOT NULL,           -- whose letters are counted, and may be merged
    channel     TEXT    NOT NULL,
    others      TEXT    NOT NULL,           -- channels to be tried after this one, as JSON
    destination TEXT    NOT NULL,
    critical    INTEGER NOT NULL,
    rank        INTEGER NOT NULL,           -- the higher the rung
    state       TEXT    NOT NULL,           -- pending, leased, merged, sent, dead, discarded, suppressed
    next_at     INTEGER,                    -- when it may be taken: pending from here on, leased until here
    made_at     INTEGER NOT NULL,
    "into"      TEXT,                       -- the letter that it is merged into
    attempt     INTEGER NOT NULL DEFAULT 0, -- the fence: each lease has another
    owner       TEXT    NOT NULL DEFAULT '',
    tries       INTEGER NOT NULL DEFAULT 0, -- that failed since it was made or retried by hand
    reason      TEXT    NOT NULL DEFAULT '',
    code        TEXT    NOT NULL DEFAULT '',
    ended_at    INTEGER
) STRICT;
CREATE INDEX delivery_next ON delivery (destination, critical, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX delivery_due ON delivery (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX delivery_digest ON delivery (destination, site, mailbox) WHERE kind = 'digest' AND next_at IS NOT NULL;
CREATE INDEX delivery_message ON delivery (message);
CREATE INDEX delivery_ticket ON delivery (site, ticket, at);
CREATE INDEX delivery_into ON delivery ("into") WHERE "into" IS NOT NULL;
CREATE INDEX delivery_dead ON delivery (seq) WHERE state = 'dead';

CREATE TABLE attempt (                      -- every letter that was handed to a channel, and what came of it
    delivery    INTEGER NOT NULL,
    attempt     INTEGER NOT NULL,
    site        TEXT    NOT NULL,
    mailbox     TEXT    NOT NULL,
    destination TEXT    NOT NULL,
    started_at  INTEGER NOT NULL,
    ended_at    INTEGER,
    outcome     TEXT    NOT NULL DEFAULT '', -- sent, retry, refused, disabled, suppressed, dead, kept, fenced; '': not known
    reason      TEXT    NOT NULL DEFAULT '',
    code        TEXT    NOT NULL DEFAULT '',
    PRIMARY KEY (delivery, attempt)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempt_destination ON attempt (destination, started_at);
CREATE INDEX attempt_mailbox ON attempt (site, mailbox, started_at);

CREATE TABLE destination (                  -- how it stands with a destination
    id         TEXT    NOT NULL PRIMARY KEY,
    kind       TEXT    NOT NULL,
    rate       INTEGER,                     -- letters a minute
    failures   INTEGER NOT NULL DEFAULT 0,  -- in a row
    pauses     INTEGER NOT NULL DEFAULT 0,  -- in a row
    paused_till INTEGER NOT NULL DEFAULT 0,
    disabled   TEXT    NOT NULL DEFAULT ''  -- why nothing is sent there any more
) STRICT, WITHOUT ROWID;

CREATE TABLE digest_day (                   -- days whose daily digest was made
    site TEXT NOT NULL,
    day  TEXT NOT NULL,
    PRIMARY KEY (site, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE finding (                      -- what delivery has to tell the site; gone once it was told
    seq     INTEGER PRIMARY KEY,
    kind    TEXT    NOT NULL,               -- nobody, undeliverable
    site    TEXT    NOT NULL,
    ticket  TEXT    NOT NULL,
    message TEXT    NOT NULL,               -- its id
    who     TEXT    NOT NULL,               -- the role of which nobody is there, or the address
    run     TEXT    NOT NULL,
    rung    TEXT    NOT NULL,
    at      INTEGER NOT NULL
) STRICT;
