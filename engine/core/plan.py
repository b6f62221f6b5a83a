"""The compiled plan: what a policy says, as frozen values that the core decides by.

The language (engine.policy) sits above and compiles down into these. Every element carries its `Rule`; `Plan.places`
says in which file, line and column the element of a path stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any, Final, Literal, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from engine.core.conditions import ClockTime, Condition, Rule, Table, Value
from engine.worktime import CalendarSpec, DayData, DayRule, Length, Recurrence


class Place(NamedTuple):
    """Where an element stands; line and column count from 1, columns in characters."""

    file: str
    line: int
    column: int


# ---- who ------------------------------------------------------------------------------------------------------------

#: The words for somebody that a policy may use beside its roles and facts of type `role`.
PARTY_WORDS: Final = frozenset(
    {"owner", "assignee", "first_contact", "reporter", "custodian", "leaver", "taker", "engine", "parent"}
)


class Party(NamedTuple):
    """Somebody, by role id, by the role that a fact holds, or by one of the reserved words."""

    kind: Literal["role", "fact", "word"]
    name: str


OWNER: Final = Party("word", "owner")
ASSIGNEE: Final = Party("word", "assignee")


@dataclass(frozen=True, slots=True)
class Staffing:
    """How many people a role needs: `1`, `2 to 3`, or `1 per 500 households` (rounded up)."""

    low: int
    high: int
    per: tuple[int, str] | None = None  # (500, "households"): low is per this many


@dataclass(frozen=True, slots=True)
class Role:
    id: str
    title: str
    rule: Rule
    staff: Staffing | None = None
    on_duty: tuple[str, ...] = ()  #: calendars (shifts); empty: the plan's own calendar
    fallback: str | None = None  #: role; None: the plan's last resort
    requires: str | None = None  #: duty that a person must have passed before being assigned
    at_least: int = 0
    handover: str | None = None  #: category whose signed ticket passes custody


# ---- what is known --------------------------------------------------------------------------------------------------

FactType: TypeAlias = Literal[
    "text", "choice", "flag", "number", "score", "time", "date", "phone", "person", "role", "file"
]


@dataclass(frozen=True, slots=True)
class Fact:
    id: str
    title: str
    type: FactType
    rule: Rule
    values: Mapping[str, str] = field(default_factory=dict)  #: id -> title, of a choice
    value_rules: Mapping[str, Rule] = field(default_factory=dict)  #: where a choice's value names sources of its own
    default: Table[Value] | None = None  #: for a time: the word "opened"


class Asked(NamedTuple):
    """A fact that a move or an opening asks for; asked only when the condition holds."""

    fact: str
    optional: bool
    when: Condition | None = None


# ---- moments and limits ---------------------------------------------------------------------------------------------


class Instant(NamedTuple):
    """`[LENGTH before|after] MOMENT`. `offset` is negative for before. `moment` is a move, a state, `opened`, a time
    fact, `X due`, `X breached` or `X met`."""

    moment: str
    offset: Length | None = None
    calendar: str | None = None  #: None: the plan's own
    day_rule: DayRule | None = None


class LengthLimit(NamedTuple):
    """A length from the start of the run, in a calendar."""

    length: Length
    calendar: str
    day_rule: DayRule


class InstantLimit(NamedTuple):
    """A limit that is an instant of the ticket and moves with it; `at_least`: never due earlier than this after it
    is set.
    """

    instant: Instant
    at_least: Length | None = None


Limit: TypeAlias = LengthLimit | InstantLimit


# ---- how a ticket moves ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Category:
    id: str
    title: str
    workflow: str
    rule: Rule
    record: tuple[Asked, ...] = ()
    guide: Table[str] | None = None
    duty: str | None = None  #: the duty whose occurrences these tickets are


@dataclass(frozen=True, slots=True)
class State:
    id: str
    title: str
    rule: Rule
    owner: Party | None = None  #: None only for final states
    final: bool = False
    pauses: frozenset[str] | Literal["all"] = frozenset()
    unlimited: str | None = None  #: the reason why no limit is needed here


@dataclass(frozen=True, slots=True)
class Move:
    id: str
    title: str
    rule: Rule
    sources: frozenset[str]  #: states it may be made in; `open` is resolved
    to: str | None = None  #: None: stays
    by: tuple[Party, ...] = (OWNER,)
    ask: tuple[Asked, ...] = ()
    set: Mapping[str, Value] = field(default_factory=dict)
    when: Condition | None = None
    after: tuple[tuple[str, Condition | None], ...] = ()
    before: Instant | None = None
    other_than: tuple[str, ...] = ()
    assign: str | None = None  #: role of which a person is named
    opens: str | None = None  #: category of a child ticket
    on_parts: str | None = None  #: move made on every open part, and on every member of a detection's parent
    observed: bool = False  #: may be reported late; resolved by the rules of GRAMMAR (never for pausing states, rework)
    rework: bool = False
    guide: Table[str] | None = None


#: Moves of every workflow (SEMANTICS §4). Their names are reserved.
STANDING_MOVES: Final = frozenset(
    {"assign", "set_facts", "correct", "excuse", "recategorise", "ack", "escalate", "note", "link", "unlink", "merge"}
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a workflow narrows a standing move: who may make it, and when."""

    id: str
    rule: Rule
    by: tuple[Party, ...] = ()
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Workflow:
    """States and moves in order of first definition. The final state `merged` is added to every workflow by the
    compiler.
    """

    id: str
    title: str
    initial: str
    states: Mapping[str, State]
    moves: Mapping[str, Move]
    rule: Rule
    standing: Mapping[str, Standing] = field(default_factory=dict)
    accountable: Party | None = None  #: None: the owner of the state
    like: tuple[str, ...] = ()  #: every workflow it was made from, nearest first


