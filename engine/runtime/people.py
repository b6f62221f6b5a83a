"""Who holds which role when: the roster, shifts, stand-ins, and who held a post at an instant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import NamedTuple

from engine.core import Plan, timetable
from engine.core.plan import Role


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

    A roster that is not `complete` names only those who act, as a scenario does: a role it never mentions is taken to
    be manned by others.
    """

    plan: Plan
    edition: str
    entries: tuple[Entry, ...] = ()
    handovers: tuple[Handover, ...] = ()
    complete: bool = True

    def with_entry(self, entry: Entry) -> Roster:
        """The same with a person's entry for this role put in place of any that ran before."""
        ended = tuple(
            known._replace(until=entry.since)
            if known.person == entry.person and known.role == entry.role and known.until is None
            else known
            for known in self.entries
        )
        return replace(self, entries=(*ended, entry))

    def without(self, person: str, at: int) -> Roster:
        """The same from `at` on without this person."""
        return replace(
            self,
            entries=tuple(
                known._replace(until=at) if known.person == person and known.until is None else known
                for known in self.entries
            ),
        )

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

    def holders(self, role: str, at: int) -> tuple[str, ...]:
        """Everybody of a role at an instant, on duty or not."""
        return tuple(dict.fromkeys(entry.person for entry in self._at(at) if entry.role == role))

    def on_duty(self, role: str, at: int) -> tuple[str, ...]:
        """Those of a role who are there at an instant."""
        entries = [entry for entry in self._at(at) if entry.role == role]
        return tuple(dict.fromkeys(e.person for e in entries if self._open(e.shifts or self.shifts(role), at)))

    def times_on_duty(self, role: str, start: int, end: int) -> Mapping[str, Sequence[tuple[int, int]]]:
        """Who of a role is there in [start, end): person -> stretches; whoever is not there at all is left out."""
        found: dict[str, list[tuple[int, int]]] = {}
        for entry in self.entries:
            if entry.role != role:
                continue
            since, until = max(start, entry.since), min(end, entry.until if entry.until is not None else end)
            for shift in entry.shifts or self.shifts(role):
                for opens, closes in timetable(self.plan, shift, self.edition).intervals(since, until):
                    found.setdefault(entry.person, []).append((max(opens, since), min(closes, until)))
        return {person: sorted(stretches) for person, stretches in found.items()}

    def shifts(self, role: str) -> tuple[str, ...]:
        return self.plan.roles[role].on_duty or (self.plan.calendar,)

    def acting_roles(self, person: str, at: int) -> frozenset[str]:
        """The roles a person may act in: his own, and those he stands in for because nobody of them is there."""
        own = set(self.roles_of(person, at))
        grown = True
        while grown:
            grown = False
            for role in self.plan.roles.values():
                if role.id not in own and self._stand_in(role) in own and self.nobody_there(role.id, at):
                    own.add(role.id)
                    grown = True
        return frozenset(own)

    def nobody_there(self, role: str, at: int) -> bool:
        """Whether nobody of a role is on duty, so that its stand-in may act and is told."""
        unmentioned = not self.complete and not any(entry.role == role for entry in self.entries)
        return not unmentioned and not self.on_duty(role, at)

    def _stand_in(self, role: Role) -> str:
        return role.fallback or self.plan.last_resort

    def leaver(self, role: str, at: int) -> str | None:
        """Who leaves the post at the edge nearest to `at`, or held it last."""
        return self._beside(role, at, ending=True)

    def taker(self, role: str, at: int) -> str | None:
        """Who takes the post at the edge at or after `at`."""
        return self._beside(role, at, ending=False)

    def _beside(self, role: str, at: int, *, ending: bool) -> str | None:
        best: tuple[int, str] | None = None
        for entry in self._at(at):
            if entry.role != role:
                continue
            for shift in entry.shifts or self.shifts(role):
                table = timetable(self.plan, shift, self.edition)
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
        if self.plan.roles[role].handover is not None:
            signed = [handover for handover in self.handovers if handover.role == role and handover.at < at]
            if signed:
                return signed[-1].taker
            return self._first_shift(role, before)
        there = self.on_duty(role, before) or self.holders(role, before)
        return there[0] if there else None

    def _first_shift(self, role: str, at: int) -> str | None:
        """Without any signature yet: who was there when the day's first shift began."""
        best: tuple[int, str] | None = None
        for entry in self._at(at):
            if entry.role == role:
                for shift in entry.shifts or self.shifts(role):
                    table = timetable(self.plan, shift, self.edition)
                    midnight = table.instant(datetime.combine(table.local(at).date(), time()))
                    for start, _ in table.intervals(midnight, at):
                        if best is None or start < best[0]:
                            best = (start, entry.person)
        return best[1] if best is not None else None

    def _open(self, shifts: Iterable[str], at: int) -> bool:
        return any(timetable(self.plan, shift, self.edition).is_open(at) for shift in shifts)

    def _at(self, at: int) -> tuple[Entry, ...]:
        return tuple(e for e in self.entries if e.since <= at and (e.until is None or at < e.until))


def required_staff(plan: Plan, role: Role) -> tuple[int, int] | None:
    """How many people a role needs here: least and most; None where the plan does not say."""
    if role.staff is None:
        return None
    if role.staff.per is None:
        return role.staff.low, role.staff.high
    per, number = role.staff.per
    needed = -(-role.staff.low * plan.numbers.get(number, 0) // per)  # rounded up
    return needed, needed
