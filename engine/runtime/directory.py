"""The staff of a site: terms, leaves and substitutes, and what a list of them makes of the roster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple, TypeAlias

from engine.core import Plan
from engine.runtime.people import Entry


class Leave(NamedTuple):
    """Absent in [since, until), or from then on without an end; a substitute holds the roles meanwhile."""

    since: int
    until: int | None = None
    substitute: str | None = None


@dataclass(frozen=True, slots=True)
class Staff:
    """A person in some roles, on the same shifts in each (none named: all), in [since, until). Instants in seconds UTC.

    A leave is the person's, whichever role it stands with: nobody is half absent. Its substitute takes these roles.
    """

    person: str
    roles: tuple[str, ...]
    shifts: tuple[str, ...] = ()
    phone: str = field(default="", repr=False)
    since: int = 0
    until: int | None = None
    leaves: tuple[Leave, ...] = ()
    addresses: Mapping[str, str] = field(default_factory=dict, repr=False)  #: channel of the plan -> where


# ---- staff into entries of the roster -------------------------------------------------------------------------------

Stretch: TypeAlias = tuple[int, int]  #: [from, until)
FOREVER: Final = 1 << 62


def entries(plan: Plan, staff: Iterable[Staff]) -> tuple[Entry, ...]:
    """The roster that a list of staff makes: a leave ends an entry and its end begins another; the substitute has one
    meanwhile. In the order of the list, which decides who of several is asked first.
    """
    staff = list(staff)
    there = presence(staff)
    held: dict[tuple[str, str], dict[str, list[Stretch]]] = {}
    for one in staff:
        term = _stretch(one.since, one.until)
        holders = [(one.person, _common([term], there[one.person]))]
        holders += [
            (leave.substitute, _common([term], [_stretch(leave.since, leave.until)]))
            for leave in one.leaves
            if leave.substitute is not None
        ]
        for role in one.roles:
            for person, stretches in holders:
                for shift in one.shifts or shifts_of(plan, role):
                    held.setdefault((person, role), {}).setdefault(shift, []).extend(stretches)
    return tuple(
        entry for (person, role), by_shift in held.items() for entry in _entries_of(plan, person, role, by_shift)
    )


def presence(staff: Iterable[Staff]) -> Mapping[str, Sequence[Stretch]]:
    """Person -> when he is there: in any of his roles, without his leaves."""
    terms: dict[str, list[Stretch]] = {}
    leaves: dict[str, list[Stretch]] = {}
    for one in staff:
        terms.setdefault(one.person, []).append(_stretch(one.since, one.until))
        leaves.setdefault(one.person, []).extend(_stretch(leave.since, leave.until) for leave in one.leaves)
    return {person: _minus(_union(terms[person]), _union(leaves[person])) for person in terms}


def shifts_of(plan: Plan, role: str) -> tuple[str, ...]:
    return plan.roles[role].on_duty or (plan.calendar,)


def _entries_of(plan: Plan, person: str, role: str, by_shift: Mapping[str, Sequence[Stretch]]) -> Iterable[Entry]:
    """The fewest entries that say in which shifts a person holds a role when."""
    edges = sorted({edge for stretches in by_shift.values() for stretch in stretches for edge in stretch})
    running: Entry | None = None
    for since, until in pairwise(edges):
        shifts = tuple(
            shift
            for shift in shifts_of(plan, role)
            if any(start <= since < end for start, end in by_shift.get(shift, ()))
        )
        end = until if until < FOREVER else None
        named = () if shifts == shifts_of(plan, role) else shifts
        if running is not None and shifts and running.shifts == named:
            running = running._replace(until=end)
            continue
        if running is not None:
            yield running
        running = Entry(person, role, named, since, end) if shifts else None
    if running is not None:
        yield running


def _stretch(since: int, until: int | None) -> Stretch:
    return since, FOREVER if until is None else until


def _union(stretches: Iterable[Stretch]) -> list[Stretch]:
    found: list[Stretch] = []
    for since, until in sorted(stretches):
        if found and since <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], until)
        else:
            found.append((since, until))
    return found


def _common(some: Iterable[Stretch], others: Sequence[Stretch]) -> list[Stretch]:
    both = [(max(a, c), min(b, d)) for a, b in some for c, d in others]
    return [stretch for stretch in both if stretch[0] < stretch[1]]


def _minus(some: Sequence[Stretch], others: Sequence[Stretch]) -> list[Stretch]:
    """`some` without `others`; both in order, without overlaps."""
    edges = [-FOREVER, *(edge for stretch in others for edge in stretch), FOREVER]
    return _common(some, list(zip(edges[::2], edges[1::2], strict=True)))


# ---- what a new list changes ----------------------------------------------------------------------------------------


class Changes(NamedTuple):
    """What a new list changes from an instant on: entries that begin then or later, and entries that no longer run."""

    come: tuple[Entry, ...]
    gone: tuple[Entry, ...]


def changes(old: Iterable[Entry], new: Iterable[Entry], at: int) -> Changes:
    """What makes the old entries the same as the new ones from `at` on. The same list a second time changes nothing."""
    before = [(entry, _from(entry, at)) for entry in old]
    after = [rest for entry in new if (rest := _from(entry, at)) is not None]
    running = {rest for _, rest in before}
    wanted = dict.fromkeys(after)
    come = tuple(rest for rest in wanted if rest not in running)
    gone = tuple(entry for entry, rest in before if rest is not None and rest not in wanted)
    return Changes(come, gone)


def changed(old: Iterable[Entry], what: Changes, at: int) -> tuple[Entry, ...]:
    """The entries with the changes made at `at`: what was before is kept, for who answers for it is asked later."""
    gone = set(what.gone)
    kept = [entry if entry not in gone else entry._replace(until=at) for entry in old]
    return (*(entry for entry in kept if entry.until is None or entry.since < entry.until), *what.come)


def leavers(old: Iterable[Entry], new: Iterable[Entry], at: int) -> tuple[str, ...]:
    """Who was on the old list at `at` or later, and is not on the new one any more."""
    stay = {entry.person for entry in new if _from(entry, at) is not None}
    return tuple(dict.fromkeys(e.person for e in old if _from(e, at) is not None and e.person not in stay))


def _from(entry: Entry, at: int) -> Entry | None:
    """The rest of an entry from `at` on."""
    if entry.until is not None and entry.until <= at:
        return None
    return entry._replace(since=max(entry.since, at))
