-- Who lives or works in which unit. All of it is personal: it stands here and in the vault, nowhere else, and goes with
-- the row.

CREATE TABLE customer (
    site  TEXT    NOT NULL,
    line  INTEGER NOT NULL,                 -- its place in the list that was imported
    unit  TEXT    NOT NULL,
    name  TEXT    NOT NULL,
    phone TEXT    NOT NULL,
    note  TEXT    NOT NULL,
    PRIMARY KEY (site, line)
) STRICT, WITHOUT ROWID;
