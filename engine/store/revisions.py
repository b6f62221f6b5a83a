"""The policies that sites ran by: every version that was applied, with the texts of its layers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from sqlite3 import Connection
from typing import NamedTuple

from engine.store.database import Database
from engine.store.protocol import StoreError


class Revision(NamedTuple):
    """A policy as it was applied to a site. `texts`: its layers as they are written down, read by `files`."""

    site: str
    number: int
    version: str
    at: int
    by: str
    why: str
    texts: str

    @property
    def files(self) -> Mapping[str, str]:
        """Name of each layer -> its text, bases first, its own last. Raises StoreError: they cannot be read."""
        try:
            found = json.loads(self.texts)
        except (ValueError, TypeError):
            found = None
        if not isinstance(found, dict):
            raise StoreError(f"revision {self.number} of {self.site} is damaged")
        return found

    @staticmethod
    def texts_of(files: Mapping[str, str]) -> str:
        """Layers as they are written down."""
        return json.dumps(files, ensure_ascii=False)


def add_revision(database: Database, revision: Revision) -> None:
    """Write down that a policy was applied. Raises StoreError when another one was applied meanwhile."""
    highest = "SELECT coalesce(max(number), 0) FROM revision WHERE site = ?"

    def add(connection: Connection) -> None:
        if connection.execute(highest, (revision.site,)).fetchone()[0] != revision.number - 1:
            raise StoreError(f"another policy was applied to {revision.site} meanwhile")
        connection.execute("INSERT INTO revision VALUES (?, ?, ?, ?, ?, ?, ?)", revision)

    database.write(add)


def revisions_of(database: Database, site: str) -> tuple[Revision, ...]:
    """All that were applied to a site, in order."""
    rows = database.fetch("SELECT * FROM revision WHERE site = ? ORDER BY number", (site,))
    return tuple(map(Revision._make, rows))


def revision_of(database: Database, site: str, number: int) -> Revision | None:
    """One that was applied to a site."""
    rows = database.fetch("SELECT * FROM revision WHERE site = ? AND number = ?", (site, number))
    return Revision._make(rows[0]) if rows else None
