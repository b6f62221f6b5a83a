"""What every store promises.

A store keeps one site. Its log of steps is the truth; tickets, timers and members are indexes over it, which can be
rebuilt. Whoever changes something does it inside `write`: all of it enters, or nothing does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from engine.core import Command, Family, Membership, Message, Period, Rule, Step, Timer

T = TypeVar("T")


class ConflictError(Exception):
    """Somebody else changed the family meanwhile; nothing was written. Load it again and decide again."""


class StoreError(Exception):
    """The world's fault: disk full, file locked, a row that is not what its hash says. Nothing was written.

    `zh` says the same in Chinese, where people read it; what the system or SQLite says stays as it is.
    """

    def __init__(self, said: str, zh: str = "") -> None:
        super().__init__(said)
        self.zh = zh or said


class HalfDoneError(StoreError):
    """The world refused after some of several transactions were written, which stay: asking again does the others."""


class Row(NamedTuple):
    """A ticket as lists show it: an index, derived from plan and family after each step. Instants are seconds UTC.

    `due` is the first due instant that is still to come or still owed; `overdue` counts the runs that are breached.
    `silent`: the ladder of a breached run has nothing more to say, so the daily digest names the ticket.
    """

    ticket: str
    family: str
    category: str
    state: str
    owner: str  #: address of who must act
    assignee: str | None
    post: str | None
    opened: int
    closed: int | None
    level: int
    due: int | None
    overdue: int
    paused: bool
    silent: bool
    plan: str
    links: tuple[str, ...] = ()  #: what it may be found by: facts of dossiers, as `fact:value`


class Commit(NamedTuple):
    """All that is written of a family at once: its new steps, in order, and what its indexes hold after the last."""

    family: Family
    steps: tuple[Step, ...]
    timers: tuple[Timer, ...]
    messages: tuple[Message, ...] = ()
    rows: tuple[Row, ...] = ()


class Done(NamedTuple):
    """A command took effect: the step it made, and the family just after it."""

    step: Step
    family: Family


class Answered(NamedTuple):
    """What is remembered of a keyed command that took effect: its body, and which step it made."""

    body: str
    family: str
    step: int


class Errand(NamedTuple):
    """A command that one family's step causes on another, or on its own: stamped with that step's `at`."""

    at: int
    key: str  #: deterministic: the same errand is done once
    command: Command


class SiteEvent(NamedTuple):
    """Something that happened to the site and not to a ticket, at `at` (seconds UTC); looked up by `key`."""

    at: int
    kind: str
    rule: Rule
    data: Mapping[str, Any]
    key: str = ""


class Cursor(NamedTuple):
    """Where a page of a list ended: the instant by which its last row stands there, and the ticket. The next page goes
    on from there whatever became of that ticket.
    """

    at: int | None  #: seconds UTC; None: of an open ticket that nothing runs for
    ticket: str

    @property
    def text(self) -> str:
        return f"{NEVER if self.at is None else self.at}:{self.ticket}"

    @classmethod
    def read(cls, text: str) -> Cursor | None:
        """The cursor that a text is; None: it is none."""
        found = _CURSOR.fullmatch(text)
        return cls(None if found[1] == NEVER else int(found[1]), found[2]) if found else None


NEVER: Final = "never"
_CURSOR: Final = re.compile(rf"({NEVER}|-?\d{{1,12}}):(.+)", re.ASCII | re.DOTALL)


class Query(NamedTuple):
    """Which tickets a list shows. None: whatever. `link` is `fact:value`; `after` is where the page before ended.

    Open ones stand by what is due first, any others the newest first.
    """

    open: bool | None = None
    category: str | None = None
    state: str | None = None
    owner: str | None = None
    assignee: str | None = None
    post: str | None = None
    overdue: bool | None = None
    silent: bool | None = None
    link: str | None = None
    after: Cursor | None = None
    limit: int = 200

    def cursor(self, row: Row) -> Cursor:
        """Where a row stands in this list."""
        return Cursor(row.due if self.open else row.opened, row.ticket)


class Reader(Protocol):
    """What may be asked at any time. Outside `write` the answers are of the last commit."""

    def load(self, ticket: str) -> Family | None:
        """The family that a ticket belongs to, folded from its steps; inside `write` it is locked till the end."""
        ...

    def steps(self, family: str) -> tuple[Step, ...]:
        """The history of a family."""
        ...

    def families(self, *, open_only: bool = False) -> Iterable[Family]:
        """All families, in order of opening."""
        ...

    def roots(self, during: Collection[Period] | None = None) -> Sequence[str]:
        """The ids of all families, in order of opening. With `during`, those may be left out that are over and whose
        span (see `engine.core.span`) touches none of the periods, but not the first of all.
        """
        ...

    def rows(self, query: Query) -> Sequence[Row]:
        """The tickets that fit: open ones by due instant (none: last), then ticket; else newest opening first."""
        ...

    def row(self, ticket: str) -> Row | None:
        """A ticket as lists have it."""
        ...

    def due(self, until: int, limit: int) -> Sequence[str]:
        """Families with a timer that fires, or an errand stamped, at or before `until`; the earliest first."""
        ...

    def next_instant(self) -> int | None:
        """When the first timer fires or the first errand is stamped, of all families."""
        ...

    def timers(self, family: str) -> tuple[Timer, ...]:
        """What the index holds for a family, first one first."""
        ...

    def errands(self, family: str, until: int) -> Sequence[Errand]:
        """What waits in the inbox of a family's tickets, by stamp and key."""
        ...

    def answer(self, person: str, key: str) -> Answered | None: ...

    def group(self, detection: str, member: str) -> str | None:
        """The ticket that a detection opened for the group of a member, the latest one."""
        ...

    def members(self, group: str) -> tuple[str, ...]: ...

    def site_events(self, kind: str | None = None, key: str | None = None) -> Sequence[SiteEvent]:
        """The site's own stream, of one kind and key or whole."""
        ...

    def site_events_of(self, kinds: Collection[str]) -> Sequence[SiteEvent]:
        """Those of the site's own stream that are of several kinds, in their order."""
        ...

    def messages(self) -> tuple[Message, ...]:
        """All messages ever committed, in order."""
        ...

    def mark(self, name: str) -> int | None:
        """An instant kept under a name: up to when duties were opened, when the engine was last alive."""
        ...

    def reference(self, fact: str, value: str) -> str | None:
        """The reference of a personal value that is in the vault; None if it is not."""
        ...

    def reveal(self, reference: str) -> str | None:
        """The personal value behind a reference; None once it is erased."""
        ...


