"""What happened to a ticket: the past half of the vocabulary. Events carry results, so they fold without plan or
calendar.

Every event knows its `ticket`, the instant it became true (`effective_at`, seconds UTC) and the `rule` it comes from.
The events of one step share the step's `at`, cause, actor and plan version (`Step`).
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final, Literal, NamedTuple, TypeAlias

from engine.core.commands import Actor
from engine.core.conditions import Rule, Value
from engine.core.plan import Limit

#: How a run of a deadline stands, or ended (DESIGN §10).
Status: TypeAlias = Literal["running", "paused", "breached", "met", "late", "missed", "void", "excused"]
#: Of these what was not done by its due, and is not excused.
LATE: Final[tuple[Status, ...]] = ("breached", "late", "missed")
#: Whom a message is for: `role:supervisor`, `person:小陈`, or `reporter`.
Address: TypeAlias = str


class FactChange(NamedTuple):
    fact: str
    old: Value | None
    new: Value | None
    rule: Rule


class Opened(NamedTuple):
    ticket: str
    effective_at: int
    rule: Rule
    category: str
    state: str
    plan: str
    edition: str
    first_contact: str | None
    parent: str | None
    post: str | None
    origin: str | None = None


class Guided(NamedTuple):
    """A guidance text was shown to who fills in the form."""

    ticket: str
    effective_at: int
    rule: Rule
    text: str


class FactsSet(NamedTuple):
    ticket: str
    effective_at: int
    rule: Rule
    how: Literal["stated", "set", "default", "corrected", "detected"]
    changes: tuple[FactChange, ...]


class Recategorised(NamedTuple):
    ticket: str
    effective_at: int
    rule: Rule
    old: str
    new: str
    state: str


class Moved(NamedTuple):
    """A move was made, by whom: the step's actor, the engine of its own, or the ticket's parent.

    `source` equals `to` for a move that stays. `testimony`: told late, the path of states stands as it is.
    """

    ticket: str
    effective_at: int
    rule: Rule
    move: str
    source: str
    to: str
    by: Literal["actor", "engine", "parent"] = "actor"
    testimony: bool = False


class RoundBegun(NamedTuple):
    ticket: str
    effective_at: int
    rule: Rule
    round: int


class Assigned(NamedTuple):
    ticket: str
    effective_at: int
    rule: Rule
    role: str | None
    person: str


class Closed(NamedTuple):
    ticket: str
    effective_at: int
    rule: Rule
    state: str


class RunStarted(NamedTuple):
    """`due` is None for a run born paused. `limit` is the resolved value, so that nothing has to be looked up later."""

    ticket: str
    effective_at: int
    rule: Rule
    key: str
    deadline: str
    round: int
    n: int
    limit: Limit
    due: int | None
    provisional: bool
    pauses: tuple[tuple[int, int], ...] = ()  #: those it is born with: time between earlier visits to a capped state
    started_by: str = ""


class DueMoved(NamedTuple):
    """`computed` is the due before the clamp that spares people surprises. A restart has a new `start`."""

    ticket: str
    effective_at: int
    rule: Rule
    key: str
    old: int | None
    new: int | None
    cause: Literal["facts", "instant", "calendar", "migration", "category"]
    computed: int | None
    provisional: bool
    limit: Limit
    start: int
    granted: Fraction | None = None  #: measure of a clamped length
    left: str | None = None  #: of a paused run
    restarted: bool = False  #: a new start; earlier pauses are forgotten


class RunPaused(NamedTuple):
    ticket: str
    effective_at: int
    rule: Rule
    key: str
    left: str


class RunResumed(NamedTuple):
    ticket: str
    effective_at: int
    rule: Rule
    key: str
    due: int
    provisional: bool


class Breached(NamedTuple):
    """The due passed. `owner` is who had to act then, by address."""

    ticket: str
    effective_at: int
    rule: Rule
    key: str
    due: int
    owner: Address


class RunEnded(NamedTuple):
    """`due` is the one in force, None for a paused length."""

    ticket: str
    effective_at: int
    rule: Rule
    key: str
    status: Status
    cause: str
    due: int | None


class VerdictCorrected(NamedTuple):
    ticket: str
    effective_at: int
    rule: Rule
    key: str
    old: Status
    new: Status
    evidence: str
    cause: Literal["late report", "correction", "excuse", "facts", "calendar"]


class Raised(NamedTuple):
    """A rung of a ladder was reached. `early`: by hand, or because a message could not be delivered."""

    ticket: str
    effective_at: int
    rule: Rule
    key: str
    rung: str
    told: tuple[Address, ...]
    early: bool = False
    overdue: bool = False  #: at or after the due: counts for the ticket's level


class RungSkipped(NamedTuple):
    ticket: str
    effective_at: int
    rule: Rule
    key: str
    rung: str
    cause: Literal["condition", "moved"]


class Repeated(NamedTuple):
    ticket: str
    effective_at: int
    rule: Rule
    key: str
    rung: str
    n: int
    told: tuple[Address, ...]


class Acked(NamedTuple):
    ticket: str
    effective_at: int
    rule: Rule
    key: str
    rung: str
    person: str


class LadderExhausted(NamedTuple):
    ticket: str
    effective_at: int
    rule: Rule
    key: str


class LadderStopped(NamedTuple):
    """Everybody told gets the all-clear."""

    ticket: str
    effective_at: int
    rule: Rule
    key: str
    cause: str
    told: tuple[Address, ...]


class PartOpened(NamedTuple):
    ticket: str
    effective_at: int
    rule: Rule
    part: str
    category: str


class PartEnded(NamedTuple):
    ticket: str
    effective_at: int
    rule: Rule
    part: str
    state: str


class Linked(NamedTuple):
    """`how`: group (one matter, several owners), repeat_of (the same matter again), member (of a group's ticket)."""

    ticket: str
    effective_at: int
    rule: Rule
    how: Literal["group", "repeat_of", "member"]
    to: str
    earlier: int = 0  #: tickets of the same matter before this one


class Unlinked(NamedTuple):
    ticket: str
    effective_at: int
    rule: Rule
    reason: str


class Merged(NamedTuple):
    ticket: str
    effective_at: int
    rule: Rule
    into: str


class DetectionFired(NamedTuple):
    ticket: str
    effective_at: int
    rule: Rule
    detection: str
    members: tuple[str, ...]
    first: bool
    told: tuple[Address, ...]


class DeliveryReported(NamedTuple):
    ticket: str
    effective_at: int
    rule: Rule
    key: str
    rung: str
    outcome: str
    person: str | None


class Noted(NamedTuple):
    ticket: str
    effective_at: int
    rule: Rule
    text: str


class Reasoned(NamedTuple):
    """Why somebody changed facts, corrected or excused something, where what it did says nothing of it (I-13)."""

    ticket: str
    effective_at: int
    rule: Rule
    reason: str
    evidence: str = ""


class CalendarApplied(NamedTuple):
    ticket: str
    effective_at: int
    rule: Rule
    edition: str


class Migrated(NamedTuple):
    ticket: str
    effective_at: int
    rule: Rule
    plan: str
    state: str


Event: TypeAlias = (
    Opened
    | Guided
    | FactsSet
    | Recategorised
    | Moved
    | RoundBegun
    | Assigned
    | Closed
    | RunStarted
    | DueMoved
    | RunPaused
    | RunResumed
    | Breached
    | RunEnded
    | VerdictCorrected
    | Raised
    | RungSkipped
    | Repeated
    | Acked
    | LadderExhausted
    | LadderStopped
    | PartOpened
    | PartEnded
    | Linked
    | Unlinked
    | Merged
    | DetectionFired
    | DeliveryReported
    | Noted
    | Reasoned
    | CalendarApplied
    | Migrated
)


class Step(NamedTuple):
    """All that one command or one timer did to a family.

    `number` counts the family's steps from 1. `cause` is `command`, or the timer's key. `at` never falls.
    """

    number: int
    at: int
    cause: str
    actor: Actor
    plan: str
    events: tuple[Event, ...]


#: Names as they stand in logs: class name in snake case.
def kind(event: Event) -> str:
    """`RunStarted` -> `run_started`."""
    return _KINDS[type(event)]


def _snake(name: str) -> str:
    return "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")


_KINDS: Mapping[type, str] = {cls: _snake(cls.__name__) for cls in Event.__args__}
