"""What the indexes hold of a family against what plan and log make of it, and how they are put in order again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from engine.core import Timer, agenda
from engine.runtime.listing import listed
from engine.runtime.site import Site
from engine.store import Reader, Row, SiteEvent, Transaction


class Index(NamedTuple):
    """What the indexes should hold of a family, and how they differ from that; nothing: they agree."""

    timers: tuple[Timer, ...]
    rows: tuple[Row, ...]
    wrong: Mapping[str, list[str]]


def index_of(site: Site, reader: Reader, family: str) -> Index:
    """What the indexes should hold of a family by plan and log, and where they hold something else.

    Raises StoreError if its history is damaged, or its plan cannot be read any more.
    """
    known = reader.load(family)
    if known is None:
        return Index((), (), {})
    plan = site.version(known.root.plan)
    timers = agenda(plan, known)
    rows = listed(plan, known, timers)
    there = reader.timers(family)
    wrong = {
        "missing": [timer.id for timer in timers if timer not in there],
        "extra": [timer.id for timer in there if timer not in timers],
        "rows": [row.ticket for row in rows if reader.row(row.ticket) != row],
    }
    return Index(timers, rows, {name: found for name, found in wrong.items() if found})


def mend(site: Site, tx: Transaction, family: str, now: int) -> int:
    """Put the indexes of a family in order, where nobody else writes, and say so. How many families were mended."""
    index = index_of(site, tx, family)
    if not index.wrong:
        return 0
    tx.repair(family, index.timers, index.rows)
    data: dict[str, Any] = {"family": family, **index.wrong}
    tx.record(SiteEvent(now, "index_repaired", site.plan.rule, data, family))
    return 1
