"""Roles, facts and categories."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from engine.core import Table, Value
from engine.core.conditions import ENGINE_FACTS
from engine.core.plan import PARTY_WORDS, Asked, Category, Fact, Role, Staffing
from engine.policy.compile.conditions import condition, table
from engine.policy.compile.desk import Desk
from engine.policy.compile.values import type_of, value_of
from engine.policy.schema import people
from engine.policy.schema.base import AskedItem, TextRow
from engine.policy.schema.flow import Category as CategoryText
from engine.policy.shapes import SECTIONS, Path
from engine.policy.words import Words

#: Names that a section may not use, because they mean something already.
RESERVED: Final[dict[str, frozenset[str]]] = {
    "calendars": frozenset({"always"}),
    "roles": PARTY_WORDS,
    "facts": ENGINE_FACTS | {"any", "all", "not"},
    "escalations": frozenset({"none"}),
    "deadlines": frozenset({"all"}),
    "detections": frozenset({"open"}),
}
ANOTHER_ID: Final = Words("give it another id; its title may stay", "换一个代号；名称不必改")


def roles(desk: Desk) -> dict[str, Role]:
    return {id: _role(desk, id, text) for id, text in (desk.policy.roles or {}).items()}


def _role(desk: Desk, id: str, text: people.Role) -> Role:
    path: Path = ("roles", id)
    shifts = (desk.calendar((*path, "on_duty", index), name) for index, name in enumerate(text.on_duty or ()))
    staff = None
    if text.staff is not None:
        staff = Staffing(*text.staff)
        if staff.per is not None:
            desk.number((*path, "staff"), staff.per[1])
    return Role(
        id=id,
        title=text.title or id,
        rule=desk.rule(path),
        staff=staff,
        on_duty=tuple(name for name in shifts if name is not None),
        fallback=desk.one("roles", (*path, "fallback"), text.fallback) if text.fallback else None,
        requires=desk.one("duties", (*path, "requires"), text.requires) if text.requires else None,
        at_least=text.at_least or 0,
        handover=desk.one("categories", (*path, "handover"), text.handover) if text.handover else None,
    )


def facts(desk: Desk) -> dict[str, Fact]:
    return {id: _fact(desk, id, text) for id, text in (desk.policy.facts or {}).items()}


def _fact(desk: Desk, id: str, text: people.Fact) -> Fact:
    path: Path = ("facts", id)
    kind = type_of(desk, id)
    if text.values and kind != "choice":
        desk.add(desk.say("E114", (*path, "values"), key=True, fact=id, type=kind))
    elif kind == "choice" and not text.values:
        desk.add(desk.say("E104", path, key=True, what=f"facts.{id}", keys="values"))
        desk.doubt(path)
    values = text.values or {}
    return Fact(
        id=id,
        title=text.title or id,
        type=kind,  # type: ignore[arg-type]
        rule=desk.rule(path),
        values={value: shown.title or value for value, shown in values.items()},
        value_rules={value: desk.rule((*path, "values", value)) for value, shown in values.items() if shown.source},
        default=_default(desk, path, id, kind, text.default),
    )


def _default(desk: Desk, path: Path, id: str, kind: str, rows: Mapping[str, TextRow] | None) -> Table[Value] | None:
    def value(at: Path, row: TextRow) -> Value | None:
        if row.is_ is None:
            return None
        where = (*at, "is") if len(at) > len(path) + 1 else at
        if kind in ("time", "date") and row.is_ == "opened":
            return "opened"
        if kind in ("text", "phone", "person", "file"):
            return row.is_
        return value_of(desk, where, id, kind, row.is_)

    return table(desk, (*path, "default"), rows, value)


def categories(desk: Desk) -> dict[str, Category]:
    found = {id: _category(desk, id, text) for id, text in (desk.policy.categories or {}).items()}
    return {id: category for id, category in found.items() if category is not None}


def _category(desk: Desk, id: str, text: CategoryText) -> Category | None:
    path: Path = ("categories", id)
    workflow = desk.one("workflows", (*path, "workflow"), text.workflow) if text.workflow else None
    record = asked(desk, (*path, "record"), text.record)
    guide = texts(desk, (*path, "guide"), text.guide)
    if workflow is None:
        desk.doubt(path)
        return None
    return Category(id, text.title or id, workflow, desk.rule(path), record, guide)


def asked(desk: Desk, path: Path, items: tuple[AskedItem, ...] | None) -> tuple[Asked, ...]:
    """Facts to be asked, each once; the last word on a fact counts."""
    found: dict[str, Asked] = {}
    for index, item in enumerate(items or ()):
        at = (*path, index)
        fact = desk.resolve("facts", at, item.name, desk.ids("facts"))
        when = condition(desk, (*at, item.name), item.when) if item.when is not None else None
        if fact is not None and not (item.when is not None and when is None):
            found[fact] = Asked(fact, item.optional, when)
    return tuple(found.values())


def texts(desk: Desk, path: Path, rows: Mapping[str, TextRow] | None) -> Table[str] | None:
    return table(desk, path, rows, lambda at, row: row.is_)


def settings(desk: Desk, path: Path, values: Mapping[str, str] | None) -> dict[str, Value]:
    """Facts that a move or a detection sets."""
    found: dict[str, Value] = {}
    for name, text in (values or {}).items():
        at = (*path, name)
        known = desk.ids("facts")
        if desk.resolve("facts", at, name, known) != name:
            continue
        kind = type_of(desk, name)
        value = text if kind in ("text", "phone", "person", "file") else value_of(desk, at, name, kind, text)
        if value is not None:
            found[name] = value
    return found


#: Where authors choose ids: keys of these maps. `*` stands for any id.
IDS: Final[tuple[tuple[str, ...], ...]] = (
    *((section,) for section in SECTIONS),
    ("numbers",),
    ("facts", "*", "values"),
    ("facts", "*", "default"),
    ("categories", "*", "guide"),
    ("workflows", "*", "states"),
    ("workflows", "*", "moves"),
    ("workflows", "*", "moves", "*", "guide"),
    ("deadlines", "*", "limit"),
    ("escalations", "*"),
    ("liability",),
    ("messaging", "channels"),
)
ID: Final = re.compile(r"\w+")


def ids(desk: Desk) -> None:
    """Names that are no names."""
    for pattern in IDS:
        for path in _matching(desk, pattern, ()):
            for id in desk.ids(*path):
                if not ID.fullmatch(id):
                    desk.add(desk.say("E105", (*path, id), key=True, name=id))


def _matching(desk: Desk, pattern: tuple[str, ...], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if not pattern:
        yield path
    elif pattern[0] == "*":
        for id in desk.ids(*path):
            yield from _matching(desk, pattern[1:], (*path, id))
    elif pattern[0] in desk.ids(*path):
        yield from _matching(desk, pattern[1:], (*path, pattern[0]))


def reserved(desk: Desk) -> None:
    """Names that mean something already."""
    for section, words in RESERVED.items():
        for id in desk.ids(section):
            if id in words:
                desk.add(desk.say("E110", (section, id), key=True, name=id).helping(ANOTHER_ID))
                desk.doubt((section, id))
    for role in desk.ids("roles"):
        fact = (desk.policy.facts or {}).get(role)
        if fact is not None and fact.type == "role":
            twice = desk.say("E111", ("facts", role), key=True, name=role)
            desk.add(twice.against(desk.key(("roles", role)), Words("the role", "角色")))
