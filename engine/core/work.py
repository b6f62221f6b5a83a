"""The hands of one step: reading the family as it now stands, writing events, and the instants that dues are made
of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final, NamedTuple, Protocol

from engine.core import events as e
from engine.core.agenda import shifted
from engine.core.commands import Actor
from engine.core.conditions import Value, View
from engine.core.evolve import FOLDS, Bench
from engine.core.plan import OWNER, Deadline, Instant, InstantLimit, LengthLimit, Limit, Party, Plan
from engine.core.shape import Shape, clock, shape, timetable
from engine.core.ticket import Draft, Family, Ticket
from engine.worktime import Clock, DayRule, Due, Length, Unit

#: No due moves nearer than this because facts, category, plan or calendar changed (SEMANTICS §7.4). Seconds.
NOTICE: Final = 30 * 60


class Send(NamedTuple):
    """A move that reaches the members of a detection's ticket; the shell knows who they are."""

    group: str
    move: str


class Work:
    """One step being made. `at` is its place in the family's order, `occurred_at` when what it tells of happened; what
    it writes is at once seen by what follows.
    """

    def __init__(
        self, plan: Plan, family: Family | None, at: int, actor: Actor, occurred_at: int | None = None
    ) -> None:
        self.plan = plan
        self.at = at
        self.occurred_at = at if occurred_at is None else occurred_at
        self.actor = actor
        self.bench = Bench(family, at, actor.person)
        self.events: list[e.Event] = []
        self.sends: list[Send] = []
        self._family = family

    def emit(self, event: e.Event) -> None:
        """Write an event. Its ticket is under the hands of this step already, or begins with it."""
        self.events.append(event)
        FOLDS[type(event)](self.bench, event)

    def ticket(self, id: str) -> Draft:
        return self.bench.ticket(id)

    def shape(self, ticket: Ticket) -> Shape:
        return self.plan.worked_out.get(ticket.category) or shape(self.plan, ticket.category)

    def is_left_behind(self, ticket: Ticket) -> bool:
        """Whether its family went on to a version of the plan that has no place for it; it was closed then."""
        return self._family is not None and ticket.plan != self._family.root.plan

    def finish(self, cause: str) -> tuple[e.Step, Family]:
        """The step as a value, and the family after it."""
        number = self._family.steps + 1 if self._family else 1
        step = e.Step(number, self.at, cause, self.actor, self.plan.version, tuple(self.events))
        return step, self.bench.family(cause == "command")

    # ---- facts ------------------------------------------------------------------------------------------------------

    def view(self, ticket: Ticket, brought: Mapping[str, Value] | None = None) -> View:
        """Answers any fact of the ticket, with the values a command brings before the ticket's own."""
        stated, derived = ticket.stated, ticket.derived

        def look(name: str) -> Value | None:
            if brought is not None and name in brought:
                return brought[name]
            value = stated.get(name)
            if value is None:
                value = derived.get(name)
            if value is None:
                return provided(self.plan, self.bench.tickets(), ticket, name)
            return value

        return look

    # ---- instants ---------------------------------------------------------------------------------------------------

    def instant(self, ticket: Ticket, instant: Instant) -> int | None:
        """When a moment was, or will be; None if it has not come and nobody knows when it will."""
        base = self._moment(ticket, instant.moment, instant)
        if base is None or instant.offset is None:
            return base
        calendar = instant.calendar or self.plan.calendar
        return shifted(instant.offset, base, self.plan, calendar, ticket.edition, instant.day_rule)

    def _moment(self, ticket: Ticket, name: str, instant: Instant) -> int | None:
        if name == "opened":
            return ticket.opened
        deadline, _, what = name.rpartition(" ")
        if what == "due":
            return max((run.due for run in ticket.all_runs() if run.deadline == deadline and run.due), default=None)
        if what == "breached":
            return max(
                (r.due for r in ticket.all_runs() if r.deadline == deadline and r.status in e.LATE and r.due),
                default=None,
            )
        if what == "met":
            return max(
                (r.done for r in ticket.ended if r.deadline == deadline and r.status == "met" and r.done), default=None
            )
        if name in ticket.made:
            return ticket.made[name].at
        value = ticket.fact(name)
        if isinstance(value, str):  # a bare date means its close of business
            table = timetable(self.plan, instant.calendar or self.plan.calendar, ticket.edition)
            return table.close_of(date.fromisoformat(value))
        if value is not None:
            return int(value)
        return max((stay.since for stay in ticket.path if stay.state == name), default=None)

    def due(
        self,
        ticket: Ticket,
        limit: Limit,
        start: int,
        pauses: tuple[tuple[int, int], ...] = (),
    ) -> Due | None:
        """The due of a run of this limit; None where there can be no run: the fact is unset, or the event is past."""
        if isinstance(limit, LengthLimit):
            return clock(self.plan, limit, ticket.edition).due(start, pauses)
        at = self.instant(ticket, limit.instant)
        if at is None:
            return None
        if limit.instant.offset is not None and limit.instant.offset.amount < 0:
            if limit.at_least is not None:
                floor = shifted(limit.at_least, self.at, self.plan, self.plan.calendar, ticket.edition, None)
                return Due(max(at, floor), False)
            if at <= self.at:
                event = self._moment(ticket, limit.instant.moment, limit.instant)
                return Due(event, False) if event is not None and event > self.at else None
        return Due(at, False)

    def notice(self, limit: LengthLimit, edition: str) -> int:
        """The earliest instant to which a change may pull a due (SEMANTICS §7.4)."""
        soon = self.at + NOTICE
        if limit.length.unit in (Unit.SECONDS, Unit.WORKING_SECONDS):
            return soon
        table = timetable(self.plan, limit.calendar, edition)
        return Clock(Length(1, Unit.SAME_DAY), table, DayRule.CLOSE).due(soon).at

    # ---- people -----------------------------------------------------------------------------------------------------

    def addresses(self, ticket: Ticket, party: Party, deadline: Deadline | None = None) -> tuple[e.Address, ...]:
        """Who a party is now; empty where it is nobody who can be told."""
        return addresses(self.plan, self.bench, ticket, party, deadline)

    def owner(self, ticket: Ticket, deadline: Deadline | None = None) -> e.Address:
        """Who has to act, by address; empty on a ticket that is over."""
        found = self.addresses(ticket, OWNER, deadline)
        return found[0] if found else ""

    def told(
        self, ticket: Ticket, parties: tuple[Party, ...], deadline: Deadline | None = None
    ) -> tuple[e.Address, ...]:
        """Several parties, each address once."""
        return tuple(dict.fromkeys(who for party in parties for who in self.addresses(ticket, party, deadline)))


