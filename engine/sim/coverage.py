"""Which rules of the source plans a run of scenarios showed: derived from what happened, never from what a file
claims.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from engine.core import History, Plan, findings, liable, notices
from engine.core import events as e
from engine.sim.player import Performance


class Shown(NamedTuple):
    """A rule id: the element that carries it (`file:line`), and the scenarios in which an event of it stands."""

    element: str
    scenarios: tuple[str, ...]


def coverage(performances: Iterable[tuple[Path, Performance]]) -> Mapping[str, Shown]:
    """rule id -> where it is written and where it was shown; ids that no scenario showed have an empty list."""
    shown: dict[str, set[str]] = {}
    elements: dict[str, str] = {}
    for path, performance in performances:
        for id, element in _written(performance.plan).items():
            elements.setdefault(id, element)
        for id in set(carried(performance)):
            shown.setdefault(id, set()).add(path.as_posix())
    return {id: Shown(elements[id], tuple(sorted(shown.get(id, ())))) for id in sorted(elements)}


def carried(performance: Performance) -> Iterator[str]:
    """Every rule id that an event, a message, a finding, a figure or the site's stream of this run carries."""
    service = performance.service
    for plan, family, step in performance.log:
        history = History(family, service.store.steps(family.id))
        for event in step.events:
            yield from event.rule.sources
            ticket = family.tickets[event.ticket]
            if isinstance(event, e.FactsSet):
                for change in event.changes:
                    yield from change.rule.sources
            for finding in findings(plan, ticket, event):
                found = liable(plan, history, ticket, finding, service.site.roster.holds_post)
                if found is not None:
                    yield from found.rule.sources
        for message in notices(plan, family, step):
            if not message.withheld:
                for cause in message.causes:
                    yield from cause.rule.sources
                if plan.messaging is not None:
                    yield from plan.messaging.rule.sources
    for happened in service.store.site_events():
        yield from happened.rule.sources
    for figure in performance.scenario.last.figures:
        known = performance.plan.figures.get(figure)
        if known is not None:
            yield from known.rule.sources


def _written(plan: Plan) -> Mapping[str, str]:
    """rule id -> the first element of the plan that names it."""
    return {
        id: f"{place.file}:{place.line}" for path, place in plan.places.items() for id in plan.sources.get(path, ())
    }
