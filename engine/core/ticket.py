"""A ticket and its family, as folded from their events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import FrozenInstanceError, dataclass, fields
from fractions import Fraction
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from engine.core.conditions import Rule, Value
from engine.core.events import Address, Status
from engine.core.plan import Limit


class Climb(NamedTuple):
    """How far a run's ladder was climbed. `raised` and `skipped` name rungs of this generation and those after the
    due.
    """

    raised: Mapping[str, int] = {}
    skipped: frozenset[str] = frozenset()
    last: str | None = None  #: the rung raised last
    repeats: int = 0  #: of `last`
    acked: str | None = None
    exhausted: bool = False
    overdue: int = 0  #: rungs raised at or after the due
    told: tuple[Address, ...] = ()


FRESH = Climb()


class Halt(NamedTuple):
    """When a run stood still, [from, to), and since when it does now; most never do and share the empty value.

    `granted` is the measure it may run to, where a clamp gave it another than its limit's own.
    """

    pauses: tuple[tuple[int, int], ...] = ()
    since: int | None = None
    granted: Fraction | None = None


NO_HALT = Halt()


class Run(NamedTuple):
    """One run of a deadline. Instants are seconds UTC; `due` is None while a length is paused.

    `start` is when it became true, `set_at` the `at` of the step that gave it its present due (a timer never fires
    before that).
    """

    key: str
    deadline: str
    round: int
    n: int
    rule: Rule
    limit: Limit
    start: int
    set_at: int
    due: int | None
    provisional: bool
    status: Status = "running"
    done: int | None = None
    ended_by: str = ""  #: the happening, or why it ended undone
    started_by: str = ""  #: the happening
    halt: Halt = NO_HALT
    climb: Climb = FRESH

    @property
    def pauses(self) -> tuple[tuple[int, int], ...]:
        return self.halt.pauses

    @property
    def paused_from(self) -> int | None:
        return self.halt.since

    @property
    def granted(self) -> Fraction | None:
        return self.halt.granted

    @property
    def open(self) -> bool:
        return self.status in ("running", "paused", "breached")


class Stay(NamedTuple):
    """The ticket entered `state` at `since`, in `round`."""

    state: str
    since: int
    round: int


class Made(NamedTuple):
    """The last time a move was made."""

    at: int
    round: int
    person: str


class Marks(NamedTuple):
    """What an idle ticket has none of; such tickets share the empty value."""

    closed: int | None = None
    level: int = 0
    promises: int = 0


NO_MARKS = Marks()


@dataclass(frozen=True, slots=True)
class Ties:
    """What binds a ticket to others; most have none and share the empty value."""

    parent: str | None = None
    post: str | None = None
    group: str | None = None
    repeat_of: str | None = None
    repeats: int = 0
    merged_into: str | None = None
    detected: tuple[str, ...] = ()


NO_TIES = Ties()


@dataclass(slots=True)
class Ticket:
    """One ticket, which nobody can write to. `stated` are the facts somebody gave, `derived` the defaults from them.

    It is made as a Draft, by folding, and frozen when its step is done.
    """

    id: str
    category: str
    plan: str
    edition: str
    opened: int
    state: str
    round: int
    first_contact: str | None
    assignee: str | None
    stated: dict[str, Value]
    derived: dict[str, Value]
    initial: str  #: the state it was opened in
    later: tuple[Stay, ...]  #: the states since; a million tickets that never moved share the empty one
    made: dict[str, Made]
    runs: dict[str, Run]  #: open runs by the name of their deadline
    ended: tuple[Run, ...]  #: in the order in which they ended
    marks: Marks
    ties: Ties

    def __setattr__(self, name: str, value: object) -> None:
        if hasattr(self, name):
            raise FrozenInstanceError(f"a ticket is a value: {name} cannot be set")
        object.__setattr__(self, name, value)

    def fact(self, name: str) -> Value | None:
        """The value of a declared fact: stated, else its default; None when it is not set."""
        value = self.stated.get(name)
        return self.derived.get(name) if value is None else value

    @property
    def path(self) -> tuple[Stay, ...]:
        """The states it was in, by effective instants, the first one at its opening."""
        return (Stay(self.initial, self.opened, 1), *self.later)

    @property
    def closed(self) -> int | None:
        """When it entered the final state it is in, effective."""
        return self.marks.closed

    @property
    def level(self) -> int:
        """The most rungs at or after the due that one ladder raised; never falls while open."""
        return self.marks.level

    @property
    def promises(self) -> int:
        """Promises given in this round."""
        return self.marks.promises

    @property
    def post(self) -> str | None:
        """The role, or the new member, that a duty's ticket is about."""
        return self.ties.post

    def facts(self) -> dict[str, Value]:
        return {**self.derived, **self.stated}

    def all_runs(self) -> Iterator[Run]:
        yield from self.ended
        yield from self.runs.values()


class Draft(Ticket):
    """A ticket under the hands of one step. Never leaves the core: `freeze` makes it a Ticket again."""

    __slots__ = ()
    __setattr__ = object.__setattr__  # type: ignore[assignment]


_values = attrgetter(*(field.name for field in fields(Ticket)))


#: The empty map that nobody can write to. A copy of it is an ordinary one.
NOTHING: Any = MappingProxyType({})


def melt(ticket: Ticket) -> Draft:
    """A copy that may be written to; its maps are its own."""
    draft = Draft(*_values(ticket))
    draft.stated = ticket.stated.copy()
    draft.derived = ticket.derived.copy()
    draft.made = ticket.made.copy()
    draft.runs = ticket.runs.copy()
    return draft


def freeze(draft: Draft) -> Ticket:
    """The same object, no longer writable: Draft adds no slots, so its class can simply be put back.

    Maps that hold nothing are all the same one: a million idle tickets have three of them each.
    """
    draft.stated = draft.stated or NOTHING
    draft.derived = draft.derived or NOTHING
    draft.made = draft.made or NOTHING
    draft.runs = draft.runs or NOTHING
    draft.__class__ = Ticket  # type: ignore[assignment]
    return draft


class Family(NamedTuple):
    """A ticket and its parts: one lock, one order, one agenda.

    `at` is the instant of the last step, `tail` what it was, `steps` their count. `tickets` in order of opening,
    the root first.
    """

    id: str
    at: int
    tail: Literal["command", "timer"]
    steps: int
    tickets: Mapping[str, Ticket]

    def look(self, id: str) -> Ticket:
        return self.tickets[id]

    @property
    def root(self) -> Ticket:
        return self.tickets[self.id]

    @property
    def is_open(self) -> bool:
        return any(ticket.closed is None for ticket in self.tickets.values())

    @property
    def floor(self) -> int:
        """No command may be stamped earlier: one tick after the last step if that was a timer."""
        return self.at + (self.tail == "timer")
