"""Spans: which families a figure need not read, worked out once for each that is over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from engine.core import History, span
from engine.store.database import Database
from engine.store.sqlite import SqliteStore

#: Families read in one step: few, so that nobody waits for long.
BATCH: Final = 20


def note_spans(database: Database, site: str) -> Iterator[None]:
    """Write down the spans of all families that are over and have none yet; each step is a transaction. One that cannot
    be read has none: it is read, and tells what is wrong with it, whenever a figure is asked for.
    """
    store, after = SqliteStore(database, site), ""
    while families := [id for (id,) in database.fetch(_UNKNOWN, (site, after, BATCH))]:
        after = families[-1]
        found = [row for family in families if (row := _row(store, site, family)) is not None]
        database.write(lambda connection, found=found: connection.executemany(_NOTE, found))  # type: ignore[misc]
        yield


def wrong_spans(database: Database, site: str) -> Iterator[str]:
    """Families of which something else is noted than their history says."""
    store = SqliteStore(database, site)
    with database.read() as connection:
        for noted in connection.execute(_NOTED, (site,)):
            if _row(store, *noted[:2]) != noted:
                yield noted[1]


def _row(store: SqliteStore, site: str, family: str) -> tuple[str, str, int, int, int] | None:
    try:
        history = History.of(store.steps(family))
    except Exception:  # whatever is wrong with one family keeps no other
        return None
    found = span(history)
    return (site, family, len(history.steps), *found) if found is not None else None


_UNKNOWN: Final = """
SELECT id FROM family LEFT JOIN span ON span.site = family.site AND span.family = family.id
WHERE family.site = ? AND id > ? AND NOT open AND span.steps IS NOT family.steps ORDER BY id LIMIT ?
"""
#: Those that are asked: a row of fewer steps says nothing.
_NOTED: Final = """
SELECT span.* FROM span JOIN family ON family.site = span.site AND family.id = span.family
WHERE span.site = ? AND span.steps = family.steps
"""
_NOTE: Final = "INSERT OR REPLACE INTO span VALUES (?, ?, ?, ?, ?)"
