"""Which families of a file to look at next: those that changed, and all of them in turn, some at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from engine.store.chain import Damage, chain_damages, log_damages
from engine.store.database import Database

#: A family: its site, and its root ticket.
Place: TypeAlias = tuple[str, str]
FIRST: Final = ("", 0)


def last_entry(database: Database) -> int:
    """The place of the newest step in the log of all sites."""
    with database.read() as connection:
        last: int = connection.execute("SELECT ifnull(max(seq), 0) FROM step").fetchone()[0]
    return last


def newest_stamp(database: Database) -> int:
    """The highest instant that anything was given, seconds UTC; 0: nothing was written."""
    stamp: int = database.fetch("SELECT ifnull(max(stamp), 0) FROM site")[0][0]
    return stamp


def changed_since(database: Database, entry: int, most: int) -> tuple[Sequence[Place], int]:
    """The families of the next `most` steps after an entry of the log, each once, and the last entry among them."""
    with database.read() as connection:
        rows = connection.execute(_CHANGED, (entry, most)).fetchall()
    return list(dict.fromkeys((site, family) for _, site, family in rows)), rows[-1][0] if rows else entry


def open_families(database: Database, after: tuple[str, int], most: int) -> tuple[Sequence[Place], tuple[str, int]]:
    """The next `most` open families, by site and opening, and after what the next ones come: `FIRST` after the last."""
    with database.read() as connection:
        rows = connection.execute(_OPEN, (*after, most)).fetchall()
    return [(site, id) for site, id, _ in rows], (rows[-1][0], rows[-1][2]) if len(rows) == most else FIRST


def overdue_families(database: Database, until: int, most: int) -> Sequence[tuple[str, str, int]]:
    """Families with a timer in the index that should have been applied by then, and its instant; earliest first."""
    with database.read() as connection:
        return connection.execute(_OVERDUE, (until, most)).fetchall()


def verified(database: Database, after: Place, most: int) -> tuple[Sequence[Place], Sequence[Damage], Place]:
    """The next `most` families by site and id, what in them is not as it was written, and after which the next ones
    come; with the last ones (`("", "")` comes next) also what is wrong in all that is no family's.

    So a file is verified little by little, while it is written to.
    """
    with database.read() as connection:
        connection.execute("BEGIN")
        try:
            families = connection.execute(_FAMILIES, (*after, most)).fetchall()
            found = [damage for place in families for damage in chain_damages(connection, *place)]
            whole = len(families) < most
            if whole:
                found += log_damages(connection)
        finally:
            connection.execute("ROLLBACK")
    return families, found, ("", "") if whole else families[-1]


_CHANGED: Final = "SELECT seq, site, family FROM step WHERE seq > ? ORDER BY seq LIMIT ?"
_OPEN: Final = """
SELECT site, id, opened FROM family WHERE open AND (site, opened) > (?, ?) ORDER BY site, opened LIMIT ?
"""
_FAMILIES: Final = "SELECT site, id FROM family WHERE (site, id) > (?, ?) ORDER BY site, id LIMIT ?"
_OVERDUE: Final = """
SELECT timer.site, family, min(fire) FROM site CROSS JOIN timer ON timer.site = site.name AND fire <= ?
GROUP BY timer.site, family ORDER BY min(fire) LIMIT ?
"""
