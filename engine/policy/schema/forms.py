"""How numbers of people, targets and quantities are written."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated, NamedTuple, TypeAlias

from engine.policy.schema.base import Reads, wrong
from engine.policy.schema.lengths import elapsed
from engine.policy.words import Words
from engine.worktime import Length


class StaffText(NamedTuple):
    """`1`, `2 to 3`, `1 per 500 households`."""

    low: int
    high: int
    per: tuple[int, str] | None = None


class TargetText(NamedTuple):
    """`at least 95%`, `under 72 hours`, `falling`."""

    kind: str
    value: Fraction | None
    length: Length | None
    text: str


class EachText(NamedTuple):
    """`100 households`, `1 person of front_desk`."""

    amount: int
    unit: str
    role: str | None = None


def _staff(text: str) -> StaffText:
    if parts := re.fullmatch(r"(\d+)", text):
        return StaffText(int(parts[1]), int(parts[1]))
    if (parts := re.fullmatch(r"(\d+) to (\d+)", text)) and int(parts[1]) <= int(parts[2]):
        return StaffText(int(parts[1]), int(parts[2]))
    if (parts := re.fullmatch(r"(\d+) per (\d+) (\w+)", text)) and int(parts[2]) > 0:
        return StaffText(int(parts[1]), int(parts[1]), (int(parts[2]), parts[3]))
    raise wrong(text, Words("a number of people", "人数"), "1", "2 to 3", "1 per 500 households")


def _target(text: str) -> TargetText:
    if text in ("rising", "falling"):
        return TargetText(text, None, None, text)
    parts = re.fullmatch(r"(at least|at most|under|over) (.+)", text)
    if parts is None:
        raise wrong(text, Words("a target", "目标"), "at least 95%", "at most 3", "under 72 hours", "rising")
    kind, amount = parts[1], parts[2]
    if number := re.fullmatch(r"(\d+(?:\.\d+)?)(%?)", amount):
        return TargetText(kind, Fraction(number[1]) / (100 if number[2] else 1), None, text)
    return TargetText(kind, None, elapsed(amount), text)


def _each(text: str) -> EachText:
    if parts := re.fullmatch(r"([1-9]\d*) (\w+)(?: of (\w+))?", text):
        return EachText(int(parts[1]), parts[2], parts[3])
    raise wrong(text, Words("a quantity", "数量"), "100 households", "1 person of front_desk")


Staff: TypeAlias = Annotated[StaffText, Reads(_staff, Words("a number of people", "人数"), "1", "2 to 3")]
TargetOf: TypeAlias = Annotated[TargetText, Reads(_target, Words("a target", "目标"), "at least 95%", "rising")]
Each: TypeAlias = Annotated[EachText, Reads(_each, Words("a quantity", "数量"), "100 households")]
