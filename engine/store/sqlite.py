"""The store of one site in a SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, TypeVar

from engine.store.protocol import Transaction
from engine.store.reads import Reads, Values
from engine.store.transaction import SqliteTransaction

if TYPE_CHECKING:
    from engine.store.database import Database

T = TypeVar("T")


class SqliteStore(Reads):
    """Reads see the last commit, each on a connection of its own for as long as it takes."""

    def __init__(self, database: Database, site: str) -> None:
        super().__init__(site, database.families)
        self._database = database

    def write(self, work: Callable[[Transaction], T]) -> T:
        def run(connection: sqlite3.Connection) -> T:
            database = self._database
            tx = SqliteTransaction(connection, self.name, self._cache, database.clock, database.forget)
            try:
                return work(tx)
            finally:
                tx.close()

        return self._database.write(run)

    def _all(self, sql: str, values: Values) -> list[Any]:
        return self._database.fetch(sql, values)

    def _each(self, sql: str, values: Values) -> Generator[Any, None, None]:
        with self._database.read() as connection:
            yield from connection.execute(sql, values)
