"""The past as it was known: what was written down until an instant, and nothing that came to be known later."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Final, Protocol

from engine.core import Family, Period, Step
from engine.store.database import Database
from engine.store.protocol import SiteEvent
from engine.store.sqlite import SqliteStore


class Past(Protocol):
    """What figures are found from. Any Reader is one, as of its last commit."""

    def load(self, ticket: str) -> Family | None: ...

    def steps(self, family: str) -> tuple[Step, ...]: ...

    def roots(self, during: Collection[Period] | None = None) -> Sequence[str]: ...

    def site_events(self, kind: str | None = None, key: str | None = None) -> Sequence[SiteEvent]: ...

    def site_events_of(self, kinds: Collection[str]) -> Sequence[SiteEvent]: ...


def as_known_at(database: Database, site: str, at: int) -> Past:
    """What was known of a site when the second `at` (UTC) was over: of each family the first steps, recorded by then;
    of the site's stream the events until then, since what figures read there is written down at its instant.
    """
    return _AsKnownAt(database, site, at)


class _AsKnownAt(SqliteStore):
    def __init__(self, database: Database, site: str, at: int) -> None:
        super().__init__(database, site)
        self._at = at

    def _head(self, ticket: str) -> tuple[str, int, bytes] | None:
        found: tuple[str, int, bytes] | None = self._one(_HEAD, (self.name, ticket, self._at))
        return found

    def roots(self, during: Collection[Period] | None = None) -> Sequence[str]:
        periods = json.dumps(list(during)) if during is not None else None
        return [id for (id,) in self._all(_ROOTS, (self.name, periods, self._at))]

    def site_events(self, kind: str | None = None, key: str | None = None) -> Sequence[SiteEvent]:
        return [event for event in super().site_events(kind, key) if event.at <= self._at]

    def site_events_of(self, kinds: Collection[str]) -> Sequence[SiteEvent]:
        return [event for event in super().site_events_of(kinds) if event.at <= self._at]


_HEAD: Final = """
SELECT family, number, hash FROM step
WHERE site = ?1 AND family = ifnull((SELECT family FROM part WHERE site = ?1 AND ticket = ?2), ?2) AND recorded_at <= ?3
ORDER BY number DESC LIMIT 1
"""
#: Those that were there. A span is of all that is known by now: it leaves out no family that went on since.
_ROOTS: Final = """
SELECT id FROM family
JOIN step AS first ON first.site = family.site AND first.family = family.id AND first.number = 1
JOIN step AS last ON last.site = family.site AND last.family = family.id AND last.number = family.steps
LEFT JOIN span ON span.site = family.site AND span.family = family.id AND span.steps = family.steps
WHERE family.site = ?1 AND first.recorded_at <= ?3 AND (
    ?2 IS NULL
    OR span.steps IS NULL
    OR last.recorded_at > ?3
    OR EXISTS (
        SELECT 1 FROM json_each(?2) WHERE start < json_extract(value, '$[1]') AND "end" > json_extract(value, '$[0]')
    )
    OR id = (
        SELECT ticket.family FROM ticket JOIN step USING (site, family)
        WHERE ticket.site = ?1 AND step.number = 1 AND step.recorded_at <= ?3 ORDER BY ticket.opened LIMIT 1
    )
)
ORDER BY opened
"""
