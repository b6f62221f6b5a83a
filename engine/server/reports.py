"""The reports that fell due at a site, each as it was made: its figures stand in the site's stream."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from engine.core import Plan, Rule, unit_of
from engine.runtime import Service
from engine.store import SiteEvent


class Number(NamedTuple):
    """A figure of a report. `of`: the time that it is of, where a pilot is compared with the time before it."""

    id: str
    title: str
    of: str
    unit: str
    value: Fraction | None


class Made(NamedTuple):
    """A report made at `at` (seconds UTC). `number`: its place among all; `unread`: how many tickets it lacks."""

    number: int
    at: int
    plan: Plan
    id: str
    title: str
    to: tuple[str, ...]
    figures: tuple[Number, ...]
    weakest: str | None
    unread: int
    rule: Rule


def made_reports(service: Service, before: int | None, limit: int, until: int | None = None) -> list[Made]:
    """The newest ones first, of those `before` a number and made by the instant `until`."""
    events = enumerate(service.store.site_events("reported")[: before and before - 1], 1)
    known = [(number, event) for number, event in events if until is None or event.at <= until]
    return [_made(service, number, event) for number, event in reversed(known[-limit:])]


def _made(service: Service, number: int, event: SiteEvent) -> Made:
    data, site = event.data, service.site
    plan = site.plan_at(event.at)
    known = plan.reports.get(data["report"])
    return Made(
        number,
        event.at,
        plan,
        data["report"],
        known.title if known is not None else data["report"],
        tuple(data["to"]),
        tuple(_numbers(plan, data["figures"])),
        data.get("weakest"),
        len(data.get("unread", ())),
        event.rule,
    )


def _numbers(plan: Plan, figures: dict[str, Fraction | None]) -> Iterator[Number]:
    """By the plan in force then; of a figure that it does not have the id says enough."""
    for name, value in figures.items():
        id, _, of = name.partition(" ")
        figure = plan.figures.get(id)
        yield Number(
            id,
            figure.title if figure is not None else id,
            of,
            unit_of(plan, figure) if figure is not None else "number",
            value,
        )
