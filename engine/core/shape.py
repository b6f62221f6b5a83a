"""The plan as one category sees it: what each happening starts, ends and tells, looked up instead of searched for."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any, Final, NamedTuple

from transitions import Machine

from engine.core import conditions as c
from engine.core.conditions import Condition, Row, Table
from engine.core.plan import (
    Asked,
    Category,
    Deadline,
    Fact,
    InstantLimit,
    Ladder,
    LengthLimit,
    Limit,
    Move,
    Notice,
    Party,
    Plan,
    Share,
    State,
    Workflow,
)
from engine.worktime import Clock, Timetable, always, compile_calendar

#: Facts that change without anybody stating them; a table that reads one is asked again at every step.
VOLATILE: Final = frozenset({"state", "round", "repeats", "promises", "open_parts", "breached"})
#: Answers that are remembered before all are forgotten.
_REMEMBERED: Final = 20_000


class Watch(NamedTuple):
    """A deadline of one category, with what its limit reads."""

    place: int  #: in the plan, which is the order of consequences
    deadline: Deadline
    reads: frozenset[str]  #: facts, moments and volatile facts that may move a due
    always_asked: bool  #: reads something that changes without anybody stating it
    only: Row[Limit] | None  #: the one row of a limit that depends on nothing


@dataclass(frozen=True, slots=True)
class Shape:
    """One category of one plan, indexed by happening. `watches` are in the order of the plan."""

    category: Category
    workflow: Workflow
    machine: Machine
    watches: Mapping[str, Watch]
    starts: Mapping[str, tuple[Watch, ...]]
    ends: Mapping[str, tuple[Watch, ...]]
    voids: Mapping[str, tuple[Watch, ...]]
    heard: frozenset[str]  #: happenings that any deadline listens to; the others concern none
    notices: Mapping[str, tuple[Notice, ...]]
    defaults: tuple[tuple[Fact, frozenset[str]], ...]  #: facts with a default, each after those it reads
    restless: bool  #: some default reads what changes without anybody stating it
    engine_moves: tuple[Move, ...]
    pausing: frozenset[str]  #: states that pause something
    ways: dict[tuple[str, str], str | None] = field(default_factory=dict)  #: (move, state) -> to, as the machine said


def shape(plan: Plan, category: str) -> Shape:
    """The shape of a category, made once per plan."""
    found: Shape | None = plan.worked_out.get(category)
    if found is None:
        found = plan.worked_out[category] = _shape(plan, plan.categories[category])
    return found


def timetable(plan: Plan, calendar: str, edition: str) -> Timetable:
    """A calendar of the plan as compiled with an edition of day data, made once per plan and edition."""
    found: Timetable | None = plan.worked_out.get((calendar, edition))
    if found is None:
        if calendar == "always":
            found = always(plan.timezone)
        else:
            spec = plan.calendars[calendar]
            others = {other: timetable(plan, other, edition) for other in spec.also}
            found = compile_calendar(spec, plan.editions[edition], others)
        plan.worked_out[calendar, edition] = found
    return found


def clock(plan: Plan, limit: LengthLimit, edition: str) -> Clock:
    """The clock of a length limit, made once per plan, limit and edition."""
    by_length = plan.worked_out.get((edition,))
    if by_length is None:
        by_length = plan.worked_out[(edition,)] = {}
    found: Clock | None = by_length.get(limit)
    if found is None:
        found = by_length[limit] = Clock(limit.length, timetable(plan, limit.calendar, edition), limit.day_rule)
    return found


def remembered(plan: Plan, question: Hashable, find: Callable[[], int]) -> int:
    """An instant that hangs on the question alone: it is asked of each run after each step, whether it changed or not,
    and of all tickets that came together.
    """
    known: dict[Hashable, int] = plan.worked_out.setdefault(remembered, {})
    at = known.get(question)
    if at is None:
        if len(known) >= _REMEMBERED:
            known.clear()
        at = known[question] = find()
    return at


def ladder(plan: Plan, deadline: Deadline) -> Ladder | None:
    """The ladder of a deadline; None where it has none."""
    return None if deadline.escalate is None else plan.ladders[deadline.escalate]


def _shape(plan: Plan, category: Category) -> Shape:
    workflow = plan.workflows[category.workflow]
    watches = [_watch(place, deadline) for place, deadline in enumerate(plan.deadlines) if category.id in deadline.of]
    notices = [notice for notice in plan.notices.values() if category.id in notice.of]
    deadlines = [watch.deadline for watch in watches]
    defaults = _defaults(plan, category, workflow, deadlines, notices)
    return Shape(
        category=category,
        workflow=workflow,
        machine=build_machine(workflow),
        watches={watch.deadline.id: watch for watch in watches},
        starts=_index((name, watch) for watch in watches for name in watch.deadline.starts),
        ends=_index((name, watch) for watch in watches for name in watch.deadline.until),
        voids=_index((name, watch) for watch in watches for name in watch.deadline.void),
        heard=frozenset().union(*(d.starts | d.until | d.void for d in deadlines), *(w.reads for w in watches)),
        notices=_index((name, notice) for notice in notices for name in notice.on),
        defaults=defaults,
        restless=any(not needs.isdisjoint(VOLATILE) for _, needs in defaults),
        engine_moves=tuple(
            move for move in workflow.moves.values() if Party("word", "engine") in move.by and move.when is not None
        ),
        pausing=frozenset(state.id for state in workflow.states.values() if state.pauses),
    )


def _watch(place: int, deadline: Deadline) -> Watch:
    reads = _limit_reads(deadline.limit)
    always_asked = not reads.isdisjoint(VOLATILE) or any(read.endswith(" due") for read in reads)
    rows = deadline.limit.rows
    return Watch(place, deadline, reads, always_asked, rows[0] if len(rows) == 1 and rows[0].when is None else None)


def build_machine(workflow: Workflow) -> Machine:
    """The legal moves of a workflow as one flat `transitions` machine.

    It has no model and no callbacks: it is walked on a local cursor, and text of a policy never reaches it as a
    callback.
    """
    machine = Machine(
        model=None,
        states=list(workflow.states),
        initial=workflow.initial,
        auto_transitions=False,
        model_attribute="_place",
    )
    for move in workflow.moves.values():
        if move.sources:
            machine.add_transition(move.id, [*sorted(move.sources)], move.to)
    return machine


def _index(pairs: Iterable[tuple[str, Any]]) -> dict[str, tuple[Any, ...]]:
    found: dict[str, list[Any]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: tuple(values) for name, values in found.items()}


# ---- which facts matter ---------------------------------------------------------------------------------------------


def reads(condition: Condition | None) -> Iterator[str]:
    """The facts that a condition looks at."""
    match condition:
        case None:
            return
        case c.OneOf() | c.NoneOf() | c.IsSet() | c.Between() | c.Within():
            yield condition.fact
        case c.ClockTime():
            yield "time"
        case c.OpeningDay():
            yield "day"
        case c.Breached():
            yield "breached"
        case c.All() | c.Any():
            for part in condition.parts:
                yield from reads(part)
        case c.Not():
            yield from reads(condition.part)


def table_reads(table: Table[Any] | None) -> Iterator[str]:
    for row in table.rows if table else ():
        yield from reads(row.when)


def _limit_reads(table: Table[Limit]) -> frozenset[str]:
    moments = {row.value.instant.moment for row in table.rows if isinstance(row.value, InstantLimit)}
    return frozenset(table_reads(table)) | moments


def _asked(asked: Iterable[Asked]) -> Iterator[str]:
    for item in asked:
        yield item.fact
        yield from reads(item.when)


def _party(*parties: Party | None) -> Iterator[str]:
    yield from (party.name for party in parties if party and party.kind == "fact")


def _state_reads(state: State) -> Iterator[str]:
    yield from _party(state.owner)


def _move_reads(move: Move) -> Iterator[str]:
    yield from _asked(move.ask)
    yield from _party(*move.by)
    yield from reads(move.when)
    for _, when in move.after:
        yield from reads(when)
    yield from move.set
    yield from table_reads(move.guide)
    if move.before:
        yield move.before.moment


def _defaults(
    plan: Plan, category: Category, workflow: Workflow, deadlines: list[Deadline], notices: list[Notice]
) -> tuple[tuple[Fact, frozenset[str]], ...]:
    """The facts with a default that anything about this category reads, each after the facts its own default reads."""
    wanted = set(_asked(category.record)) | set(table_reads(category.guide))
    for state in workflow.states.values():
        wanted.update(_state_reads(state))
    for move in workflow.moves.values():
        wanted.update(_move_reads(move))
        if move.opens:
            wanted.update(_asked(plan.categories[move.opens].record))
    for deadline in deadlines:
        wanted.update(_limit_reads(deadline.limit), deadline.starts, _party(deadline.owner))
        if deadline.escalate:
            for rung in plan.ladders[deadline.escalate].rungs:
                wanted.update(reads(rung.when), _party(*rung.notify))
    for notice in notices:
        wanted.update(reads(notice.when), _party(*notice.to))
        wanted.update(name for name in plan.facts if "{" + name in notice.text)
    for detection in plan.detections.values():
        if category.id in detection.of:
            wanted.update(reads(detection.when), detection.same, detection.different)
    wanted.update(table_reads(plan.liability))
    for report in plan.reports.values():
        if any(not plan.figures[figure].of or category.id in plan.figures[figure].of for figure in report.figures):
            wanted.update(report.by)
    for figure in plan.figures.values():
        if isinstance(figure.measure, Share):
            wanted.update(reads(figure.measure.condition))
    with_default = {id: fact for id, fact in plan.facts.items() if fact.default is not None}
    needs = {id: frozenset(table_reads(fact.default)) for id, fact in with_default.items()}
    order = list(TopologicalSorter({id: needs[id] & with_default.keys() for id in with_default}).static_order())
    for id in reversed(order):  # what a wanted default reads is wanted too
        if id in wanted:
            wanted |= needs[id]
    return tuple((with_default[id], needs[id]) for id in order if id in wanted)
