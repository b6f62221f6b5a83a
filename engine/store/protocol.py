"""What every store promises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from engine.core import Command, Family, Membership, Message, Rule, Step, Timer


class ConflictError(Exception):
    """Somebody else changed the family meanwhile; nothing was written. Load it again and decide again."""


class Commit(NamedTuple):
    """All that one step writes: it enters whole or not at all."""

    family: Family
    step: Step
    timers: tuple[Timer, ...]
    messages: tuple[Message, ...] = ()


class Done(NamedTuple):
    """A command took effect: the step it made, and the family after all that it caused."""

    step: Step
    family: Family


class SiteEvent(NamedTuple):
    """Something that happened to the site and not to a ticket. `at` is seconds UTC."""

    at: int
    kind: str
    rule: Rule
    data: Mapping[str, Any]


class Store(Protocol):
    """Families by ticket, their timers as an index, what detections know, the site's own stream, and the vault."""

    def load(self, ticket: str) -> Family | None:
        """The family that a ticket belongs to."""
        ...

    def families(self) -> Iterable[Family]:
        """All families, in order of opening."""
        ...

    def steps(self, family: str) -> tuple[Step, ...]:
        """The history of a family."""
        ...

    def commit(self, commit: Commit) -> None:
        """Write a step. Raises ConflictError unless the family stands just before it."""
        ...

    def next_timer(self) -> Timer | None:
        """The timer that fires first, of all families."""
        ...

    def messages(self) -> tuple[Message, ...]:
        """All messages ever committed, in order."""
        ...

    def stamp(self, now: int) -> int:
        """The instant for something that comes in now: never before one given earlier, whatever a clock does."""
        ...

    def answer(self, person: str, key: str) -> tuple[Command, Done] | None:
        """What was answered to a keyed command that took effect."""
        ...

    def remember(self, command: Command, done: Done) -> None:
        """Keep the answer to a keyed command."""
        ...

    def join(self, membership: Membership) -> tuple[Membership, ...]:
        """Put an opening into its bucket; returns the bucket, it included."""
        ...

    def fired(self, detection: str, bucket: tuple[Any, ...], ticket: str) -> bool:
        """Remember that a detection fired on a ticket; True if it was known already."""
        ...

    def group(self, detection: str, first: str) -> str | None:
        """The ticket that a detection opened for the group of its first firing opening."""
        ...

    def keep_group(self, detection: str, first: str, ticket: str | None) -> None:
        """Remember the ticket of a group; None forgets it."""
        ...

    def add_member(self, group: str, ticket: str) -> bool:
        """Make a ticket a member of a group's ticket; False if it is one already."""
        ...

    def members(self, group: str) -> tuple[str, ...]: ...

    def record(self, event: SiteEvent) -> None:
        """Write to the site's own stream."""
        ...

    def site_events(self) -> tuple[SiteEvent, ...]: ...

    def seal(self, fact: str, value: str) -> str:
        """Put a personal value into the vault; returns its reference. Equal values of one fact have one reference."""
        ...

    def reveal(self, reference: str) -> str | None:
        """The personal value behind a reference; None once it is erased."""
        ...

    def erase(self, reference: str) -> None: ...
