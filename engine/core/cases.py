"""What is known of many tickets, as figures read it: histories, what happened in them, and until when."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias

from engine.core import events as e
from engine.core.conditions import Value
from engine.core.events import Event, Step
from engine.core.evolve import replay
from engine.core.periods import Period
from engine.core.plan import Figure, LengthLimit, Limit, Plan
from engine.core.ticket import Family, Run, Ticket
from engine.core.work import fact_of
from engine.core.workload import OnDuty

#: Values that come from elsewhere, by source and period.
Imported: TypeAlias = Mapping[tuple[str, Period], Fraction]


class History(NamedTuple):
    """One family's whole history as known: its steps, and what they fold to."""

    family: Family
    steps: Sequence[Step]

    @classmethod
    def of(cls, steps: Sequence[Step]) -> History:
        return cls(replay(steps), steps)


class Happening(NamedTuple):
    """Something that became true of a ticket at `at` (seconds UTC). `order` is its place in the ticket's events.

    `standing`: whether it still counts, or its verdict was taken back.
    """

    at: int
    order: int
    name: str
    standing: Literal["counts", "corrected", "excused"] = "counts"


@dataclass(frozen=True, eq=False)
class Case:
    """A ticket with its history."""

    history: History
    ticket: Ticket

    def events(self) -> Iterator[Event]:
        return (event for step in self.history.steps for event in step.events if event.ticket == self.ticket.id)

    @cached_property
    def happenings(self) -> tuple[Happening, ...]:
        """Every move, state entered, breach and fulfilment; a run has one breach and one fulfilment, the last known."""
        found: list[Happening] = []
        judged: dict[tuple[str, str], list[tuple[int, int]]] = {}
        state = ""
        for order, event in enumerate(self.events()):
            at, entered = event.effective_at, state
            match event:
                case e.Opened():
                    found.append(Happening(at, order, "opened"))
                    entered = event.state
                case e.Moved():
                    found.append(Happening(at, order, event.move))
                    entered = state if event.testimony else event.to
                case e.Recategorised() | e.Migrated():
                    entered = event.state
                case e.Merged():
                    entered = "merged"
                case e.Breached():
                    judged.setdefault((event.key, "breached"), []).append((at, order))
                case e.RunEnded(status="met") | e.VerdictCorrected(new="met"):
                    judged.setdefault((event.key, "met"), []).append((at, order))
                case e.VerdictCorrected(old="met"):  # it was late after all, and that since its due
                    run = self._run(event.key)
                    since = at if run is None or run.due is None else run.due
                    judged.setdefault((event.key, "breached"), []).append((since, order))
            if entered != state:
                found.append(Happening(at, order, entered))
                state = entered
        for (key, what), instants in judged.items():
            name = f"{key.partition('#')[0]} {what}"
            found += [Happening(at, order, name, "corrected") for at, order in instants[:-1]]
            found.append(Happening(*instants[-1], name, self._standing(key, what)))
        return tuple(found)

    def _standing(self, key: str, what: str) -> Literal["counts", "corrected", "excused"]:
        """What the last breach or fulfilment of a run is worth by the run's verdict as last known."""
        run = self._run(key)
        status = run and run.status
        if status in (("met",) if what == "met" else e.LATE):
            return "counts"
        return "excused" if status == "excused" else "corrected"

    def _run(self, key: str) -> Run | None:
        return next((run for run in self.ticket.all_runs() if run.key == key), None)

    @cached_property
    def extended(self) -> frozenset[str]:
        """The runs whose due somebody moved later, by a fact or a new instant."""
        limits: dict[str, Limit] = {}
        found: set[str] = set()
        for event in self.events():
            if isinstance(event, e.RunStarted):
                limits[event.key] = event.limit
            elif isinstance(event, e.DueMoved):
                if event.cause in ("facts", "instant") and _is_longer(limits[event.key], event):
                    found.add(event.key)
                limits[event.key] = event.limit
        return frozenset(found)

    def happened(self, names: Collection[str], period: Period) -> Iterator[Happening]:
        """Happenings of these names in the period; one that has two of the names (a move and the state) is one."""
        seen: set[int] = set()
        for one in self.happenings:
            if one.name in names and one.at in period and one.order not in seen:
                seen.add(one.order)
                yield one

    def open_at_end(self, period: Period) -> bool:
        """Whether the ticket was open in the last second of the period."""
        ticket = self.ticket
        if ticket.opened >= period.end or (ticket.closed is not None and ticket.closed < period.end):
            return False
        is_open = True
        for event in self.events():
            if isinstance(event, e.Closed | e.RoundBegun) and event.effective_at < period.end:
                is_open = isinstance(event, e.RoundBegun)
        return is_open

    def fact(self, plan: Plan, name: str) -> Value | None:
        """A fact of the ticket, declared or known by the engine."""
        return fact_of(plan, self.history.family, self.ticket, name)


def _is_longer(limit: Limit, event: e.DueMoved) -> bool:
    if event.old is not None and event.new is not None:
        return event.new > event.old
    new = event.limit  # paused: there is no due to compare
    if not isinstance(limit, LengthLimit) or not isinstance(new, LengthLimit):
        return False
    return new.length.unit == limit.length.unit and new.length.amount > limit.length.amount


@dataclass(frozen=True, slots=True)
class Books:
    """All that figures are computed from. `since` is the first instant anything is known of; None: nothing is known."""

    plan: Plan
    cases: tuple[Case, ...]
    as_of: int
    since: int | None
    roster: OnDuty | None
    outside: Imported

    def of(self, figure: Figure) -> Iterator[Case]:
        return (case for case in self.cases if not figure.of or case.ticket.category in figure.of)


def books(
    plan: Plan, histories: Iterable[History], as_of: int, roster: OnDuty | None = None, outside: Imported | None = None
) -> Books:
    cases = tuple(Case(history, ticket) for history in histories for ticket in history.family.tickets.values())
    assert all(case.history.family.at <= as_of for case in cases), "nothing is known of what comes after `as_of`"
    since = min((case.ticket.opened for case in cases), default=None)
    return Books(plan, cases, as_of, since, roster, outside or {})
