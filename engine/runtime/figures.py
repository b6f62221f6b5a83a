"""Figures and reports of a site: which histories they are found from, and what they come to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.core import FigureValue, History, Period, Plan, Rule, looked_at, looked_at_by, measure, replay
from engine.core import report as compute_report
from engine.core.plan import Figure
from engine.runtime.duties import ROLLOUT
from engine.runtime.site import Site
from engine.store import StoreError

if TYPE_CHECKING:
    from engine.store import Past


class Histories(NamedTuple):
    """What figures are found from, and the families that are missing in it: they cannot be read."""

    read: Sequence[History]
    unread: tuple[str, ...]


class Measured(NamedTuple):
    """Figures, in the order in which they were asked, and the families that they lack."""

    values: tuple[FigureValue, ...]
    unread: tuple[str, ...]


def measured(
    site: Site, store: Past, plan: Plan, asked: Sequence[tuple[Figure, Period]], as_of: int, before: int
) -> Measured:
    """Figures of periods, as known at an instant, from what had happened before another; both in seconds UTC."""
    during = {period for figure, one in asked for period in looked_at(plan, figure, one)}
    found, outside, on_duty = histories(store, before, during), imported(store), site.roster.times_on_duty
    values = (measure(plan, figure, found.read, period, as_of, on_duty, outside) for figure, period in asked)
    return Measured(tuple(values), found.unread)


def histories(store: Past, before: int, during: Collection[Period] | None = None) -> Histories:
    """What was known of every family just before an instant: a report made late is the same report. With `during`, of
    every family in which a figure that looks at these periods could find something.
    """
    found: list[History] = []
    unread: list[str] = []
    for id in store.roots(during):
        try:
            family, steps = store.load(id), store.steps(id)
        except StoreError:
            store.site_events("imported")  # raises where the trouble is the store's, not the family's
            unread.append(id)
            continue
        assert family is not None
        if family.at >= before:
            steps = tuple(step for step in steps if step.at < before)
            family = replay(steps) if steps else family
        if steps:
            found.append(History(family, steps))
    return Histories(found, tuple(unread))


def imported(store: Past) -> Mapping[tuple[str, Period], Fraction]:
    """What was imported, the latest value of each source and period."""
    events = store.site_events("imported")
    return {(event.data["source"], Period(*event.data["period"])): event.data["value"] for event in events}


# ---- reports ---------------------------------------------------------------------------------------------------------


class Reported(NamedTuple):
    """What the site's stream says of a report."""

    rule: Rule
    data: Mapping[str, Any]


def report(site: Site, store: Past, id: str, at: int) -> Reported | None:
    """A report that falls due, or the comparison at the end of a pilot, from what had happened before `at`. None: the
    plan does not have it any more.
    """
    made = _of_rollout(site, store, at) if id == ROLLOUT else _of_plan(site, store, id, at)
    return made and made._replace(data={"report": id, **made.data})


def _of_plan(site: Site, store: Past, id: str, at: int) -> Reported | None:
    plan = site.plan_at(at)
    if id not in plan.reports:
        return None
    asked = replace(plan.reports[id], by=())  # its parts are for who reads them, and are not recorded
    known = histories(store, at, looked_at_by(plan, asked, at))
    value = compute_report(plan, asked, known.read, at, roster=site.roster.times_on_duty, outside=imported(store))
    data = {
        "to": [party.name for party in asked.to],
        "figures": {line.figure.figure: line.figure.value for line in value.lines},
        "weakest": value.weakest,
        **_lacking(known.unread),
    }
    return Reported(_carrying(asked.rule, (line.figure.rule for line in value.lines)), data)


def _of_rollout(site: Site, store: Past, at: int) -> Reported | None:
    """The figures of the pilot beside those of as long a time before it."""
    plan, rollout = site.plan, site.plan.rollout
    if rollout is None or rollout.pilot_from is None:
        return None
    begin = int(datetime.combine(rollout.pilot_from, time(), site.zone).timestamp())
    periods = {"before": Period(begin - (at - begin), begin), "pilot": Period(begin, at)}
    names = [(name, when) for name in rollout.compare for when in periods]
    found = measured(site, store, plan, [(plan.figures[name], periods[when]) for name, when in names], at, at)
    figures = {f"{name} {when}": one.value for (name, when), one in zip(names, found.values, strict=True)}
    rule = _carrying(rollout.rule, (plan.figures[name].rule for name in rollout.compare))
    return Reported(rule, {"to": [], "figures": figures, **_lacking(found.unread)})


def _lacking(unread: tuple[str, ...]) -> Mapping[str, Any]:
    return {"unread": unread} if unread else {}


def _carrying(rule: Rule, others: Iterable[Rule]) -> Rule:
    """The rule with the ids of the figures that were computed for it."""
    sources = (id for other in others for id in other.sources)
    return Rule(rule.path, tuple(dict.fromkeys((*rule.sources, *sources))))
