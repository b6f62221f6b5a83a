"""The figures of sites as known now, found once for all who ask, and as they were known before: nothing else reads so
many histories.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import Final, NamedTuple

from engine.core import FigureValue, Period, Plan, period_of
from engine.policy import Words
from engine.runtime import Engine, Service, Site, import_value, measured, read_number, sources_of
from engine.server.problems import SENTENCES
from engine.store import Past

#: Seconds for which what was found is good while nothing happens at the site: what still waits only waits longer.
GOOD_FOR: Final = 60
#: Choices of periods of a site that are remembered.
KEPT: Final = 32


class Known(NamedTuple):
    """The figures of a plan, in its order, as known at an instant (seconds UTC), and the tickets that they lack: their
    histories cannot be read.
    """

    plan: Plan
    as_of: int
    values: tuple[FigureValue, ...]
    unread: tuple[str, ...]


@dataclass(slots=True)
class _Shelf:
    """What was found of one site since its last change, and of its past. `gate`: who asks for the same meanwhile waits,
    and finds it.
    """

    gate: Lock = field(default_factory=Lock)
    changes: object = None
    found: dict[tuple[Period, ...], Known] = field(default_factory=dict)
    past: dict[tuple[int, tuple[Period, ...]], Known] = field(default_factory=dict)  # of instants that are over
    unread: tuple[str, ...] = ()


class Figures:
    """The figures of all sites of a daemon."""

    def __init__(self) -> None:
        self._shelves: dict[str, _Shelf] = {}

    def of(self, service: Service, within: int, now: int) -> Known:
        """Each figure of the plan, of its own period (day, week, month …) in which the instant `within` lies. It is
        known as of now, or of up to a minute ago if nothing has happened since.
        """
        shelf = self._shelves.setdefault(service.site.plan.id, _Shelf())
        with shelf.gate:
            # read first: whatever is written meanwhile is too much in what is found, never too little
            changes, plan = service.changes, service.site.plan
            if shelf.changes is not changes or len(shelf.found) >= KEPT:
                shelf.changes, shelf.found = changes, {}
            periods = _periods(plan, within)
            known = shelf.found.get(periods)
            if known is None or not 0 <= now - known.as_of < GOOD_FOR:
                known = shelf.found[periods] = _found(service.site, service.store, plan, periods, now)
                shelf.unread = known.unread
            return known

    def as_known_at(self, engine: Engine, name: str, within: int, at: int) -> Known | None:
        """What `of` found of a site at an instant that is over: by the plan, the people and the days of then, from what
        was recorded by then. None: the site did not run yet. Raises StoreError: what it ran by cannot be read.
        """
        shelf = self._shelves.setdefault(name, _Shelf())
        with shelf.gate:
            then = engine.as_known_at(name, at)
            if then is None:
                return None
            plan = then[0].plan
            periods = _periods(plan, within)
            known = shelf.past.get((at, periods)) or _found(*then, plan, periods, at)
            if at < engine.clock() and not known.unread:  # nothing more is recorded by then, or mended
                if len(shelf.past) >= KEPT:
                    shelf.past.clear()
                shelf.past[at, periods] = known
            return known

    def unread(self) -> dict[str, int]:
        """How many tickets the figures lacked that were found last, by site."""
        return {site: len(shelf.unread) for site, shelf in list(self._shelves.items())}


def bring(service: Service, at: int, source: str, text: str, within: int) -> Words | None:
    """A value from elsewhere, of the periods in which the instant `within` lies. Words: what is wrong with it."""
    value = read_number(text.strip())
    if value is None:
        return SENTENCES["no_number"]
    if within > at:
        return SENTENCES["not_yet"]
    refusal = import_value(service, at, source, value, within)
    if refusal is None:
        return None
    return Words(*refusal.why) if refusal.why else _no_source(service.site.plan)


def _no_source(plan: Plan) -> Words:
    return SENTENCES["no_source"].format(known=", ".join(sources_of(plan)) or "-")


def _periods(plan: Plan, within: int) -> tuple[Period, ...]:
    return tuple(period_of(figure.per, within, plan.timezone) for figure in plan.figures.values())


def _found(site: Site, past: Past, plan: Plan, periods: tuple[Period, ...], at: int) -> Known:
    asked = list(zip(plan.figures.values(), periods, strict=True))
    return Known(plan, at, *measured(site, past, plan, asked, at, at + 1))