class Transaction(Reader, Protocol):
    """What may be done inside `write`. Everything read here sees what was written here."""

    def stamp(self, now: int) -> int:
        """The instant for something that comes in now: never before one given earlier, whatever a clock does."""
        ...

    def commit(self, commit: Commit) -> None:
        """Append steps. Raises ConflictError unless the family stands just before the first of them."""
        ...

    def remember(self, person: str, key: str, answered: Answered) -> None:
        """Keep which step a keyed command made."""
        ...

    def send(self, errand: Errand, family: str) -> None:
        """Put an errand into the inbox of a family, which may be one that this transaction makes; one with a known key
        is dropped. Keys are unique in the site.
        """
        ...

    def done(self, errand: Errand) -> None:
        """The errand took effect or was refused; it leaves the inbox, its key stays known."""
        ...

    def join(self, membership: Membership) -> tuple[Membership, ...]:
        """Put an opening into its bucket, under the bucket's lock; returns the bucket, it included."""
        ...

    def leave(self, ticket: str) -> None:
        """Take a ticket out of all its buckets."""
        ...

    def fired(self, detection: str, bucket: tuple[Any, ...], ticket: str) -> bool:
        """Remember that a detection fired on a ticket; True if it was known already."""
        ...

    def keep_group(self, detection: str, member: str, ticket: str) -> None:
        """Remember the ticket of a member's group, in place of one before."""
        ...

    def add_member(self, group: str, ticket: str) -> bool:
        """Make a ticket a member of a group's ticket; False if it is one already."""
        ...

    def record(self, event: SiteEvent) -> None:
        """Write to the site's own stream."""
        ...

    def set_mark(self, name: str, at: int) -> None: ...

    def seal(self, fact: str, value: str) -> str:
        """Put a personal value into the vault; returns its reference. Equal values of one fact have one reference."""
        ...

    def erase(self, reference: str) -> None:
        """Delete the value behind a reference; a later equal value gets a new one. History keeps the reference."""
        ...

    def repair(self, family: str, timers: tuple[Timer, ...], rows: tuple[Row, ...]) -> None:
        """Put the indexes of a family in order again."""
        ...


class Store(Reader, Protocol):
    """One site's store."""

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a transaction of its own and return what it returns; when it raises, nothing was written.

        Raises StoreError when the world does not let it be written.
        """
        ...


def everything(store: Reader, query: Query) -> Iterator[Row]:
    """All rows that fit, page by page."""
    while page := store.rows(query):
        yield from page
        query = query._replace(after=query.cursor(page[-1]))
