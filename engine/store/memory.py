"""The store of rehearsals: everything in memory, the same promises."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush
from typing import Any

from engine.core import Command, Family, Membership, Message, Step, Timer
from engine.store.protocol import Commit, ConflictError, Done, SiteEvent


class MemoryStore:
    """Keeps what a Store keeps. Timers stand in a heap; those of an earlier step of their family are stale and
    skipped.
    """

    def __init__(self) -> None:
        self._families: dict[str, Family] = {}
        self._root_of: dict[str, str] = {}
        self._steps: dict[str, list[Step]] = {}
        self._heap: list[tuple[Timer, str, int]] = []
        self._stamp = 0
        self._answers: dict[tuple[str, str], tuple[Command, Done]] = {}
        self._messages: list[Message] = []
        self._buckets: dict[tuple[str, tuple[Any, ...]], list[Membership]] = {}
        self._fired: set[tuple[str, tuple[Any, ...], str]] = set()
        self._groups: dict[tuple[str, str], str] = {}
        self._members: dict[str, list[str]] = {}
        self._site: list[SiteEvent] = []
        self._vault: dict[str, str] = {}
        self._references: dict[tuple[str, str], str] = {}

    def load(self, ticket: str) -> Family | None:
        root = self._root_of.get(ticket)
        return self._families[root] if root is not None else None

    def families(self) -> Iterable[Family]:
        return self._families.values()

    def steps(self, family: str) -> tuple[Step, ...]:
        return tuple(self._steps[family])

    def commit(self, commit: Commit) -> None:
        family = commit.family
        known = self._families.get(family.id)
        if commit.step.number != (known.steps if known is not None else 0) + 1:
            raise ConflictError(family.id)
        self._families[family.id] = family
        self._steps.setdefault(family.id, []).append(commit.step)
        for ticket in family.tickets:
            self._root_of[ticket] = family.id
        for timer in commit.timers:
            heappush(self._heap, (timer, family.id, family.steps))
        self._messages.extend(commit.messages)

    def next_timer(self) -> Timer | None:
        while self._heap:
            timer, family, steps = self._heap[0]
            if self._families[family].steps == steps:
                return timer
            heappop(self._heap)
        return None

    def messages(self) -> tuple[Message, ...]:
        return tuple(self._messages)

    def stamp(self, now: int) -> int:
        self._stamp = max(self._stamp, now)
        return self._stamp

    def answer(self, person: str, key: str) -> tuple[Command, Done] | None:
        return self._answers.get((person, key))

    def remember(self, command: Command, done: Done) -> None:
        assert command.key is not None
        self._answers[command.actor.person, command.key] = (command, done)

    def join(self, membership: Membership) -> tuple[Membership, ...]:
        bucket = self._buckets.setdefault((membership.detection, membership.bucket), [])
        bucket.append(membership)
        return tuple(bucket)

    def fired(self, detection: str, bucket: tuple[Any, ...], ticket: str) -> bool:
        key = (detection, bucket, ticket)
        known = key in self._fired
        self._fired.add(key)
        return known

    def group(self, detection: str, first: str) -> str | None:
        return self._groups.get((detection, first))

    def keep_group(self, detection: str, first: str, ticket: str | None) -> None:
        if ticket is None:
            self._groups.pop((detection, first), None)
        else:
            self._groups[detection, first] = ticket

    def add_member(self, group: str, ticket: str) -> bool:
        members = self._members.setdefault(group, [])
        if ticket in members:
            return False
        members.append(ticket)
        return True

    def members(self, group: str) -> tuple[str, ...]:
        return tuple(self._members.get(group, ()))

    def record(self, event: SiteEvent) -> None:
        self._site.append(event)

    def site_events(self) -> tuple[SiteEvent, ...]:
        return tuple(self._site)

    def seal(self, fact: str, value: str) -> str:
        reference = self._references.get((fact, value))
        if reference is None:
            reference = f"pii:{fact}:{len(self._references) + 1}"
            self._references[fact, value] = reference
            self._vault[reference] = value
        return reference

    def reveal(self, reference: str) -> str | None:
        return self._vault.get(reference)

    def erase(self, reference: str) -> None:
        self._vault.pop(reference, None)
        for key, known in list(self._references.items()):
            if known == reference:
                self._references[key] = ""  # a later equal value gets a new reference
                del self._references[key]
