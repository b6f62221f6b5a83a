"""Patterns over several tickets, as pure functions of a set of openings: whatever order they came in, the same ones
fire.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

from engine.core.agenda import shifted
from engine.core.conditions import Value
from engine.core.plan import Detection, Plan
from engine.core.ticket import Family, Ticket
from engine.core.work import fact_of
from engine.worktime import DayRule


class Membership(NamedTuple):
    """An opening that counts for a detection. `bucket` is what it has in common with others, `differs` what it must
    not.

    Sorted, memberships stand in the order (effective opening, ticket).
    """

    at: int
    ticket: str
    detection: str
    bucket: tuple[Value, ...]
    differs: tuple[Value, ...] = ()


class Firing(NamedTuple):
    """An opening that completes a pattern. `group` is the ticket of the group's first firing opening."""

    ticket: str
    at: int
    members: tuple[str, ...]
    group: str


def memberships(plan: Plan, family: Family, ticket: Ticket) -> tuple[Membership, ...]:
    """The detections that a ticket counts for. A fact of `same` that is not set makes no member."""
    found: list[Membership] = []
    for detection in plan.detections.values():
        if ticket.category not in detection.of:
            continue
        if detection.when is not None and not detection.when.holds(partial(fact_of, plan, family, ticket)):
            continue
        bucket = [ticket.fact(name) for name in detection.same]
        differs = [ticket.fact(name) for name in detection.different]
        if None not in bucket and None not in differs:
            found.append(
                Membership(
                    ticket.opened,
                    ticket.id,
                    detection.id,
                    tuple(value for value in bucket if value is not None),
                    tuple(value for value in differs if value is not None),
                )
            )
    return tuple(found)


def ended_unanswered(plan: Plan, ticket: Ticket) -> bool:
    """Whether a closed ticket was withdrawn or rejected before an answer, and is a member no more: it has no `outcome`,
    though its workflow gives one (SEMANTICS §12, and §14, which leaves the same ones out).
    """
    moves = plan.workflow_of(ticket.category).moves.values()
    gives_one = any("outcome" in move.set or any(asked.fact == "outcome" for asked in move.ask) for move in moves)
    return gives_one and ticket.fact("outcome") is None


def firings(plan: Plan, edition: str, detection: Detection, members: Iterable[Membership]) -> tuple[Firing, ...]:
    """The openings of one bucket that fire: m fires iff at least `count` of them, m included, lie in the window
    before it.
    """
    ordered = sorted(members)
    fired: list[Firing] = []
    group_of: dict[str, str] = {}
    for index, newest in enumerate(ordered):
        begin = 0
        if detection.within is not None:
            back = detection.within._replace(amount=-detection.within.amount)
            earliest = shifted(back, newest.at, plan, plan.calendar, edition, DayRule.SAME_TIME)
            begin = bisect_left(ordered, earliest, hi=index, key=lambda member: member.at)
        window = ordered[begin : index + 1]
        distinct = {member.differs for member in window} if detection.different else {m.ticket for m in window}
        if len(distinct) < detection.count:
            continue
        names = tuple(member.ticket for member in window)
        group = next((group_of[name] for name in names if name in group_of), newest.ticket)
        group_of.update(dict.fromkeys(names, group))
        fired.append(Firing(newest.ticket, newest.at, names, group))
    return tuple(fired)
