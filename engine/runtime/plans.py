"""A site's plan in its versions. Each is read when it is first asked for: most of the old ones never are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from functools import partial, reduce
from threading import Lock
from typing import Self, TypeAlias
from zoneinfo import ZoneInfo

from engine.core import Plan
from engine.store import StoreError

#: Reads a version; None: it is not understood. Raises StoreError: not now.
Read: TypeAlias = Callable[[], Plan | None]
Change: TypeAlias = Callable[[Plan], Plan]


class Plans:
    """Versions in the order in which they were last applied. Iterating, forwards or back, reads as it goes and passes
    over what is not understood. Threads share it: what one of them read, all have.
    """

    def __init__(self, read: dict[str, Read], changes: tuple[Change, ...] = ()) -> None:
        self._read = read
        self._changes = changes
        self._known: dict[str, Plan | None] = {}
        self._reading = Lock()

    @classmethod
    def of(cls, *plans: Plan) -> Self:
        """Versions that were read already."""
        return cls({plan.version: partial(_itself, plan) for plan in plans})

    @property
    def newest(self) -> Plan:
        """Raises StoreError: none can be read."""
        plan = next(reversed(self), None)
        if plan is None:
            raise StoreError(
                "none of the policies that were applied is understood by this version: mend the file and reload it",
                "本版本无法理解任何一版已应用的政策：请更正文件并重新加载",
            )
        return plan

    # ---- which of them is in force ----------------------------------------------------------------------------------

    def in_force(self, at: int) -> Plan:
        """The version by which the site goes at an instant: the latest whose day has come, before them the first.

        A version that is being rolled out is in force here once everybody takes it, and before that for a pilot site
        while the pilot runs.
        """
        day = datetime.fromtimestamp(at, self.newest.zone).date()
        return next((plan for plan in reversed(self) if _has_come(plan, day)), None) or next(iter(self))

    def stretches(self, start: int, end: int) -> Iterator[tuple[Plan, int, int]]:
        """The versions in force in [start, end), one after the other, each with its stretch."""
        plan, since = self.in_force(start), start
        for midnight in _midnights(start, end, self.newest.zone):
            if (following := self.in_force(midnight)) is not plan:
                yield plan, since, midnight
                plan, since = following, midnight
        yield plan, since, end

    def knowing(self, plan: Plan, knows: Callable[[Plan], bool]) -> Plan | None:
        """This version if it knows something, else the newest that does; None: none does."""
        return plan if knows(plan) else next(filter(knows, reversed(self)), None)

    # ---- reading them -----------------------------------------------------------------------------------------------

    def get(self, version: str) -> Plan | None:
        """A version; None where it never ran here, or is not understood by this release."""
        plan = self._known.get(version)
        return plan if plan is not None else self._first(version)

    def _first(self, version: str) -> Plan | None:
        with self._reading:
            if version not in self._known and version in self._read:
                plan = self._read[version]()
                self._known[version] = reduce(_changed, self._changes, plan) if plan is not None else None
            return self._known.get(version)

    def __len__(self) -> int:
        """How many ever ran here, understood or not."""
        return len(self._read)

    def __contains__(self, version: str) -> bool:
        """Whether the site ever ran by a version, which may not be understood any more."""
        return version in self._read

    def __iter__(self) -> Iterator[Plan]:
        return (plan for version in self._read if (plan := self.get(version)) is not None)

    def __reversed__(self) -> Iterator[Plan]:
        return (plan for version in reversed(self._read) if (plan := self.get(version)) is not None)

    def after(self, change: Change) -> Plans:
        """All of them changed: what was read already at once, the others when they are."""
        changed = Plans(self._read, (*self._changes, change))
        with self._reading:
            changed._known = {version: plan and change(plan) for version, plan in self._known.items()}
        return changed

    def with_newest(self, plan: Plan) -> Plans:
        """The same with a version put last that was just applied, as it was read."""
        others = {version: read for version, read in self._read.items() if version != plan.version}
        return Plans({**others, plan.version: partial(_itself, plan)}, self._changes)


def _has_come(plan: Plan, day: date) -> bool:
    rollout = plan.rollout
    if plan.effective is not None and day < plan.effective:
        return False
    if rollout is None or (rollout.all_from is not None and rollout.all_from <= day):
        return True
    pilot = rollout.pilot_from is not None and rollout.pilot_from <= day
    return plan.id in rollout.pilot_sites and pilot and (rollout.pilot_until is None or day <= rollout.pilot_until)


def _midnights(start: int, end: int, zone: ZoneInfo) -> Iterator[int]:
    """Those in (start, end): the plan in force changes with the day."""
    day = datetime.fromtimestamp(start, zone).date()
    while (at := int(datetime.combine(day := day + timedelta(days=1), time(), zone).timestamp())) < end:
        yield at


def _itself(plan: Plan) -> Plan:
    return plan


def _changed(plan: Plan, change: Change) -> Plan:
    return change(plan)
