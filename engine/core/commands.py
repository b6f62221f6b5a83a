"""What may be asked of a ticket: the imperative half of the vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias

from engine.core.conditions import Value

Given: TypeAlias = Mapping[str, Value]
NOTHING: Given = MappingProxyType({})


class Actor(NamedTuple):
    """Who acts, with the roles the door found him to hold, or to stand in for, at that instant.

    `reporter`, `leaver`, `taker` and `system` are roles too: only the door can know who is one.
    """

    person: str
    roles: frozenset[str] = frozenset()


class Open(NamedTuple):
    """A ticket begins. `first_contact` took the call; the plan is the one in force at the effective opening."""

    category: str
    facts: Given = NOTHING
    first_contact: str | None = None
    plan: str = ""
    edition: str = ""
    post: str | None = None  #: the role, or the new member, that a duty's ticket is about
    origin: str | None = None  #: the ticket whose detection opened this one


class Do(NamedTuple):
    """A move of the workflow. `qualified`: the door knows whether the assignee passed what his role requires."""

    move: str
    facts: Given = NOTHING
    assignee: str | None = None
    qualified: bool = True


class Assign(NamedTuple):
    role: str | None
    person: str
    qualified: bool = True


class SetFacts(NamedTuple):
    """The facts changed (severity raised, meeting moved). None takes a stated value back."""

    facts: Mapping[str, Value | None]
    reason: str


class CorrectFacts(NamedTuple):
    """The facts were recorded wrongly; settled verdicts may change, in favour only."""

    facts: Mapping[str, Value | None]
    evidence: str
    reason: str


#: What a verdict is corrected to; `back`: to what it was before it was excused.
Verdict: TypeAlias = Literal["met", "late", "missed", "back"]


class CorrectVerdict(NamedTuple):
    """A verdict was wrong: `key` names the run, `to` the verdict it gets."""

    key: str
    to: Verdict
    evidence: str
    reason: str


class Excuse(NamedTuple):
    """Accepted excuse for a deadline: force majeure, good reason. The latest run of that name."""

    deadline: str
    reason: str


class Recategorise(NamedTuple):
    """`states` maps the states of the old workflow to those of the new; a state of the same name needs no entry."""

    category: str
    facts: Given = NOTHING
    states: Mapping[str, str] = MappingProxyType({})


class Ack(NamedTuple):
    """Somebody addressed has seen it: stops the repeats of this rung and those below."""

    deadline: str
    rung: str


class Escalate(NamedTuple):
    """The next rung at once; no effect if the ladder is already above `if_rung`."""

    deadline: str
    if_rung: str | None = None


class Note(NamedTuple):
    text: str


class Link(NamedTuple):
    """Several owners, one matter. No clock changes."""

    group: str


class Unlink(NamedTuple):
    reason: str


class Merge(NamedTuple):
    """Same complainant, same matter: this ticket ends in the older one."""

    into: str


class Detected(NamedTuple):
    """A detection fired on this ticket. `first`: first of its group, which is when `notify` and `opens` act."""

    detection: str
    members: tuple[str, ...]
    first: bool
    group: str | None = None


class Joined(NamedTuple):
    """The ticket became a member of the group's ticket."""

    group: str


class PartMove(NamedTuple):
    """The ticket of the group made a move that reaches its members; one that does not allow it is left as it is."""

    move: str
    group: str


class ReportDelivery(NamedTuple):
    """`undeliverable` raises the next rung at once."""

    key: str
    rung: str
    outcome: Literal["delivered", "undeliverable"]
    person: str | None = None


class ApplyCalendar(NamedTuple):
    edition: str


class Migrate(NamedTuple):
    """To another version of the plan. `modes`: deadline -> keep | recompute | restart; not named: recompute.

    `added` are the deadlines that the version before did not have: the sender knows both versions.
    """

    plan: str
    states: Mapping[str, str] = MappingProxyType({})
    modes: Mapping[str, Literal["keep", "recompute", "restart"]] = MappingProxyType({})
    added: tuple[str, ...] = ()


#: Those that bring facts.
WithFacts: TypeAlias = Open | Do | SetFacts | CorrectFacts | Recategorise
Act: TypeAlias = (
    Open
    | Do
    | Assign
    | SetFacts
    | CorrectFacts
    | CorrectVerdict
    | Excuse
    | Recategorise
    | Ack
    | Escalate
    | Note
    | Link
    | Unlink
    | Merge
    | Detected
    | Joined
    | PartMove
    | ReportDelivery
    | ApplyCalendar
    | Migrate
)


class Command(NamedTuple):
    """An act on a ticket, stamped once by the door. `at` is whole seconds UTC.

    `occurred_at` makes it a late report; whether it is one too late is the door's to say (SEMANTICS §8).
    """

    ticket: str
    actor: Actor
    at: int
    act: Act
    occurred_at: int | None = None
    key: str | None = None  #: the sender's own: the same key with the same body takes effect once
    late: bool = False  #: it claims to have happened longer ago than the plan accepts: the door has looked


class Refusal(NamedTuple):
    """The caller's mistake: nothing happened. `code` is stable, `detail` its argument, `legal` the moves possible
    now; `why`, in English and Chinese, what is wrong with a value; `whose`, where somebody may not, the roles that may,
    and words such as `assignee`.
    """

    code: str
    detail: str
    legal: tuple[str, ...] = ()
    why: tuple[str, str] | None = None
    whose: tuple[str, ...] = ()
