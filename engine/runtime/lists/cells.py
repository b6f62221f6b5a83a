"""Cells of a list of people: what must be filled in, telephone numbers, dates."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from engine.policy import Words
from engine.runtime.lists.codes import Mistake, mistake
from engine.runtime.lists.tables import Column, Row, Table
from engine.runtime.phones import A_PHONE, are_phones
from engine.runtime.values import FIRST_YEAR, LAST_YEAR, ValueProblemError, read_instant

MISTAKES_MAX: Final = 200  #: nobody reads the thousandth
A_DATE: Final = Words("write 2026-10-01, or 2026-10-01 12:00", "请写 2026-10-01 或 2026-10-01 12:00")
_DATE: Final = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]?(\d{1,2}:\d{2}))?")

_DAY: Final = re.compile(r"\d{1,2}月\d{1,2}日")


def lacking(table: Table, row: Row, columns: Sequence[Column]) -> Iterator[Mistake]:
    """Cells that must be filled in and are not."""
    for column in columns:
        if column.required and column.id not in row.cells:
            yield mistake("P201", table.place(row, column.id))


def wrong_phone(table: Table, row: Row) -> Iterator[Mistake]:
    """Never quoted."""
    phone = row.cells.get("phone")
    if phone and not are_phones(phone):
        yield mistake("P208", table.place(row, "phone")).helping(A_PHONE)


def is_date(text: str) -> bool:
    """Whether it is written as a date, as Excel writes what it takes for one: `2026-03-02`, `3月2日`."""
    plain = unicodedata.normalize("NFKC", text)
    return bool(_DATE.fullmatch(plain) or _DAY.fullmatch(plain))


def read_day(text: str, zone: ZoneInfo, *, end: bool = False) -> int:
    """A date as the instant at which it begins, or at which it is over; a time of that day as it is.

    Raises ValueProblemError.
    """
    match = _DATE.fullmatch(unicodedata.normalize("NFKC", text))
    try:
        day = date(*(int(part) for part in match.groups()[:3])) if match is not None else date.min
    except ValueError:
        day = date.min
    if match is None or not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueProblemError(*A_DATE)
    return read_instant(match[4] or ("24:00" if end else "00:00"), zone, datetime.combine(day, time()))


def first(mistakes: Iterable[Mistake]) -> tuple[Mistake, ...]:
    """Each once, from the top of the file, not more than anybody reads."""
    return tuple(sorted(dict.fromkeys(mistakes), key=lambda one: one.place.line))[:MISTAKES_MAX]
