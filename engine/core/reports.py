"""Reports: the figures of the periods that just ended, split by what the plan names, and which of them is weakest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, NamedTuple

from engine.core.cases import Books, Case, History, Imported, books
from engine.core.conditions import Rule, Value
from engine.core.figures import FigureValue, evaluate, looked_at
from engine.core.measures import deadline_names
from engine.core.periods import Period, just_ended
from engine.core.plan import Figure, Load, OnTime, Outside, Plan, Report
from engine.core.ticket import Run, freeze, melt
from engine.core.work import addresses
from engine.core.workload import OnDuty


class Part(NamedTuple):
    """The figure of the tickets that have one value of what it is split by; None: of those that have none."""

    value: Value | None
    figure: FigureValue


class Line(NamedTuple):
    """A figure of a report, and its parts by each name it is split by."""

    figure: FigureValue
    by: Mapping[str, tuple[Part, ...]]


@dataclass(frozen=True, slots=True)
class ReportValue:
    """A report at its instant (seconds UTC). `weakest`: the figure that does worst, where the plan asks for it."""

    report: str
    rule: Rule
    at: int
    lines: tuple[Line, ...]
    weakest: str | None = None


def report(
    plan: Plan,
    asked: Report,
    histories: Iterable[History],
    at: int,
    as_of: int | None = None,
    roster: OnDuty | None = None,
    outside: Imported | None = None,
) -> ReportValue:
    """A report that falls due at `at`. `as_of` says until when something is known, if that is later.

    Each figure is of its own period: the last one that was over at `at`.
    """
    known = books(plan, histories, at if as_of is None else as_of, roster, outside)
    lines: list[Line] = []
    for id in asked.figures:
        figure = plan.figures[id]
        period = just_ended(figure.per, at, plan.timezone)
        by = {name: _parts(known, figure, period, name) for name in asked.by}
        lines.append(Line(evaluate(known, figure, period), by))
    weakest = _weakest(plan, [line.figure for line in lines]) if asked.lowest else None
    return ReportValue(asked.id, asked.rule, at, tuple(lines), weakest)


def looked_at_by(plan: Plan, asked: Report, at: int) -> tuple[Period, ...]:
    """All that the figures of a report are found from."""
    figures = [plan.figures[id] for id in asked.figures]
    found = (looked_at(plan, figure, just_ended(figure.per, at, plan.timezone)) for figure in figures)
    return tuple({period for periods in found for period in periods})


# ---- parts ----------------------------------------------------------------------------------------------------------


def _parts(known: Books, figure: Figure, period: Period, name: str) -> tuple[Part, ...]:
    """One part per value that occurs, in the order of the plan where it names the values, else of the values."""
    if isinstance(figure.measure, Outside):
        return ()
    if isinstance(figure.measure, Load) and name == "role":
        return tuple(
            Part(role, evaluate(known, replace(figure, measure=Load((role,))), period)) for role in figure.measure.roles
        )
    groups: dict[Value | None, list[Case]] = {}
    for case in known.of(figure):
        for value, part in _values(known.plan, figure, case, name):
            groups.setdefault(value, []).append(part)
    order = _order(known.plan, name)
    parts = [
        Part(value, evaluate(replace(known, cases=tuple(groups[value])), figure, period))
        for value in sorted(groups, key=lambda value: _rank(order, value))
    ]
    return tuple(part for part in parts if _says_anything(part.figure))


def _says_anything(value: FigureValue) -> bool:
    return bool(value.n or value.left_out or any(value.companions.values()))


def _order(plan: Plan, name: str) -> list[Value]:
    if name == "category":
        return list(plan.categories)
    if name in plan.facts and plan.facts[name].type == "choice":
        return list(plan.facts[name].values)
    return list(plan.roles)


def _rank(order: list[Value], value: Value | None) -> tuple[bool, int, Any]:
    """Values the plan names, in its order; then others, sorted; those without a value last."""
    return (value is None, order.index(value) if value in order else len(order), "" if value is None else value)


def _values(plan: Plan, figure: Figure, case: Case, name: str) -> Iterator[tuple[Value | None, Case]]:
    """The values that a ticket has of what a report is split by, each with the ticket as it counts there."""
    if name == "place" and (places := _places(plan, case)):
        for place in places:
            if isinstance(figure.measure, OnTime):
                yield place, _at_place(case, deadline_names(plan, figure.measure.deadline), place)
            elif place in case.ticket.made:
                yield place, case
    elif name == "assignee":
        yield case.ticket.assignee, case
    elif name in ("role", "owner") or (name == "department" and name not in plan.facts):
        yield _last_owner(plan, case), case
    else:
        yield case.fact(plan, name), case


def _places(plan: Plan, case: Case) -> tuple[str, ...]:
    category = plan.categories.get(case.ticket.category)
    duty = plan.duties.get(category.duty) if category and category.duty else None
    return duty.places if duty else ()


def _at_place(case: Case, names: frozenset[str], place: str) -> Case:
    """A round of several places as it counts for one of them: on time if that one was ticked by the due."""
    done = min((one.at for one in case.happenings if one.name == place), default=None)

    def judged(run: Run) -> Run:
        if run.deadline not in names or run.status in ("void", "excused", "paused") or run.due is None:
            return run
        if done is None:
            return run._replace(status="missed") if run.status == "met" else run
        return run._replace(status="met" if done <= run.due else "late", done=done)

    ticket = melt(case.ticket)
    ticket.runs = {name: judged(run) for name, run in ticket.runs.items()}
    ticket.ended = tuple(judged(run) for run in ticket.ended)
    return Case(case.history, freeze(ticket))


def _last_owner(plan: Plan, case: Case) -> str | None:
    """The role, or the person, in whose hands the ticket is, or was before it ended."""
    ticket, family = case.ticket, case.history.family
    category = plan.categories.get(ticket.category)
    if category is None:
        return None
    states = plan.workflows[category.workflow].states
    for stay in reversed(ticket.path):
        state = states.get(stay.state)
        if state is not None and state.owner is not None and not state.final:
            found = addresses(plan, family, ticket, state.owner)
            return found[0].partition(":")[2] or None if found else None
    return None


# ---- the weakest ----------------------------------------------------------------------------------------------------


def _weakest(plan: Plan, values: list[FigureValue]) -> str | None:
    """Of the shares and scores, the one furthest from full marks; the first of equals. Seconds and plain numbers have
    no full marks. Where the target says that less is better, full marks are nothing at all."""
    marks: list[tuple[Fraction, int, str]] = []
    for place, value in enumerate(values):
        if value.value is None or value.unit not in ("share", "score"):
            continue
        part = value.value / 100 if value.unit == "score" else value.value
        target = plan.figures[value.figure].target
        less = target is not None and target.kind in ("at most", "under", "falling")
        marks.append((1 - part if less else part, place, value.figure))
    return min(marks)[2] if marks else None
