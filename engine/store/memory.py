"""The store of rehearsals: everything in memory, the same promises."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, MutableMapping, Sequence
from heapq import heappop, heappush
from threading import RLock
from typing import Any, TypeVar

from engine.core import Family, Membership, Message, Period, Step, Timer
from engine.store.protocol import Answered, Commit, ConflictError, Cursor, Errand, Query, Row, SiteEvent, Transaction

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")


class MemoryStore:
    """Keeps what a Store keeps. What a transaction changes it can take back.

    Families wait in a heap by their next instant; entries of an earlier step are stale and skipped.
    """

    def __init__(self) -> None:
        self._lock = RLock()
        self._undo: list[Callable[[], object]] = []
        self._families: dict[str, Family] = {}
        self._root_of: dict[str, str] = {}
        self._steps: dict[str, list[Step]] = {}
        self._timers: dict[str, tuple[Timer, ...]] = {}
        self._rows: dict[str, Row] = {}
        self._heap: list[tuple[int, str]] = []
        self._stamp = 0
        self._answers: dict[tuple[str, str], Answered] = {}
        self._inbox: dict[str, list[Errand]] = {}
        self._known: set[str] = set()
        self._messages: list[Message] = []
        self._buckets: dict[tuple[str, tuple[Any, ...]], list[Membership]] = {}
        self._fired: set[tuple[str, tuple[Any, ...], str]] = set()
        self._groups: dict[tuple[str, str], str] = {}
        self._members: dict[str, list[str]] = {}
        self._site: list[SiteEvent] = []
        self._marks: dict[str, int] = {}
        self._vault: dict[str, str] = {}
        self._references: dict[tuple[str, str], str] = {}
        self._sealed = 0

    def write(self, work: Callable[[Transaction], T]) -> T:
        with self._lock:
            outer, self._undo = self._undo, []
            try:
                result = work(self)
            except BaseException:
                for undo in reversed(self._undo):
                    undo()
                self._undo = outer
                raise
            self._undo = [*outer, *self._undo] if outer else []
            return result

    # ---- reading ----------------------------------------------------------------------------------------------------

    def load(self, ticket: str) -> Family | None:
        root = self._root_of.get(ticket)
        return self._families[root] if root is not None else None

    def steps(self, family: str) -> tuple[Step, ...]:
        return tuple(self._steps.get(family, ()))

    def families(self, *, open_only: bool = False) -> Iterable[Family]:
        return [family for family in self._families.values() if not open_only or family.is_open]

    def roots(self, during: Collection[Period] | None = None) -> Sequence[str]:
        return list(self._families)

    def rows(self, query: Query) -> Sequence[Row]:
        found = sorted((row for row in self._rows.values() if _fits(row, query)), key=lambda row: _place(query, row))
        if query.after is not None:
            end = _order(query, query.after)
            found = [row for row in found if _place(query, row) > end]
        return found[: query.limit]

    def row(self, ticket: str) -> Row | None:
        return self._rows.get(ticket)

    def due(self, until: int, limit: int) -> Sequence[str]:
        found: dict[str, int] = {}
        while len(found) < limit and (at := self.next_instant()) is not None and at <= until:
            _, family = heappop(self._heap)
            found[family] = at
        for family, at in found.items():
            heappush(self._heap, (at, family))
        return list(found)

    def next_instant(self) -> int | None:
        while self._heap:
            at, family = self._heap[0]
            if self._next(family) == at:
                return at
            heappop(self._heap)
        return None

    def _next(self, family: str) -> int | None:
        timers, errands = self._timers.get(family, ()), self._inbox.get(family, ())
        instants = [timers[0].fire] if timers else []
        return min((*instants, *(errand.at for errand in errands)), default=None)

    def timers(self, family: str) -> tuple[Timer, ...]:
        return self._timers.get(family, ())

    def errands(self, family: str, until: int) -> Sequence[Errand]:
        return sorted((one for one in self._inbox.get(family, ()) if one.at <= until), key=lambda one: one[:2])

    def answer(self, person: str, key: str) -> Answered | None:
        return self._answers.get((person, key))

    def group(self, detection: str, member: str) -> str | None:
        return self._groups.get((detection, member))

    def members(self, group: str) -> tuple[str, ...]:
        return tuple(self._members.get(group, ()))

    def site_events(self, kind: str | None = None, key: str | None = None) -> Sequence[SiteEvent]:
        return [e for e in self._site if (kind is None or e.kind == kind) and (key is None or e.key == key)]

    def site_events_of(self, kinds: Collection[str]) -> Sequence[SiteEvent]:
        return [event for event in self._site if event.kind in kinds]

    def messages(self) -> tuple[Message, ...]:
        return tuple(self._messages)

    def mark(self, name: str) -> int | None:
        return self._marks.get(name)

    def reference(self, fact: str, value: str) -> str | None:
        return self._references.get((fact, value))

    def reveal(self, reference: str) -> str | None:
        return self._vault.get(reference)

    # ---- writing ----------------------------------------------------------------------------------------------------

    def stamp(self, now: int) -> int:
        before = self._stamp
        self._undo.append(lambda: setattr(self, "_stamp", before))
        self._stamp = max(before, now)
        return self._stamp

    def commit(self, commit: Commit) -> None:
        family = commit.family
        known = self._families.get(family.id)
        if commit.steps[0].number != (known.steps if known is not None else 0) + 1:
            raise ConflictError(family.id)
        self._set(self._families, family.id, family)
        for step in commit.steps:
            self._append(self._steps, family.id, step)
        for ticket in family.tickets:
            if ticket not in self._root_of:
                self._set(self._root_of, ticket, family.id)
        self.repair(family.id, commit.timers, commit.rows)
        for message in commit.messages:
            self._messages.append(message)
            self._undo.append(self._messages.pop)

    def repair(self, family: str, timers: tuple[Timer, ...], rows: tuple[Row, ...]) -> None:
        self._set(self._timers, family, timers)
        for row in rows:
            self._set(self._rows, row.ticket, row)
        self._wait(family)

    def _wait(self, family: str) -> None:
        if (at := self._next(family)) is not None:
            heappush(self._heap, (at, family))

    def remember(self, person: str, key: str, answered: Answered) -> None:
        self._set(self._answers, (person, key), answered)

    def send(self, errand: Errand, family: str) -> None:
        if errand.key not in self._known:
            self._add(self._known, errand.key)
            self._append(self._inbox, family, errand)
            self._wait(family)

    def done(self, errand: Errand) -> None:
        family = self._root_of[errand.command.ticket]
        self._set(self._inbox, family, [one for one in self._inbox[family] if one.key != errand.key])
        self._wait(family)

    def join(self, membership: Membership) -> tuple[Membership, ...]:
        key = (membership.detection, membership.bucket)
        self._append(self._buckets, key, membership)
        return tuple(self._buckets[key])

    def leave(self, ticket: str) -> None:
        for key, bucket in list(self._buckets.items()):
            if any(membership.ticket == ticket for membership in bucket):
                self._set(self._buckets, key, [one for one in bucket if one.ticket != ticket])

    def fired(self, detection: str, bucket: tuple[Any, ...], ticket: str) -> bool:
        key = (detection, bucket, ticket)
        if key in self._fired:
            return True
        self._add(self._fired, key)
        return False

    def keep_group(self, detection: str, member: str, ticket: str) -> None:
        self._set(self._groups, (detection, member), ticket)

    def add_member(self, group: str, ticket: str) -> bool:
        if ticket in self._members.get(group, ()):
            return False
        self._append(self._members, group, ticket)
        return True

    def record(self, event: SiteEvent) -> None:
        self._site.append(event)
        self._undo.append(self._site.pop)

    def set_mark(self, name: str, at: int) -> None:
        self._set(self._marks, name, at)

    def seal(self, fact: str, value: str) -> str:
        reference = self._references.get((fact, value))
        if reference is None:
            self._sealed += 1
            reference = f"pii:{fact}:{self._sealed}"
            self._set(self._references, (fact, value), reference)
            self._set(self._vault, reference, value)
        return reference

    def erase(self, reference: str) -> None:
        self._set(self._vault, reference, None)
        for key, known in list(self._references.items()):
            if known == reference:
                self._set(self._references, key, None)

    # ---- taking back ------------------------------------------------------------------------------------------------

    def _set(self, of: MutableMapping[K, V], key: K, value: V | None) -> None:
        """Set a key, or with None delete it."""
        before = of.get(key)
        self._undo.append(lambda: _put(of, key, before))
        _put(of, key, value)

    def _append(self, of: MutableMapping[K, list[V]], key: K, value: V) -> None:
        of.setdefault(key, []).append(value)
        self._undo.append(lambda: of[key].pop())  # taken back in the reverse order, so it is the last

    def _add(self, of: set[K], value: K) -> None:
        of.add(value)
        self._undo.append(lambda: of.discard(value))


def _put(of: MutableMapping[K, V], key: K, value: V | None) -> None:
    if value is None:
        of.pop(key, None)
    else:
        of[key] = value


def _fits(row: Row, query: Query) -> bool:
    asked = (
        (query.open, row.closed is None),
        (query.category, row.category),
        (query.state, row.state),
        (query.owner, row.owner),
        (query.assignee, row.assignee),
        (query.post, row.post),
        (query.overdue, row.overdue > 0),
        (query.silent, row.silent),
    )
    return all(want is None or want == got for want, got in asked) and (query.link is None or query.link in row.links)


def _place(query: Query, row: Row) -> tuple[bool, int, str]:
    return _order(query, query.cursor(row))


def _order(query: Query, at: Cursor) -> tuple[bool, int, str]:
    """How what stands in a list compares."""
    return at.at is None, (at.at or 0) if query.open else -(at.at or 0), at.ticket
