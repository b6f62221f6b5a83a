"""Values of facts: which there are, and how a text becomes one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from engine.core import Value
from engine.policy.compile.desk import Desk
from engine.policy.schema.base import NO, YES
from engine.policy.shapes import Path
from engine.policy.suggest import WORDS_MAX, meant, narrow, nearest, shown
from engine.policy.words import Words

FINDINGS: Final = ("breach", "detection", "empty_post", "nobody")

#: Types of the facts that the engine provides; those of a finding are known in `liability` only.
ENGINE_TYPES: Final[dict[str, str]] = {
    "category": "categories", "state": "states", "number": "text", "round": "number", "repeats": "number",
    "promises": "number", "open_parts": "number", "breached": "deadlines", "time": "clock", "day": "day",
    "hour": "number",
}  # fmt: skip
FINDING_TYPES: Final[dict[str, str]] = {
    "finding": "finding", "deadline": "deadlines", "duty": "duties", "detection": "detections",
}  # fmt: skip


def type_of(desk: Desk, fact: str, finding: bool = False) -> str:
    """The type of a fact; for those of the engine what their values are."""
    if finding and fact in FINDING_TYPES:
        return FINDING_TYPES[fact]
    if fact in ENGINE_TYPES:
        return ENGINE_TYPES[fact]
    declared = (desk.policy.facts or {}).get(fact)
    if declared is None or desk.doubts("facts", fact, "type"):
        return "unknown"
    return declared.type or ("choice" if declared.values else "text")


def value_of(desk: Desk, path: Path, fact: str, kind: str, text: str) -> Value | None:
    """A value of a fact as it is kept; None, reported, when it cannot be one."""
    match kind:
        case "unknown":
            desk.doubt(path)
            return None
        case "choice":
            values = ("facts", fact, "values")
            return _choose(desk, path, text, desk.ids(*values), *values)
        case "finding":
            return _choose(desk, path, text, FINDINGS)
        case "flag":
            if text in YES or text in NO:
                return text in YES
            word = _choose(desk, path, text, ("yes", "no"))
            return None if word is None else word == "yes"
        case "number" | "score":
            return _number(desk, path, text, 100 if kind == "score" else None)
        case "role":
            return desk.one("roles", path, text)
        case "categories" | "duties" | "detections":
            return desk.one(kind, path, text)
        case "deadlines":
            return desk.resolve("deadlines", path, text, [*desk.ids("deadlines"), *desk.ids("duties"), *capped(desk)])
        case "states":
            return desk.resolve(
                "states",
                path,
                text,
                {s for flow in desk.ids("workflows") for s in desk.ids("workflows", flow, "states")},
            )
    if kind == "clock":
        refuse(desk, path, Words("a time of day such as 22:00-06:00", "时段，如 22:00-06:00"))
        return None
    if kind == "day":
        refuse(desk, path, Words("working, off, or weekdays such as mon-fri", "working、off 或星期，如 mon-fri"))
        return None
    desk.add(desk.say("E113", path, fact=fact))
    desk.doubt(path)
    return None


def capped(desk: Desk) -> Iterable[str]:
    """States whose stay is limited: a deadline is named after each."""
    for flow in (desk.policy.workflows or {}).values():
        yield from (id for id, state in (flow.states or {}).items() if state.at_most is not None)


def _choose(desk: Desk, path: Path, text: str, known: Iterable[str], *home: str) -> str | None:
    names = list(known)
    if text in names:
        return text
    said = (home and desk.called(text, names, home)) or text
    found = desk.say("E106", path, text=text, words=shown(names, WORDS_MAX))
    desk.add(found.helping(*meant(said, names)))
    right = nearest(said, names)
    if right is None:
        desk.doubt(path)
    return right


def _number(desk: Desk, path: Path, text: str, top: int | None) -> float | int | None:
    if re.fullmatch(r"-?\d{1,15}(?:\.\d+)?", text):
        number = float(text) if "." in text else int(text)
        if top is None or 0 <= number <= top:
            return number
    wanted = Words("a number", "数字") if top is None else Words(f"a number from 0 to {top}", f"0 到 {top} 的数字")
    desk.add(desk.say("E107", path, text=text, wanted=wanted).helping(*narrow(text), COMPARED))
    desk.doubt(path)
    return None


COMPARED: Final = Words("for example `3`, `at least 3`, `under 3`", "例如 `3`, `at least 3`, `under 3`")


def refuse(desk: Desk, path: Path, wanted: Words) -> None:
    desk.add(desk.say("E103", path, wanted=wanted))
    desk.doubt(path)
