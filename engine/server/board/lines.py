"""Open tickets as the list shows them: what stands at the front of a desk's mind, most urgent first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from engine.core import Family, Plan, Run, Ticket, is_overdue, ladder, shape
from engine.server import present
from engine.store import Row

#: How a ticket stands; each has a colour, a sign and a word.
Mark: TypeAlias = Literal["silent", "breached", "warned", "paused", "running", "closed"]
#: What is left of a limit when a ticket begins to warn, if no rung has said so before.
WARNS_AT: Final = Fraction(1, 5)
#: Characters of what a ticket is about.
SUBJECT_MAX: Final = 80


class Line(NamedTuple):
    """One ticket of a list. Instants are seconds UTC; `warns` is when a ticket that runs well begins to warn."""

    ticket: str
    family: str
    category: Mapping[str, Any]
    state: Mapping[str, Any]
    subject: str
    owner: Mapping[str, Any] | None
    assignee: str | None
    opened: int
    due: int | None
    warns: int | None
    mark: Mark
    level: int
    nobody: bool  #: of the role that must act, nobody is on duty
    overdue: int
    damaged: bool = False


def line(plan: Plan, row: Row, family: Family | None, now: int, nobody: Callable[[str], bool]) -> Line:
    """`nobody`: whether of a role nobody is there now. `family`: None when it cannot be read."""
    one = family.tickets[row.ticket] if family is not None else None
    runs = one.runs.values() if one is not None else ()
    kind, _, role = row.owner.partition(":")
    return Line(
        row.ticket,
        row.family,
        present.category(plan, row.category),
        present.state(plan, row.category, row.state),
        subject(plan, one) if one is not None else "",
        present.who(plan, row.owner) if row.owner else None,
        row.assignee,
        row.opened,
        row.due,
        min((at for run in runs if (at := warns(run)) is not None), default=None),
        mark(plan, row, one, now),
        row.level,
        row.closed is None and kind == "role" and nobody(role),
        row.overdue,
        damaged=one is None,
    )


def mark(plan: Plan, row: Row, one: Ticket | None, now: int) -> Mark:
    """The worst that can be said of it."""
    if row.closed is not None:
        return "closed"
    if row.silent:
        return "silent"
    if row.overdue:
        return "breached"
    if one is not None and any(is_warned(plan, one, run, now) for run in one.runs.values()):
        return "warned"
    return "paused" if row.paused else "running"


def is_warned(plan: Plan, one: Ticket, run: Run, now: int) -> bool:
    """A rung before the due was raised, or little is left."""
    at = warns(run)
    if run.status != "running" or at is None:
        return False
    return now >= at or any(rung in run.climb.raised for rung in _early(plan, one, run))


def warns(run: Run) -> int | None:
    """When little is left of a run, by the clock on the wall."""
    return run.due - int((run.due - run.start) * WARNS_AT) if run.status == "running" and run.due is not None else None


def _early(plan: Plan, one: Ticket, run: Run) -> list[str]:
    """The rungs between start and due."""
    watch = shape(plan, one.category).watches.get(run.deadline)
    steps = ladder(plan, watch.deadline) if watch is not None else None
    return [rung.id for rung in steps.rungs if rung.at.kind != "start" and not is_overdue(rung)] if steps else []


def subject(plan: Plan, one: Ticket) -> str:
    """What it is about, in what its category records: places and texts, nothing personal."""
    said = []
    for asked in plan.categories[one.category].record:
        value, fact = one.fact(asked.fact), plan.facts[asked.fact]
        if value is not None and fact.type == "text" and not present.is_personal(plan, fact.id):
            said.append(str(value))
    text = " · ".join(said[:2])
    return text if len(text) <= SUBJECT_MAX else text[: SUBJECT_MAX - 1] + "…"


class Counts(NamedTuple):
    """What stands at the top of the board. `more`: there are more open tickets than were counted."""

    open: int
    overdue: int
    soon: int  #: due within the hour
    escalated: int
    silent: int
    nobody: int
    mine: int
    more: bool = False


#: Seconds within which a due is soon.
SOON: Final = 3600


def is_shown(row: Row, show: str, now: int, nobody: Callable[[str], bool], is_mine: Callable[[Row], bool]) -> bool:
    """Whether an open ticket is one of those that the top of the board counts by this name, and lists when asked."""
    kind, _, role = row.owner.partition(":")
    match show:
        case "mine":
            return is_mine(row)
        case "overdue":
            return row.overdue > 0
        case "soon":
            return not row.overdue and row.due is not None and now <= row.due < now + SOON
        case "escalated":
            return row.level > 0
        case "silent":
            return row.silent
        case "nobody":
            return kind == "role" and nobody(role)
    return True


def counts(rows: Sequence[Row], now: int, nobody: Callable[[str], bool], is_mine: Callable[[Row], bool]) -> Counts:
    names = Counts._fields[:-1]
    found = {name: sum(is_shown(row, name, now, nobody, is_mine) for row in rows) for name in names}
    return Counts(**found, more=False)
