"""The policies that sites ran by: every version that was applied, with the texts of its layers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from sqlite3 import Connection
from typing import NamedTuple

from engine.store.database import Database
from engine.store.protocol import StoreError


class Revision(NamedTuple):
    """A policy as it was applied to a site. `files`: name of each layer -> its text, bases first, its own last."""

    site: str
    number: int
    version: str
    at: int
    by: str
    why: str
    files: Mapping[str, str]


def add_revision(database: Database, revision: Revision) -> None:
    """Write down that a policy was applied. Raises StoreError when another one was applied meanwhile."""
    values = (*revision[:-1], json.dumps(revision.files, ensure_ascii=False))
    highest = "SELECT coalesce(max(number), 0) FROM revision WHERE site = ?"

    def add(connection: Connection) -> None:
        if connection.execute(highest, (revision.site,)).fetchone()[0] != revision.number - 1:
            raise StoreError(f"another policy was applied to {revision.site} meanwhile")
        connection.execute("INSERT INTO revision VALUES (?, ?, ?, ?, ?, ?, ?)", values)

    database.write(add)


def revisions_of(database: Database, site: str) -> tuple[Revision, ...]:
    """All that were applied to a site, in order. Raises StoreError: one cannot be read."""
    with database.read() as connection:
        rows = connection.execute("SELECT * FROM revision WHERE site = ? ORDER BY number", (site,)).fetchall()
    return tuple(Revision._make((*row[:-1], _files(row[-1], site))) for row in rows)


def _files(text: str, site: str) -> Mapping[str, str]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise StoreError(f"a policy that was applied to {site} is damaged")
    return found
