"""A site's plan in its versions. Each is read when it is first asked for: most of the old ones never are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial, reduce
from threading import Lock
from typing import Self, TypeAlias

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
            raise StoreError("no policy that can be read was ever applied")
        return plan

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


def _itself(plan: Plan) -> Plan:
    return plan


def _changed(plan: Plan, change: Change) -> Plan:
    return change(plan)