# ---- what waits -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Deadline:
    """`starts`, `until`, `void` name happenings; `starts` also time facts.

    A state's `at_most` is compiled to a deadline named after the state (`cap_of`), from entering it until it is left.
    A built-in duty's `within` is a deadline named after the duty.
    """

    id: str
    title: str
    of: frozenset[str]  #: categories
    starts: frozenset[str]
    until: frozenset[str]
    limit: Table[Limit]
    rule: Rule
    void: frozenset[str] = frozenset()
    owner: Party | None = None  #: None: the owner of the state
    escalate: str | None = "default"  #: None: no ladder
    changes: Literal["recompute", "restart", "keep"] = "recompute"
    then: str | None = None  #: move made by the engine at the due
    cap_of: str | None = None
    duty: str | None = None


class RungAt(NamedTuple):
    """`start`, a share of the limit (`80%`), or a length from the due (negative: before; zero seconds: `due`
    itself).
    """

    kind: Literal["start", "share", "due"]
    share: Fraction | None = None
    offset: Length | None = None


@dataclass(frozen=True, slots=True)
class Rung:
    id: str
    at: RungAt
    notify: tuple[Party, ...]
    rule: Rule
    every: Length | None = None
    times: int = 0
    when: Condition | None = None
    loud: bool = False  #: `quiet: ignore`
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Ladder:
    id: str
    rungs: tuple[Rung, ...]
    rule: Rule


# ---- patterns, answers, work that comes by itself
# ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Detection:
    id: str
    title: str
    of: frozenset[str]
    same: tuple[str, ...]
    rule: Rule
    when: Condition | None = None
    different: tuple[str, ...] = ()
    count: int = 1
    within: Length | None = None
    set: Mapping[str, Value] = field(default_factory=dict)
    link: bool = False
    opens: str | None = None
    notify: tuple[Party, ...] = ()
    text: str | None = None


class ShiftEdge(NamedTuple):
    """`every: shift of ROLE`: at the start or end of each shift, or a length before or after it."""

    role: str
    edge: Literal["start", "end"]
    offset: Length | None = None


class NewMember(NamedTuple):
    """`every: new member of ROLE…`: when the roster shows a person in one of the roles for the first time."""

    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Duty:
    """Recurring work. Without `opens` its tickets are of the built-in category named like the duty: `todo` -> `done`,
    `excused`; each of `places` is an observed move of its own that `finish` must come after."""

    id: str
    title: str
    every: Recurrence | ShiftEdge | NewMember
    within: Limit | None
    owner: Party
    category: str
    calendar: str
    rule: Rule
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    id: str
    title: str
    of: frozenset[str]
    on: frozenset[str]
    to: tuple[Party, ...]
    text: str
    rule: Rule
    when: Condition | None = None
    via: tuple[str, ...] = ()
    loud: bool = False


@dataclass(frozen=True, slots=True)
class Messaging:
    rule: Rule
    channels: Mapping[str, str] = field(default_factory=dict)  #: id -> title
    via: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  #: staff | reporter | role -> channels
    quiet_hours: ClockTime | None = None
    quiet_for: tuple[str, ...] = ()
    digest: int | None = None  #: seconds of the day


#: What stands in an output where a personal value would.
MASK: Final = "•••"


