"""Who holds which role when: the roster, shifts, stand-ins, and who held a post at an instant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from functools import partial
from itertools import product
from typing import NamedTuple

from engine.core import Plan, timetable
from engine.core.plan import Role
from engine.runtime.plans import Plans
from engine.worktime import Timetable


class Entry(NamedTuple):
    """A person in a role, on some of its shifts (none named: all), from one instant until another."""

    person: str
    role: str
    shifts: tuple[str, ...] = ()
    since: int = 0
    until: int | None = None


class Handover(NamedTuple):
    """A signed handover of a post: from `at` on the taker holds it."""

    at: int
    role: str
    leaver: str
    taker: str


@dataclass(frozen=True, slots=True)
class Roster:
    """The people of a site. A change makes a new one; `edition` names the day data that shifts are read by.

    Roles and shifts are those of the plan in force at the instant that is asked about. What it does not know any more
    is as the last version had it that did: tickets that opened by that version are open, and people are listed so.

    A roster that is not `complete` names only those who act, as a scenario does: a role it never mentions is taken to
    be manned by others.
    """

    plans: Plans
    edition: str
    entries: tuple[Entry, ...] = ()
    handovers: tuple[Handover, ...] = ()
    complete: bool = True

    def with_entry(self, entry: Entry) -> Roster:
        """The same with a person's entry for this role put in place of what he had in it then; what begins after it is
        over stays.
        """

        def gives_way(known: Entry) -> bool:
            ahead = entry.until is not None and known.since >= entry.until
            return (known.person, known.role) == (entry.person, entry.role) and not ahead

        return replace(self, entries=(*_ended(self.entries, entry.since, gives_way), entry))

    def without(self, person: str, at: int) -> Roster:
        """The same from `at` on without this person, who has nothing ahead either."""
        return replace(self, entries=tuple(_ended(self.entries, at, lambda known: known.person == person)))

    def after(self, at: int, come: Iterable[Entry], gone: Iterable[str]) -> Roster:
        """The same after people went and came at an instant."""
        roster = self
        for person in gone:
            roster = roster.without(person, at)
        for entry in come:
            roster = roster.with_entry(entry)
        return roster

    def with_handover(self, handover: Handover) -> Roster:
        return replace(self, handovers=(*self.handovers, handover))

    def knows(self, person: str) -> bool:
        return any(entry.person == person for entry in self.entries)

    def roles_of(self, person: str, at: int) -> frozenset[str]:
        """The roles a person holds at an instant, on his shift or off it."""
        return frozenset(entry.role for entry in self._at(at) if entry.person == person)

    def roles_held(self, at: int) -> tuple[str, ...]:
        """The roles that anybody has at an instant."""
        return tuple(dict.fromkeys(entry.role for entry in self._at(at)))

    def holders(self, role: str, at: int) -> tuple[str, ...]:
        """Everybody of a role at an instant, on duty or not."""
        return tuple(dict.fromkeys(entry.person for entry in self._at(at) if entry.role == role))

    def on_duty(self, role: str, at: int) -> tuple[str, ...]:
        """Those of a role who are there at an instant."""
        there = [entry for entry in self._at(at) if entry.role == role]
        plan = self.plans.in_force(at)
        return tuple(dict.fromkeys(e.person for e in there if any(t.is_open(at) for t in self._shifts(e, plan))))

    def times_on_duty(self, role: str, start: int, end: int) -> Mapping[str, Sequence[tuple[int, int]]]:
        """Who of a role is there in [start, end): person -> stretches; whoever is not there at all is left out."""
        found: dict[str, list[tuple[int, int]]] = {}
        entries = [entry for entry in self.entries if entry.role == role]
        for entry, (plan, begin, finish) in product(entries, self.plans.stretches(start, end)):
            since, until = max(begin, entry.since), min(finish, entry.until if entry.until is not None else finish)
            for table in self._shifts(entry, plan):
                for opens, closes in table.intervals(since, until):
                    found.setdefault(entry.person, []).append((max(opens, since), min(closes, until)))
        return {person: sorted(stretches) for person, stretches in found.items()}

    def plan_of(self, role: str, at: int) -> Plan | None:
        """The plan that says what a role is; None where no version ever did."""
        return self.plans.knowing(self.plans.in_force(at), partial(_has_role, role))

    def shifts(self, role: str, at: int) -> tuple[str, ...]:
        return self._shifts_of(role, self.plans.in_force(at))

    def _shifts_of(self, role: str, plan: Plan) -> tuple[str, ...]:
        """The shifts of a role where a plan is in force."""
        known = self.plans.knowing(plan, partial(_has_role, role))
        return known.roles[role].on_duty or (known.calendar,) if known is not None else ()

    def outdated(self, entry: Entry, at: int) -> tuple[str, ...]:
        """What an entry names, of role and shifts, that the plan in force does not know."""
        plan = self.plans.in_force(at)
        unknown = [] if entry.role in plan.roles else [entry.role]
        return (*unknown, *(shift for shift in entry.shifts if not _has_calendar(shift, plan)))

    def acting_roles(self, person: str, at: int, plan: Plan | None = None) -> frozenset[str]:
        """The roles a person may act in: his own, and those he stands in for because nobody of them is there. With the
        plan of a ticket also those that only this plan has.
        """
        own = set(self.roles_of(person, at))
        plans = (self.plans.in_force(at), *((plan,) if plan is not None else ()))
        stand_ins = {(role.id, role.fallback or one.last_resort) for one in plans for role in one.roles.values()}
        while grown := {
            role for role, other in stand_ins if other in own and role not in own and self.nobody_there(role, at)
        }:
            own |= grown
        return frozenset(own)

    def nobody_there(self, role: str, at: int) -> bool:
        """Whether nobody of a role is on duty, so that its stand-in may act and is told."""
        unmentioned = not self.complete and not any(entry.role == role for entry in self.entries)
        return not unmentioned and not self.on_duty(role, at)

    def leaver(self, role: str, at: int) -> str | None:
        """Who leaves the post at the edge nearest to `at`, or held it last."""
        return self._beside(role, at, self._at(at), ending=True)

    def taker(self, role: str, at: int, now: int | None = None) -> str | None:
        """Who takes the post at the edge at or after `at`; with `now`, of those who are on the list by now: who was to
        take it may be ill.
        """
        substitute = self._beside(role, at, self._at(now), ending=False) if now is not None and now > at else None
        return substitute or self._beside(role, at, self._at(at), ending=False)

    def _beside(self, role: str, at: int, entries: Iterable[Entry], *, ending: bool) -> str | None:
        best: tuple[int, str] | None = None
        plan = self.plans.in_force(at)
        for entry in entries:
            if entry.role != role:
                continue
            for table in self._shifts(entry, plan):
                if ending:
                    edges = [end for _, end in table.intervals(at - 86400, at) if end <= at]
                    distance = at - max(edges) if edges else None
                else:
                    starts = [start for start, _ in table.intervals(at, at + 86400) if start >= at]
                    distance = min(starts) - at if starts else None
                if distance is not None and (best is None or distance < best[0]):
                    best = (distance, entry.person)
        return best[1] if best is not None else None

    def holds_post(self, role: str, at: int) -> str | None:
        """Who answers for a role immediately before `at`: intervals count as (from, to].

        Where the role hands its post over by a signed ticket, the last taker before `at`; else who was there by roster.
        """
        before = at - 1
        plan = self.plan_of(role, at)
        if plan is not None and plan.roles[role].handover is not None:
            signed = [handover for handover in self.handovers if handover.role == role and handover.at < at]
            if signed:
                return signed[-1].taker
            return self._first_shift(role, before)
        there = self.on_duty(role, before) or self.holders(role, before)
        return there[0] if there else None

    def _first_shift(self, role: str, at: int) -> str | None:
        """Without any signature yet: who was there when the day's first shift began."""
        best: tuple[int, str] | None = None
        plan = self.plans.in_force(at)
        for entry in self._at(at):
            if entry.role == role:
                for table in self._shifts(entry, plan):
                    midnight = table.instant(datetime.combine(table.local(at).date(), time()))
                    for start, _ in table.intervals(midnight, at):
                        if best is None or start < best[0]:
                            best = (start, entry.person)
        return best[1] if best is not None else None

    def _shifts(self, entry: Entry, plan: Plan) -> Iterator[Timetable]:
        """When an entry is on duty where a plan is in force; a shift that no version of it knows is never."""
        for shift in entry.shifts or self._shifts_of(entry.role, plan):
            known = self.plans.knowing(plan, partial(_has_calendar, shift))
            if known is not None:
                yield timetable(known, shift, self.edition)

    def _at(self, at: int) -> tuple[Entry, ...]:
        return tuple(e for e in self.entries if e.since <= at and (e.until is None or at < e.until))


def _ended(entries: Iterable[Entry], at: int, those: Callable[[Entry], bool]) -> Iterator[Entry]:
    """The entries, of those that are meant only what lies before an instant."""
    for entry in entries:
        if not those(entry) or (entry.until is not None and entry.until <= at):
            yield entry
        elif entry.since < at:
            yield entry._replace(until=at)


def _has_role(id: str, plan: Plan) -> bool:
    return id in plan.roles


def _has_calendar(name: str, plan: Plan) -> bool:
    return name == "always" or name in plan.calendars


def required_staff(plan: Plan, role: Role) -> tuple[int, int] | None:
    """How many people a role needs here: least and most; None where the plan does not say."""
    if role.staff is None:
        return None
    if role.staff.per is None:
        return role.staff.low, role.staff.high
    per, number = role.staff.per
    needed = -(-role.staff.low * plan.numbers.get(number, 0) // per)  # rounded up
    return needed, needed
