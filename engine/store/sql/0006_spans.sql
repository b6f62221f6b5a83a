-- In which stretch of time a family that is over can matter to figures: index. A row of fewer steps than the family has
-- says nothing, nor does one that is missing: then the family is read. Instants are whole seconds UTC.

CREATE TABLE span (
    site   TEXT    NOT NULL,
    family TEXT    NOT NULL,
    steps  INTEGER NOT NULL,                -- how many the family had
    start  INTEGER NOT NULL,
    "end"  INTEGER NOT NULL,                -- the first instant after it
    PRIMARY KEY (site, family)
) STRICT, WITHOUT ROWID;
