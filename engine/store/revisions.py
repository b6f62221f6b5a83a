"""The policies that sites ran by: every version that was applied, with the texts of its layers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from sqlite3 import Connection
from typing import Final, NamedTuple

from engine.store.chain import hash_of
from engine.store.database import Database
from engine.store.protocol import StoreError


class Revision(NamedTuple):
    """A policy as it was applied to a site. `texts`: its layers as they are written down, read by `files`; `hash`: of
    all before it.
    """

    site: str
    number: int
    version: str
    at: int
    by: str
    why: str
    texts: bytes
    hash: bytes

    @staticmethod
    def of(site: str, number: int, version: str, at: int, by: str, why: str, files: Mapping[str, str]) -> Revision:
        """A new one. `files`: name of each layer -> its text, bases first, its own last."""
        columns = (site, number, version, at, by, why, json.dumps(files, ensure_ascii=False).encode())
        return Revision(*columns, hash_of(*columns))

    @property
    def is_whole(self) -> bool:
        """Whether it is what was written."""
        return hash_of(*self[:-1]) == self.hash

    @property
    def files(self) -> Mapping[str, str]:
        """Name of each layer -> its text, bases first, its own last. Raises StoreError: they are not as they were."""
        if not self.is_whole:
            raise StoreError(
                f"revision {self.number} of {self.site} is damaged", f"{self.site} 的第 {self.number} 版策略已损坏"
            )
        files: Mapping[str, str] = json.loads(self.texts)
        return files


COLUMNS: Final = "site, number, version, at, by, why, CAST(files AS BLOB), hash"
_ADD: Final = "INSERT INTO revision VALUES (?, ?, ?, ?, ?, ?, CAST(? AS TEXT), ?)"


def add_revision(database: Database, revision: Revision) -> None:
    """Write down that a policy was applied. Raises StoreError when another one was applied meanwhile."""
    highest = "SELECT coalesce(max(number), 0) FROM revision WHERE site = ?"

    def add(connection: Connection) -> None:
        if connection.execute(highest, (revision.site,)).fetchone()[0] != revision.number - 1:
            raise StoreError(
                f"another policy was applied to {revision.site} meanwhile", f"其间已有另一份策略应用于 {revision.site}"
            )
        connection.execute(_ADD, revision)

    database.write(add)


def revisions_of(database: Database, site: str) -> tuple[Revision, ...]:
    """All that were applied to a site, in order."""
    rows = database.fetch(f"SELECT {COLUMNS} FROM revision WHERE site = ? ORDER BY number", (site,))
    return tuple(map(Revision._make, rows))


def revision_of(database: Database, site: str, number: int) -> Revision | None:
    """One that was applied to a site."""
    rows = database.fetch(f"SELECT {COLUMNS} FROM revision WHERE site = ? AND number = ?", (site, number))
    return Revision._make(rows[0]) if rows else None
