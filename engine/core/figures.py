"""Figures: what a plan measures, folded from the histories of many families, and held against its targets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, TypeAlias

from engine.core.cases import Books, History, Imported, books
from engine.core.conditions import Rule
from engine.core.measures import find
from engine.core.periods import Period, compared_with, just_ended, period_of, periods
from engine.core.plan import AverageFact, AverageWait, Figure, Load, OnTime, Outside, Plan, Share, Target
from engine.core.workload import OnDuty

__all__ = [
    "FigureValue",
    "History",
    "Imported",
    "OnDuty",
    "Period",
    "Unit",
    "Verdict",
    "evaluate",
    "just_ended",
    "looked_at",
    "measure",
    "period_of",
    "periods",
    "unit_of",
]

Unit: TypeAlias = Literal["share", "seconds", "number", "score"]
Verdict: TypeAlias = Literal["met", "missed", "unknown"]


@dataclass(frozen=True, slots=True)
class FigureValue:
    """A figure of one period.

    `value` is exact: a share of 1, seconds, a plain number, or a mean score; where it is None, `reason` says why.
    `n` is how many things were counted. `left_out` counts by reason what was not; `marks` counts, among what was, what
    a reader should know. `companions` are shown beside: shares, seconds or numbers, as their names imply.
    `verdict` is that against the target; None where the plan sets none.
    """

    figure: str
    rule: Rule
    period: Period
    value: Fraction | None
    unit: Unit
    n: int
    reason: str = ""
    left_out: Mapping[str, int] = field(default_factory=dict)
    marks: Mapping[str, int] = field(default_factory=dict)
    companions: Mapping[str, Fraction] = field(default_factory=dict)
    verdict: Verdict | None = None


def measure(
    plan: Plan,
    figure: Figure,
    histories: Iterable[History],
    period: Period,
    as_of: int,
    roster: OnDuty | None = None,
    outside: Imported | None = None,
) -> FigureValue:
    """A figure of a period, by verdicts as last known. `as_of` (seconds UTC) is not before any step of the histories.

    What was known on an earlier day is measured by handing in histories cut by when their steps were recorded.
    """
    return evaluate(books(plan, histories, as_of, roster, outside), figure, period)


def evaluate(books: Books, figure: Figure, period: Period) -> FigureValue:
    """The figure with the value it is compared with, and the verdict on it."""
    found = find(books, figure, period)
    value, unit = found.value, unit_of(books.plan, figure)
    companions = dict(found.companions)
    before: Fraction | None = None
    target = figure.target
    if (against := _against(figure)) is not None:
        other = compared_with(figure.per, books.plan.timezone, period, against)
        if books.since is not None and books.since < other.end:
            before = find(books, figure, other).value
        if before is not None:
            companions[against] = before
    return FigureValue(
        figure.id,
        figure.rule,
        period,
        value,
        unit,
        found.n,
        found.reason or ("nothing to count" if value is None else ""),
        {name: count for name, count in found.left_out.items() if count},
        {name: count for name, count in found.marks.items() if count},
        companions,
        _verdict(target, unit, value, before) if target is not None else None,
    )


def _against(figure: Figure) -> Literal["previous", "last year"] | None:
    """What the value is compared with, if it is."""
    target = figure.target
    compares = target is not None and target.kind in ("rising", "falling")
    return figure.against or ("previous" if compares else None)


def looked_at(plan: Plan, figure: Figure, period: Period) -> tuple[Period, ...]:
    """All that a figure of a period is found from: the period, and the one that it is compared with."""
    against = _against(figure)
    return (period,) if against is None else (period, compared_with(figure.per, plan.timezone, period, against))


def unit_of(plan: Plan, figure: Figure) -> Unit:
    """What the value of a figure counts: a share of 1, seconds, a score, or plain numbers."""
    match figure.measure:
        case OnTime() | Share() | Load():
            return "share"
        case AverageWait():
            return "seconds"
        case AverageFact(fact) if fact in plan.facts and plan.facts[fact].type == "score":
            return "score"
        case Outside() if figure.target is not None and figure.target.text.endswith("%"):
            return "share"
    return "number"


def _verdict(target: Target, unit: Unit, value: Fraction | None, before: Fraction | None) -> Verdict:
    """`rising` and `falling` also hold for what stands at the best there is and can rise or fall no further."""
    bound = before if target.kind in ("rising", "falling") else target.value
    if value is None or bound is None:
        return "unknown"
    best = {"share": 1, "score": 100}.get(unit)
    held = {
        "at least": value >= bound,
        "at most": value <= bound,
        "over": value > bound,
        "under": value < bound,
        "rising": value > bound or value == best,
        "falling": value < bound or value == 0,
    }
    return "met" if held[target.kind] else "missed"