@dataclass(frozen=True, slots=True)
class Privacy:
    rule: Rule
    personal: frozenset[str] = frozenset()
    see: frozenset[str] = frozenset()  #: roles
    keep: Length | None = None
    equal: Rule | None = None  #: the element that forbids limits by personal facts
    never_by: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class File:
    """A dossier per value of a fact, with the facts it holds and all tickets of that value."""

    id: str
    title: str
    per: str
    holds: tuple[str, ...]
    rule: Rule


# ---- figures and reports --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Target:
    kind: Literal["at least", "at most", "under", "over", "rising", "falling"]
    value: Fraction | None = None  #: a share for percent, seconds for lengths, else a plain number
    text: str = ""


class OnTime(NamedTuple):
    deadline: str


class Share(NamedTuple):
    condition: Condition
    of_outcome: bool  #: the condition asks `outcome`: tickets closed without one are left out


class AverageFact(NamedTuple):
    fact: str


class AverageWait(NamedTuple):
    start: frozenset[str]
    until: frozenset[str]


class Count(NamedTuple):
    """Of happenings, of detections, or of what is `open` at the end of the period."""

    moments: frozenset[str]
    detections: frozenset[str] = frozenset()
    open: bool = False


class Load(NamedTuple):
    roles: tuple[str, ...]


class Outside(NamedTuple):
    source: str


Measure: TypeAlias = OnTime | Share | AverageFact | AverageWait | Count | Load | Outside


@dataclass(frozen=True, slots=True)
class Figure:
    id: str
    title: str
    of: frozenset[str]  #: categories, those of duties included; empty: all
    measure: Measure
    rule: Rule
    per: Literal["day", "week", "month", "quarter", "year"] = "month"
    target: Target | None = None
    each: tuple[int, str, str | None] | None = None  #: (100, "households", None) or (1, "person", "front_desk")
    against: Literal["last year", "previous"] | None = None


@dataclass(frozen=True, slots=True)
class Report:
    id: str
    title: str
    every: Recurrence
    to: tuple[Party, ...]
    figures: tuple[str, ...]
    rule: Rule
    by: tuple[str, ...] = ()
    lowest: bool = False
    calendar: str = ""


@dataclass(frozen=True, slots=True)
class Rollout:
    rule: Rule
    pilot_sites: tuple[str, ...] = ()
    pilot_from: date | None = None
    pilot_until: date | None = None
    all_from: date | None = None
    compare: tuple[str, ...] = ()


# ---- the whole ------------------------------------------------------------------------------------------------------


_HEAD: Final = Rule("policy")


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """One version of one site's plan, immutable. `version` is the hash of its merged content. Maps keep the order of
    first definition, base layer first; that order decides wherever SEMANTICS says "place in the plan"."""

    id: str
    title: str
    version: str
    timezone: str
    calendar: str
    last_resort: str
    calendars: Mapping[str, CalendarSpec]  #: `always` is built in and not listed
    roles: Mapping[str, Role]
    facts: Mapping[str, Fact]
    categories: Mapping[str, Category]
    workflows: Mapping[str, Workflow]
    deadlines: tuple[Deadline, ...]  #: ids are unique among the deadlines of one category
    ladders: Mapping[str, Ladder]
    rule: Rule = _HEAD
    effective: date | None = None
    late_reports: int = 0  #: seconds
    numbers: Mapping[str, int] = field(default_factory=dict)
    detections: Mapping[str, Detection] = field(default_factory=dict)
    liability: Table[Party] | None = None
    duties: Mapping[str, Duty] = field(default_factory=dict)
    notices: Mapping[str, Notice] = field(default_factory=dict)
    messaging: Messaging | None = None
    privacy: Privacy | None = None
    files: Mapping[str, File] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)
    reports: Mapping[str, Report] = field(default_factory=dict)
    rollout: Rollout | None = None
    places: Mapping[str, Place] = field(default_factory=dict)  #: path of an element -> where it stands
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  #: path -> source ids the element names itself
    editions: dict[str, DayData] = field(default_factory=dict)  #: calendar data by edition id, oldest first
    #: What engine.core.shape has worked out of this plan so far; a plan made from this one starts without.
    worked_out: dict[object, Any] = field(init=False, repr=False, default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def personal(self) -> frozenset[str]:
        """Facts whose values only some may see, and that can be erased."""
        return self.privacy.personal if self.privacy is not None else frozenset()

    @property
    def role_names(self) -> Mapping[str, str]:
        """Roles as people name them, by title or by id -> id."""
        return {role.title: role.id for role in self.roles.values()} | {role: role for role in self.roles}

    def workflow_of(self, category: str) -> Workflow:
        return self.workflows[self.categories[category].workflow]
