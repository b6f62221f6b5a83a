"""Conditions and tables: what an author writes under `when` as values the core can ask."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from pydantic_core import PydanticCustomError

from engine.core import Condition, Row, Table, Value, conditions
from engine.core.conditions import All, Between, Breached, IsSet, NoneOf, Not, OneOf, OpeningDay, Within
from engine.policy.compile.desk import Desk
from engine.policy.compile.values import ENGINE_TYPES, FINDING_TYPES, refuse, type_of, value_of
from engine.policy.schema.lengths import length
from engine.policy.schema.times import hours
from engine.policy.shapes import Path
from engine.policy.suggest import did_you_mean, nearest
from engine.policy.words import Words

T = TypeVar("T")

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
COMPARISON: Final = re.compile(r"(at least|at most|over|under) (-?\d+(?:\.\d+)?)")


def condition(desk: Desk, path: Path, raw: Mapping[str, Any], *, finding: bool = False) -> Condition | None:
    """A `when`; None when nothing of it can be used. All its entries must hold."""
    parts = [_part(desk, (*path, key), key, test, finding) for key, test in raw.items()]
    if not raw:
        desk.add(desk.say("E103", path, wanted=Words("a condition {fact: value}", "条件 {事实: 值}")))
    good = tuple(part for part in parts if part is not None)
    if not good or len(good) < len(parts):
        desk.doubt(path)
    return None if not good else good[0] if len(good) == 1 else All(good)


def table(
    desk: Desk,
    path: Path,
    rows: Mapping[str, Any] | None,
    value: Callable[[Path, Any], T | None],
    *,
    finding: bool = False,
) -> Table[T] | None:
    """A table; `value` reads what a row gives, from the path of the row and the row itself."""
    if rows is None:
        return None
    compiled = []
    for id, row in rows.items():
        at = (*path, id) if id else path
        when = condition(desk, (*at, "when"), row.when, finding=finding) if row.when is not None else None
        given = value(at, row)
        if given is None or (row.when is not None and when is None):
            desk.doubt(at)
        else:
            compiled.append(Row(desk.rule(at), when, given))
    return Table(tuple(compiled))


def _part(desk: Desk, path: Path, key: str, test: Any, finding: bool) -> Condition | None:
    match key:
        case "any" | "all":
            if not isinstance(test, list) or not all(isinstance(one, dict) for one in test):
                refuse(desk, path, Words("a list of conditions", "条件的列表"))
                return None
            found = [condition(desk, (*path, index), one, finding=finding) for index, one in enumerate(test)]
            parts = tuple(one for one in found if one is not None)
            return conditions.Any(parts) if key == "any" else All(parts)
        case "not":
            if not isinstance(test, dict):
                refuse(desk, path, Words("a condition {fact: value}", "条件 {事实: 值}"))
                return None
            inner = condition(desk, path, test, finding=finding)
            return None if inner is None else Not(inner)
    fact = _fact(desk, path, key, finding)
    if fact is None:
        return None
    asked = _test(desk, path, fact, type_of(desk, fact, finding), test)
    return _of_breaches(asked) if fact == "breached" else asked


def _fact(desk: Desk, path: Path, name: str, finding: bool) -> str | None:
    known = [*desk.ids("facts"), *ENGINE_TYPES, *(FINDING_TYPES if finding else ())]
    if name in known:
        desk.named.add(name)
        return name
    if ("facts",) in desk.doubtful:
        return None
    said = desk.called(name, known, ("facts",)) or name
    found = desk.say("E101", path, key=True, kind=Words("fact", "事实"), name=name)
    desk.add(found.helping(*did_you_mean(said, known)))
    meant = nearest(said, known)
    if meant is None:
        desk.doubt(path)
    return meant


def _test(desk: Desk, path: Path, fact: str, kind: str, test: Any) -> Condition | None:
    if isinstance(test, dict):
        if test.keys() != {"not"}:
            refuse(desk, path, Words("a value, a list of values, or {not: …}", "一个值、值的列表，或 {not: …}"))
            return None
        values = _values(desk, (*path, "not"), fact, kind, test["not"])
        return None if values is None else NoneOf(fact, values)
    if isinstance(test, str) and kind in ("time", "date") and test.startswith("within "):
        return _near(desk, path, fact, test)
    if isinstance(test, str) and kind != "unknown" and (special := _special(desk, path, fact, kind, test)) is not None:
        return special
    values = _values(desk, path, fact, kind, test)
    return None if values is None else OneOf(fact, values)


def _of_breaches(test: Condition | None) -> Condition | None:
    """A test of `breached`, of which a ticket may have several: what it is not, it may not be at all."""
    match test:
        case OneOf(_, deadlines):
            return Breached(deadlines)
        case NoneOf(_, deadlines):
            return Not(Breached(deadlines))
        case IsSet(_, wanted):
            return Breached() if wanted else Not(Breached())
    return None


def _special(desk: Desk, path: Path, fact: str, kind: str, test: str) -> Condition | None:
    """What is not a plain value: set, order, clock and day."""
    if test in ("set", "unset"):
        return IsSet(fact, test == "set")
    if kind in ("number", "score") and (parts := COMPARISON.fullmatch(test)):
        bound = float(parts[2])
        match parts[1]:
            case "at least":
                return Between(fact, low=bound)
            case "at most":
                return Between(fact, high=bound)
            case "over":
                return Between(fact, low=bound, low_open=True)
            case _:
                return Between(fact, high=bound, high_open=True)
    if kind == "clock":
        return hours(test)
    if kind == "day":
        return _day(test)
    return None


def _near(desk: Desk, path: Path, fact: str, test: str) -> Condition | None:
    try:
        near = length(test.removeprefix("within "))
    except PydanticCustomError as error:
        names = error.context or {}
        desk.add(desk.say("E108", path, text=test, reason=names["reason"]).helping(names["remedy"]))
        return None
    return Within(fact, near.amount, str(near.unit))


def _day(test: str) -> Condition | None:
    if test in ("working", "off"):
        return OpeningDay(working=test == "working")
    first, to, last = test.partition("-")
    if first in WEEKDAYS and (not to or last in WEEKDAYS):
        start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        days = range(start, end + 1) if start <= end else [*range(start, 7), *range(end + 1)]
        return OpeningDay(weekdays=frozenset(days))
    return None


def _values(desk: Desk, path: Path, fact: str, kind: str, test: Any) -> frozenset[Value] | None:
    many = isinstance(test, list)
    found: list[Value | None] = []
    for index, one in enumerate(test if many else [test]):
        at = (*path, index) if many else path
        if not isinstance(one, str):
            refuse(desk, at, Words("a value", "一个值"))
            return None
        found.append(value_of(desk, at, fact, kind, one))
    good = frozenset(value for value in found if value is not None)
    return good or None
