-- What each site's policy was: the texts of all its layers, as they were applied. Tickets stay pinned to a version, so
-- none is deleted.

CREATE TABLE revision (
    site    TEXT    NOT NULL,
    number  INTEGER NOT NULL,               -- of the site, from 1
    version TEXT    NOT NULL,               -- hash of the merged content, as tickets carry it
    at      INTEGER NOT NULL,
    by      TEXT    NOT NULL,               -- who applied it
    why     TEXT    NOT NULL,
    files   TEXT    NOT NULL,               -- JSON: name of each layer -> its text, the site's own last
    PRIMARY KEY (site, number)
) STRICT, WITHOUT ROWID;
