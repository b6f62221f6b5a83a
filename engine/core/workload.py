"""Load: how much of a role's time on duty is taken by the tickets in its hands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from engine.core import events as e
from engine.core.evolve import evolve
from engine.core.plan import Plan
from engine.core.ticket import Family, Ticket
from engine.core.work import addresses

#: Who of a role is on duty in [start, end): person -> stretches [from, to), seconds UTC. People without any are
#: left out.
OnDuty: TypeAlias = Callable[[str, int, int], Mapping[str, Sequence[tuple[int, int]]]]

_PASSING: Final = (e.Opened, e.FactsSet, e.Moved, e.Assigned, e.Recategorised, e.Migrated, e.Merged)


class Workload(NamedTuple):
    """Seconds of people (`busy`, `on_duty`) and of tickets (`held`), summed over the roles; and how many tickets."""

    busy: int
    on_duty: int
    held: int
    tickets: int


class Hold(NamedTuple):
    """A ticket is in somebody's hands in [start, end), seconds UTC. `by` is an address."""

    by: e.Address
    start: int
    end: int


def load(
    plan: Plan,
    tickets: Iterable[tuple[Sequence[e.Step], Ticket]],
    roles: Iterable[str],
    start: int,
    end: int,
    roster: OnDuty,
) -> Workload:
    """The load of some roles in [start, end) by the tickets given, each with the steps of its family.

    A ticket is in a role's hands while it stands in a state which that role owns, and which does not pause its clocks
    (then it waits for somebody else). One ticket takes one person: of `c` people on duty with `k` tickets in hand,
    min(k, c) are taken. Their time over that of all on duty is the load: 1 when nobody has a free minute, never more.
    How deep the pile is says `held`, the tickets in hand while anybody was there.
    """
    staff = {role: roster(role, start, end) for role in roles}
    hands: dict[str, list[tuple[int, int]]] = {role: [] for role in staff}
    concerned = 0
    for steps, ticket in tickets:
        if ticket.opened >= end or (ticket.closed is not None and ticket.closed <= start):
            continue
        mine = [
            (role, (max(hold.start, start), min(hold.end, end)))
            for hold in holds(plan, steps, ticket.id, end)
            if hold.end > start
            for role in staff
            if _is(role, hold.by, staff[role])
        ]
        concerned += bool(mine)
        for role, stretch in mine:
            hands[role].append(stretch)
    busy = on_duty = held = 0
    for role, people in staff.items():
        changes = [
            change for person in people.values() for stretch in _united(person) for change in _edges(stretch, 1, 0)
        ]
        changes += [change for stretch in hands[role] for change in _edges(stretch, 0, 1)]
        there = tickets_now = since = 0
        for at, people_more, tickets_more in sorted(changes):
            busy += (at - since) * min(there, tickets_now)
            on_duty += (at - since) * there
            held += (at - since) * tickets_now if there else 0
            there, tickets_now, since = there + people_more, tickets_now + tickets_more, at
    return Workload(busy, on_duty, held, concerned)


def _united(stretches: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same time without anything twice: nobody is there two times over because two of his shifts overlap."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(stretches):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        elif start < end:
            found.append((start, end))
    return found


def _edges(stretch: tuple[int, int], people: int, tickets: int) -> Iterator[tuple[int, int, int]]:
    yield stretch[0], people, tickets
    yield stretch[1], -people, -tickets


def _is(role: str, address: e.Address, people: Mapping[str, object]) -> bool:
    """Whether a role, or somebody of it who is on duty in the period, is meant."""
    kind, _, name = address.partition(":")
    return name in people if kind == "person" else name == role


def holds(plan: Plan, steps: Iterable[e.Step], ticket: str, until: int) -> Iterator[Hold]:
    """In whose hands a ticket was, one after the other, until `until`. A part may be in those of its parent's owner, so
    that what happens to the parent counts, too.
    """
    family: Family | None = None
    by, since = "", 0
    for step in steps:
        family = evolve(family, step)
        at = [event.effective_at for event in step.events if isinstance(event, _PASSING)]
        if not at or ticket not in family.tickets:
            continue
        now = max(at[-1], since)
        after = _holder(plan, family, family.tickets[ticket])
        if after != by:
            if by and since < min(now, until):
                yield Hold(by, since, min(now, until))
            by, since = after, now
    if by and since < until:
        yield Hold(by, since, until)


def _holder(plan: Plan, family: Family, ticket: Ticket) -> e.Address:
    """Who has to act on the ticket now; empty where nobody has, or where it waits."""
    category = plan.categories.get(ticket.category)
    state = plan.workflows[category.workflow].states.get(ticket.state) if category else None
    if state is None or state.final or state.owner is None or state.pauses:
        return ""
    found = addresses(plan, family, ticket, state.owner)
    return found[0] if found else ""
