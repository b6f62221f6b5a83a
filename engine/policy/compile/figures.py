"""Figures, reports and rollout."""

from __future__ import annotations

from fractions import Fraction

from engine.core import reads
from engine.core.plan import (
    AverageFact,
    AverageWait,
    Category,
    Count,
    Duty,
    Figure,
    Load,
    Measure,
    OnTime,
    Outside,
    Report,
    Rollout,
    Share,
    Target,
)
from engine.policy.compile.clocks import categories_of
from engine.policy.compile.conditions import condition
from engine.policy.compile.desk import Desk
from engine.policy.compile.duties import recurrence
from engine.policy.compile.flow import Moments
from engine.policy.schema import figures as text
from engine.policy.schema.forms import TargetText
from engine.policy.shapes import Path
from engine.policy.words import Words

#: What a report may be split by beside facts.
SPLITS = ("role", "place", "assignee", "owner")


def figures(
    desk: Desk, moments: Moments, categories: dict[str, Category], duties: dict[str, Duty]
) -> dict[str, Figure]:
    found = {}
    for id, figure in (desk.policy.figures or {}).items():
        path: Path = ("figures", id)
        of = _of(desk, (*path, "of"), figure.of, categories, duties)
        measure = _measure(desk, moments, path, figure)
        if figure.each is not None:
            _check_each(desk, (*path, "each"), figure.each)
        if measure is not None:
            found[id] = Figure(
                id=id,
                title=figure.title or id,
                of=of,
                measure=measure,
                rule=desk.rule(path),
                per=figure.per or "month",  # type: ignore[arg-type]
                target=_target(figure.target) if figure.target else None,
                each=figure.each,
                against=figure.against,  # type: ignore[arg-type]
            )
    return found


def _of(
    desk: Desk, path: Path, names: tuple[str, ...] | None, categories: dict[str, Category], duties: dict[str, Duty]
) -> frozenset[str]:
    """Categories, and the categories of duties."""
    named = categories_of(desk, path, names, categories, *desk.ids("duties"))
    return frozenset(duties[name].category if name in duties and name not in categories else name for name in named)


def _measure(desk: Desk, moments: Moments, path: Path, figure: text.Figure) -> Measure | None:
    given = [key for key in text.MEASURES if getattr(figure, key) is not None]
    if len(given) != 1:
        if not desk.doubts(*path):
            desk.add(desk.say("E502", path, key=True, figure=path[-1], keys=", ".join(given) or "–"))
        desk.doubt(path)
        return None
    at: Path = (*path, given[0])
    match given[0]:
        case "on_time":
            deadline = desk.resolve("deadlines", at, figure.on_time or "", moments.deadlines)
            return None if deadline is None else OnTime(deadline)
        case "share":
            asked = condition(desk, at, figure.share or {})
            return None if asked is None else Share(asked, "outcome" in set(reads(asked)))
        case "average":
            return _average(desk, moments, at, figure.average)
        case "count":
            return _count(desk, moments, at, figure.count or ())
        case "load":
            return Load(desk.many("roles", at, figure.load))
    return Outside(figure.outside or "")


def _average(desk: Desk, moments: Moments, at: Path, average: text.Average | None) -> Measure | None:
    assert average is not None
    if average.fact is not None:
        fact = desk.one("facts", at, average.fact)
        kind = (desk.policy.facts or {}).get(fact or "")
        if kind is not None and kind.type not in ("number", "score"):
            desk.add(desk.say("E501", at, fact=fact))
            desk.doubt(at)
        return None if fact is None else AverageFact(fact)
    if average.from_ is None or average.until is None:
        desk.add(desk.say("E103", at, wanted=Words("a fact, or {from, until}", "一个事实，或 {from, until}")))
        return None
    start = moments.happenings_of((*at, "from"), average.from_, times=True)
    return AverageWait(start, moments.happenings_of((*at, "until"), average.until))


def _count(desk: Desk, moments: Moments, at: Path, names: tuple[str, ...]) -> Count:
    happenings, found, still_open = set(), set(), False
    for index, name in enumerate(names):
        if name == "open":
            still_open = True
        elif name in desk.ids("detections"):
            found.add(name)
        elif (moment := moments.happening((*at, index), name)) is not None:
            happenings.add(moment)
    return Count(frozenset(happenings), frozenset(found), still_open)


def _check_each(desk: Desk, path: Path, each: tuple[int, str, str | None]) -> None:
    if each[2] is not None:
        desk.one("roles", path, each[2])
    elif each[1] != "person":
        desk.number(path, each[1])


def _target(target: TargetText) -> Target:
    value = target.value
    if target.length is not None:
        value = Fraction(target.length.amount)
    return Target(target.kind, value, target.text)  # type: ignore[arg-type]


def reports(desk: Desk) -> dict[str, Report]:
    found = {}
    for id, report in (desk.policy.reports or {}).items():
        path: Path = ("reports", id)
        every = recurrence(desk, path, report.every, report.on) if report.every else None
        to = desk.parties((*path, "to"), report.to)
        by = desk.facts((*path, "by"), report.by, *SPLITS)
        wanted = desk.many("figures", (*path, "figures"), report.figures)
        if every is not None:
            calendar = desk.policy.calendar or "always"
            found[id] = Report(
                id, report.title or id, every, to, wanted, desk.rule(path), by, bool(report.lowest), calendar
            )
    return found


def rollout(desk: Desk) -> Rollout | None:
    rollout = desk.policy.rollout
    if rollout is None:
        return None
    path: Path = ("rollout",)
    pilot, everywhere = rollout.pilot, rollout.all_
    return Rollout(
        rule=desk.rule(path),
        pilot_sites=(pilot.sites or ()) if pilot else (),
        pilot_from=pilot.from_ if pilot else None,
        pilot_until=pilot.until if pilot else None,
        all_from=everywhere.from_ if everywhere else None,
        compare=desk.many("figures", (*path, "compare"), rollout.compare),
    )
