"""What will happen by itself: timers, derived from plan and family, never kept as truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil
from typing import Literal, NamedTuple

from engine.core.plan import LengthLimit, Plan, Rung
from engine.core.shape import clock, ladder, remembered, shape, timetable
from engine.core.ticket import Family, Run, Ticket
from engine.worktime import Clock, DayRule, Length


class Timer(NamedTuple):
    """Sorted, timers stand in the order in which they take effect (SEMANTICS §2.7).

    `fire` is the instant at whose end it is applied, `due` the instant at which it takes effect.
    """

    fire: int
    rank: int  #: 0 due, 1 due that changes a state or ends a pause, 2 rung, 3 repeat
    order: int  #: of the ticket in its family
    place: int  #: of the deadline in the plan
    round: int
    n: int
    ordinal: int
    ticket: str
    key: str
    kind: Literal["due", "rung", "repeat"]
    name: str
    due: int

    @property
    def id(self) -> str:
        """The same for the same timer, however often it is derived."""
        return f"{self.ticket}/{self.key}/{self.kind}/{self.name}/{self.ordinal}"


def agenda(plan: Plan, family: Family) -> tuple[Timer, ...]:
    """Every timer of the family that is pending now, first one first."""
    return tuple(sorted(_timers(plan, family)))


def agenda_after(plan: Plan, family: Family, before: Family, timers: tuple[Timer, ...]) -> tuple[Timer, ...]:
    """The agenda of a family from the one it had `before` by the same plan: only runs that changed are asked anew."""
    stay: set[tuple[str, str]] = set()
    come: list[Timer] = []
    for order, ticket in enumerate(family.tickets.values()):
        known = before.tickets.get(ticket.id)
        if known is None or (known.category, known.edition) != (ticket.category, ticket.edition):
            runs: Mapping[str, Run] = {}
        else:
            runs = known.runs
        for name, run in ticket.runs.items():
            if runs.get(name) is run:
                stay.add((ticket.id, run.key))
            else:
                come += _of_run(plan, ticket, run, order)
    return tuple(sorted([*(timer for timer in timers if (timer.ticket, timer.key) in stay), *come]))


def is_quiet(plan: Plan, family: Family, until: int) -> bool:
    """Whether certainly nothing fires at or before `until`: every run is without a ladder, and its due is later. What
    is not quiet may turn out to be.
    """
    for ticket in family.tickets.values():
        if ticket.runs:
            watches = shape(plan, ticket.category).watches
            for name, run in ticket.runs.items():
                watch = watches.get(name)
                if run.status != "running" or run.due is None or run.due <= until:
                    return False
                if watch is not None and watch.deadline.escalate is not None:
                    return False
    return True


def _timers(plan: Plan, family: Family) -> Iterator[Timer]:
    for order, ticket in enumerate(family.tickets.values()):
        for run in ticket.runs.values():
            yield from _of_run(plan, ticket, run, order)


def _of_run(plan: Plan, ticket: Ticket, run: Run, order: int) -> Iterator[Timer]:
    if run.status == "paused":
        return
    watch = shape(plan, ticket.category).watches.get(run.deadline)
    place, deadline = (watch.place, watch.deadline) if watch is not None else (-1, None)
    due = run.due
    assert due is not None, f"{run.key} is {run.status} without a due"
    if run.status == "running":
        moves = deadline is not None and (deadline.then is not None or deadline.cap_of is not None)
        yield Timer(
            max(due, run.set_at), int(moves), order, place, run.round, run.n, 0, ticket.id, run.key, "due", "due", due
        )
    steps = ladder(plan, deadline) if deadline else None
    if steps is None:
        return
    climb = run.climb
    for ordinal, rung in enumerate(steps.rungs):
        if rung.id in climb.raised or rung.id in climb.skipped or is_overdue(rung) is not (run.status == "breached"):
            continue
        at = rung_instant(plan, ticket, run, rung)
        if at is not None and (at > run.start or run.status == "breached"):
            yield Timer(
                max(at, run.set_at), 2, order, place, run.round, run.n, ordinal, ticket.id, run.key, "rung", rung.id, at
            )
    if climb.last is not None and climb.acked != climb.last:
        last = next((rung for rung in steps.rungs if rung.id == climb.last), None)  # None: a migration took it away
        if last is not None and last.every is not None and climb.repeats < last.times:
            n = climb.repeats + 1
            at = length_after(
                plan, ticket, run, last.every._replace(amount=last.every.amount * n), climb.raised[last.id]
            )
            yield Timer(
                max(at, run.set_at), 3, order, place, run.round, run.n, n, ticket.id, run.key, "repeat", last.id, at
            )


def is_overdue(rung: Rung) -> bool:
    """Whether a rung stands at or after the due; those wait for the breach."""
    return rung.at.kind == "due" and (rung.at.offset is None or rung.at.offset.amount >= 0)


def rung_instant(plan: Plan, ticket: Ticket, run: Run, rung: Rung) -> int | None:
    """The instant of a rung of a run that is not paused, from start and due only; None for `start`, raised in its
    step.
    """
    due = run.due
    assert due is not None
    if rung.at.kind == "start":
        return None
    if rung.at.kind == "share":
        assert rung.at.share is not None
        if isinstance(run.limit, LengthLimit):
            limit, given = run.limit, (run.start, rung.at.share, run.pauses, run.granted)
            question = (limit, ticket.edition, *given)
            return remembered(plan, question, lambda: clock(plan, limit, ticket.edition).reach(*given))
        return run.start + ceil(rung.at.share * (due - run.start))
    offset = rung.at.offset
    if offset is None or offset.amount == 0:
        return due
    return length_after(plan, ticket, run, offset, due)


def length_after(plan: Plan, ticket: Ticket, run: Run, length: Length, at: int) -> int:
    """`at` plus a length (before it, if the length is negative), in the calendar of the run's deadline."""
    calendar = run.limit.calendar if isinstance(run.limit, LengthLimit) else run.limit.instant.calendar or plan.calendar
    return shifted(length, at, plan, calendar, ticket.edition, None)


def shifted(length: Length, at: int, plan: Plan, calendar: str, edition: str, day_rule: DayRule | None) -> int:
    """An instant plus a signed length. Backward, calendar days keep the wall clock unless a day rule is given."""

    def shift() -> int:
        table = timetable(plan, calendar, edition)
        if length.amount < 0:
            return Clock(length._replace(amount=-length.amount), table, day_rule or DayRule.CLOSE).before(at, day_rule)
        return Clock(length, table, day_rule or DayRule.CLOSE).due(at).at

    return remembered(plan, (length, at, calendar, edition, day_rule), shift)
