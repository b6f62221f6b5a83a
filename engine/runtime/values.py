"""Text into the values of facts, and back. Every door reads with these; local time exists only here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from math import isfinite
from typing import Final
from zoneinfo import ZoneInfo

from engine.core import Value
from engine.core.plan import Fact
from engine.policy import Words
from engine.runtime.phones import A_PHONE, are_phones

_YES: Final = frozenset({"yes", "true", "是"})
_NO: Final = frozenset({"no", "false", "否"})
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?\Z")
#: The years that working time knows.
FIRST_YEAR: Final = 1990
LAST_YEAR: Final = 2100
_A_NUMBER: Final = Words("no number", "这不是数")
_SHORT: Final = re.compile(r"(\d{1,2})-(\d{1,2})[ T](.+)\Z")


class ValueProblemError(ValueError):
    """A text that is no value of its fact. `words` say what would be, and never quote it: it may be personal."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.words = Words(en, zh)


def read_instant(text: str, zone: ZoneInfo, reference: datetime, *, same_year: bool = False) -> int:
    """`2026-10-08 18:00[:SS]`, `10-08 18:00`, `18:00` (on the reference's date), or ISO with an offset, as seconds
    UTC. `24:00` is the midnight that ends the day.

    A date without its year is the one nearest to the reference: at the year's end a promise lies in the next year, and
    soon after what is reported lies in the last. With `same_year`, as in files, it is of the reference's year.
    """
    text = text.strip()
    if match := _CLOCK.match(text):
        return _clock(reference.date(), match, zone)
    if match := _SHORT.match(text):
        clock = _CLOCK.match(match[3])
        if clock:
            return _clock(_day(int(match[1]), int(match[2]), reference.date(), 0 if same_year else 1), clock, zone)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueProblemError("no time: write 2026-10-08 18:00", "这不是时间：请写 2026-10-08 18:00") from None
    if len(text) <= 10:
        raise ValueProblemError("a date is no time: write 2026-10-08 18:00", "只有日期：请写 2026-10-08 18:00")
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueProblemError(
            f"it lies outside the years {FIRST_YEAR} to {LAST_YEAR}", f"年份须在 {FIRST_YEAR} 与 {LAST_YEAR} 之间"
        )
    if moment.microsecond:
        raise ValueProblemError("write whole seconds", "时间最多写到秒")
    return int(moment.timestamp()) if moment.tzinfo else _local(moment.date(), moment.time(), zone)


def _clock(day: date, match: re.Match[str], zone: ZoneInfo) -> int:
    """A time of a day; 24:00 is 00:00 of the next."""
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    if (hour, minute, second) == (24, 0, 0):
        return _local(day + timedelta(days=1), time(), zone)
    try:
        return _local(day, time(hour, minute, second), zone)
    except ValueError:
        raise ValueProblemError(f"there is no {match[0]} on a clock", f"没有 {match[0]} 这个时刻") from None


def _day(month: int, day: int, reference: date, years: int) -> date:
    """The day of this name nearest to the reference, in its year or so many before and after."""
    found: list[date] = []
    for year in range(reference.year - years, reference.year + years + 1):
        with suppress(ValueError):  # no 29 February
            found.append(date(year, month, day))
    if not found:
        lacking = f"{reference.year}-{month:02}-{day:02}"
        raise ValueProblemError(f"there is no {lacking}", f"没有 {lacking} 这一天")
    return min(found, key=lambda one: abs(one - reference))


def _local(day: date, at: time, zone: ZoneInfo) -> int:
    """A wall-clock time as an instant; in the gap of a change to summer time, the first instant after it."""
    moment = datetime.combine(day, at, zone)
    seconds = int(moment.timestamp())
    if datetime.fromtimestamp(seconds, zone).replace(tzinfo=None) != moment.replace(tzinfo=None):
        before = datetime.combine(day, at, zone).utcoffset() or timedelta(0)
        after = datetime.fromtimestamp(seconds + 86400, zone).utcoffset() or timedelta(0)
        return int((datetime.combine(day, at) - max(before, after)).replace(tzinfo=ZoneInfo("UTC")).timestamp())
    return seconds


def read_value(fact: Fact, text: str, zone: ZoneInfo, reference: datetime, roles: Mapping[str, str]) -> Value:
    """The value that a text means for a fact. `roles` maps ids and titles of roles to ids. Raises ValueProblemError."""
    match fact.type:
        case "choice":
            by_title = {title: id for id, title in fact.values.items()}
            if text in fact.values:
                return text
            if text in by_title:
                return by_title[text]
            raise ValueProblemError(f"choose from {', '.join(fact.values)}", f"请选：{'、'.join(by_title)}")
        case "flag":
            if text.lower() in _YES:
                return True
            if text.lower() in _NO:
                return False
            raise ValueProblemError("write yes or no", "请写“是”或“否”")
        case "number" | "score":
            return _number(text, score=fact.type == "score")
        case "time":
            return read_instant(text, zone, reference)
        case "date":
            try:
                return date.fromisoformat(text).isoformat()
            except ValueError:
                raise ValueProblemError("no date: write 2026-10-08", "这不是日期：请写 2026-10-08") from None
        case "role":
            if text not in roles:
                raise ValueProblemError("there is no such role", "没有这个角色")
            return roles[text]
        case "phone" if not are_phones(text):
            raise ValueProblemError(*A_PHONE)
        case _:
            return text


def _number(text: str, *, score: bool) -> Value:
    try:
        value = float(text)
    except ValueError:
        raise ValueProblemError(*_A_NUMBER) from None
    if not isfinite(value):
        raise ValueProblemError(*_A_NUMBER)
    if score and not 0 <= value <= 100:
        raise ValueProblemError("a score is a number from 0 to 100", "得分为 0 至 100 的数")
    return int(value) if value.is_integer() else value


def show_value(fact: Fact | None, value: Value, zone: ZoneInfo) -> str:
    """A value as people write it in files; personal references are the caller's to mask."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if fact is not None and fact.type == "time":
        return show_instant(int(value), zone)
    return str(value)


def show_instant(at: int, zone: ZoneInfo, reference: int | None = None) -> str:
    """`2026-10-08 18:00`; with a reference as short as it can be said: `18:00`, `10-08 18:00`. Seconds only if
    there are any.
    """
    local = datetime.fromtimestamp(at, zone)
    clock = local.strftime("%H:%M:%S" if local.second else "%H:%M")
    if reference is None:
        return f"{local:%Y-%m-%d} {clock}"
    other = datetime.fromtimestamp(reference, zone)
    if local.date() == other.date():
        return clock
    return f"{local:%m-%d} {clock}" if local.year == other.year else f"{local:%Y-%m-%d} {clock}"