class Tickets(Protocol):
    """The tickets of a family: as they stand, or under the hands of a step."""

    def look(self, id: str) -> Ticket: ...


def addresses(
    plan: Plan, tickets: Tickets, ticket: Ticket, party: Party, deadline: Deadline | None = None
) -> tuple[e.Address, ...]:
    match party.kind, party.name:
        case "role", role:
            return (f"role:{role}",)
        case "fact", fact:
            role_id = ticket.fact(fact)
            return (f"role:{role_id}",) if role_id is not None else ()
        case _, "owner":
            if deadline is not None and deadline.owner is not None and deadline.owner != OWNER:
                return addresses(plan, tickets, ticket, deadline.owner)
            owner = plan.workflow_of(ticket.category).states[ticket.state].owner
            return addresses(plan, tickets, ticket, owner) if owner is not None else ()
        case _, "assignee":
            if ticket.assignee is not None:
                return (f"person:{ticket.assignee}",)
            owner = plan.workflow_of(ticket.category).states[ticket.state].owner
            nobody = owner is None or owner.name in ("assignee", "owner")
            return () if nobody else addresses(plan, tickets, ticket, OWNER)
        case _, "first_contact":
            return (f"person:{ticket.first_contact}",) if ticket.first_contact is not None else ()
        case _, "custodian":
            return addresses(plan, tickets, ticket, OWNER)
        case _, ("leaver" | "taker") as side:
            return (f"{side}:{ticket.post}",)
        case _, "parent":
            if ticket.ties.parent is None:
                return ()
            return addresses(plan, tickets, tickets.look(ticket.ties.parent), OWNER)
        case _, "reporter":
            return ("reporter",)
    return ()


def fact_of(plan: Plan, family: Family, ticket: Ticket, name: str) -> Value | None:
    """A fact of a ticket, declared or known by the engine."""
    value = ticket.fact(name)
    return provided(plan, family.tickets.values(), ticket, name) if value is None else value


def provided(plan: Plan, family: Iterable[Ticket], ticket: Ticket, name: str) -> Value | None:
    """A fact that the engine knows by itself (GRAMMAR §2), and the answers that conditions on time ask for."""
    match name:
        case "category":
            return ticket.category
        case "state":
            return ticket.state
        case "number":
            return ticket.id
        case "round":
            return ticket.round
        case "repeats":
            return ticket.ties.repeats
        case "promises":
            return ticket.promises
        case "open_parts":
            return sum(other.ties.parent == ticket.id and other.closed is None for other in family)
        case "breached":
            return sum(run.status in e.LATE for run in ticket.all_runs())
        case "time" | "hour" | "weekday" | "working_day" | "day":
            return _of_opening(plan, ticket, name)
    if name.endswith(" breached"):
        return any(run.status in e.LATE and f"{run.deadline} breached" == name for run in ticket.all_runs())
    if name.startswith("opened "):
        _, amount, unit = name.split(" ", 2)
        return shifted(
            Length(int(amount), Unit(unit)), ticket.opened, plan, "always", ticket.edition, DayRule.SAME_TIME
        )
    return None


def _of_opening(plan: Plan, ticket: Ticket, name: str) -> Value:
    table = timetable(plan, plan.calendar, ticket.edition)
    local = table.local(ticket.opened)
    if name == "time":
        return local.hour * 3600 + local.minute * 60 + local.second
    if name == "hour":
        return local.hour
    if name == "weekday":
        return local.weekday()
    working = table.is_working_day(local.date())
    return working if name == "working_day" else ("working" if working else "off")


def stated_anew(limit: Limit, stated: frozenset[str] | set[str]) -> bool:
    """Whether a step brought the instant of an instant limit anew: a new promise, a meeting moved."""
    return isinstance(limit, InstantLimit) and limit.instant.moment in stated
