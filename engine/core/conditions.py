"""Conditions and tables: finite questions about declared facts, which is why everything about them can be proved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar

#: What a fact can hold. A `time` is whole seconds UTC, a `date` its ISO text, a flag a bool, a personal value a
#: reference.
Value: TypeAlias = str | int | float | bool
Facts: TypeAlias = Mapping[str, Value]
#: Answers the value of a fact, declared or provided by the engine; None when it is not set.
View: TypeAlias = Callable[[str], Value | None]


class Rule(NamedTuple):
    """Where an event comes from: the element's path in the plan and the ids of the source rules it carries.

    `sources` are the element's own and those of the entries around it, outermost first.
    """

    path: str
    sources: tuple[str, ...] = ()


def with_sources(rule: Rule, other: Rule) -> Rule:
    """The rule, carrying the ids of another element too: a move and the state that it enters."""
    if not other.sources:
        return rule
    return Rule(rule.path, tuple(dict.fromkeys((*rule.sources, *other.sources))))


@dataclass(frozen=True, slots=True)
class OneOf:
    """`severity: major`, `channel: [phone, visit]`, `agitated: yes`. A fact that is not set is none of them."""

    fact: str
    values: frozenset[Value]

    def holds(self, view: View) -> bool:
        return view(self.fact) in self.values


@dataclass(frozen=True, slots=True)
class NoneOf:
    """`channel: {not: letter}`: set, and none of these."""

    fact: str
    values: frozenset[Value]

    def holds(self, view: View) -> bool:
        value = view(self.fact)
        return value is not None and value not in self.values


@dataclass(frozen=True, slots=True)
class IsSet:
    """`risk: set`, and with `wanted=False` `risk: unset`."""

    fact: str
    wanted: bool = True

    def holds(self, view: View) -> bool:
        return (view(self.fact) is not None) is self.wanted


@dataclass(frozen=True, slots=True)
class Between:
    """`round: at least 2`, `score: under 60`: numbers; each bound may be left out. `open` bounds do not count
    themselves.
    """

    fact: str
    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False

    def holds(self, view: View) -> bool:
        value = view(self.fact)
        if value is None or isinstance(value, str):
            return False
        if self.low is not None and (value < self.low or (self.low_open and value == self.low)):
            return False
        return self.high is None or not (value > self.high or (self.high_open and value == self.high))


@dataclass(frozen=True, slots=True)
class ClockTime:
    """`time: 22:00-06:00`, of the opening, local; quiet hours are the same. Seconds of the day; `start > end` runs over
    midnight; end excluded.
    """

    start: int
    end: int

    def holds(self, view: View) -> bool:
        value = view("time")
        assert isinstance(value, int)
        return self.includes(value)

    def includes(self, second: int) -> bool:
        if self.start <= self.end:
            return self.start <= second < self.end
        return second >= self.start or second < self.end


@dataclass(frozen=True, slots=True)
class OpeningDay:
    """`day: working`, `off`, or weekdays (0 is Monday), of the opening in the plan's own calendar."""

    working: bool | None = None
    weekdays: frozenset[int] = frozenset()

    def holds(self, view: View) -> bool:
        if self.working is not None:
            return view("working_day") is self.working
        return view("weekday") in self.weekdays


@dataclass(frozen=True, slots=True)
class Within:
    """`meeting_start: within 1 calendar day`: the instant lies no further than this from the opening, either way.

    Calendar days keep the wall clock, so the bound is asked of the view, which knows zone and opening:
    `view("opened±N unit")` is not a fact anybody may write.
    """

    fact: str
    amount: int
    unit: str

    def holds(self, view: View) -> bool:
        value = view(self.fact)
        if value is None:
            return False
        low, high = view(f"opened -{self.amount} {self.unit}"), view(f"opened +{self.amount} {self.unit}")
        assert isinstance(value, int)
        assert isinstance(low, int)
        assert isinstance(high, int)
        return low <= value <= high


@dataclass(frozen=True, slots=True)
class Breached:
    """`breached: resolve`, `breached: [accept, resolve]`: one of these was not done by its due, whether it is still
    owed, came late or never; none named: any deadline at all.

    A ticket may have breached several, so each is asked for: `view("resolve breached")` is not a fact anybody may
    write.
    """

    deadlines: frozenset[Value] = frozenset()

    def holds(self, view: View) -> bool:
        return any(view(f"{name} breached") for name in self.deadlines) if self.deadlines else bool(view("breached"))


@dataclass(frozen=True, slots=True)
class All:
    """All of these hold; the empty one always does."""

    parts: tuple[Condition, ...]

    def holds(self, view: View) -> bool:
        return all(part.holds(view) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Any:
    """At least one of these holds."""

    parts: tuple[Condition, ...]

    def holds(self, view: View) -> bool:
        return any(part.holds(view) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Not:
    """This does not hold."""

    part: Condition

    def holds(self, view: View) -> bool:
        return not self.part.holds(view)


Condition: TypeAlias = OneOf | NoneOf | IsSet | Between | ClockTime | OpeningDay | Within | Breached | All | Any | Not

#: Facts the engine provides beside the declared ones (GRAMMAR §2); their names are reserved.
ENGINE_FACTS: Final = frozenset(
    {"category", "state", "number", "round", "repeats", "promises", "open_parts", "breached", "time", "day", "hour"}
)
#: Facts of the finding, known in `liability` only.
FINDING_FACTS: Final = frozenset({"finding", "deadline", "duty", "detection"})

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Row(Generic[T]):
    """One row of a table: where it stands, when it holds (None: the rest), what it gives."""

    rule: Rule
    when: Condition | None
    value: T


@dataclass(frozen=True, slots=True)
class Table(Generic[T]):
    """A value that may depend on the ticket (▦). Rows with a condition exclude each other; one without takes the
    rest.
    """

    rows: tuple[Row[T], ...]

    def pick(self, view: View) -> Row[T] | None:
        """The row for this ticket, None where no row speaks of it."""
        rest = None
        for row in self.rows:
            if row.when is None:
                rest = row
            elif row.when.holds(view):
                return row
        return rest
