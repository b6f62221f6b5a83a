"""Deleting many rows, a few at a time: whoever writes meanwhile waits for a few only."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from sqlite3 import Connection
from typing import Final

from engine.store.database import Database

#: Rows that one transaction looks at or deletes.
SLICE: Final = 200


def delete(database: Database, table: str, key: str, where: str, *values: int) -> Iterator[int]:
    """Delete the rows of a table for which a condition holds; each step is a transaction and says how many went. Who
    stops half-way goes on another day.
    """
    sql = f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {where} LIMIT {SLICE})"
    count = SLICE
    while count == SLICE:
        count = database.write(partial(_deleted, sql=sql, values=values))
        yield count


def forget_answers(database: Database, before: int) -> Iterator[int]:
    """Delete what is remembered of keyed commands that were done before an instant."""
    return delete(database, "answer", "site, person, key", "created_at < ?", before)


def forget_looks(database: Database, before: int) -> Iterator[int]:
    """Delete the entries of the access log before an instant."""
    return delete(database, "access_log", "seq", "at < ?", before)


def _deleted(connection: Connection, sql: str, values: tuple[int, ...]) -> int:
    return connection.execute(sql, values).rowcount
