"""Indexes that other indexes tell: whether they agree, found by SQL alone and for all sites at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from engine.store.database import Database


def disagreements(database: Database) -> Iterator[tuple[str, str, str]]:
    """Site, family or ticket, and which index of it is not what the rows of tickets and families say."""
    with database.read() as connection:
        for name, (kept, told) in _INDEXES.items():
            for site, key in connection.execute(_DIFFERENCE.format(kept=kept, told=told)):
                yield site, key, name


_DIFFERENCE: Final = """
SELECT DISTINCT site, key FROM (
    SELECT * FROM ({kept} EXCEPT {told}) UNION ALL SELECT * FROM ({told} EXCEPT {kept})
)
"""
#: What an index has, and what it should have: site, key, and what is said of it.
_INDEXES: Final = {
    "open": (
        "SELECT site, id AS key, open FROM family",
        "SELECT site, family AS key, max(closed IS NULL) FROM ticket GROUP BY site, family",
    ),
    "part": (
        "SELECT site, ticket AS key, family FROM part",
        "SELECT site, ticket AS key, family FROM ticket WHERE ticket <> family",
    ),
    "link": (
        "SELECT site, ticket AS key, link FROM link",
        "SELECT site, ticket AS key, value FROM ticket, json_each(iif(json_valid(links), links, '[]'))",
    ),
    "timer": (
        "SELECT site, family AS key FROM timer",
        "SELECT site, family AS key FROM timer WHERE (site, family) IN (SELECT site, id FROM family)",
    ),
}
