"""Recurring work: on which days and at which times it comes round."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, Literal, NamedTuple, TypeAlias

from engine.worktime.calendars import WEEKDAYS, weekday_of
from engine.worktime.problems import OutOfTable
from engine.worktime.timetable import Timetable

_DAY: Final = timedelta(days=1)


class Every(StrEnum):
    """How often. Weeks begin on Monday; quarters in January, April, July, October; half years in January and July."""

    DAY = "day"
    WORKING_DAY = "working day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half year"
    YEAR = "year"


class RecurrenceError(ValueError):
    """`every`, `on` or `at` cannot be read. `key` is the one that is wrong, `reason` a stable word:
    `unknown-period`, `unknown-day`, `day-not-here` (a weekday of a month), `bad-time`.
    """

    def __init__(self, key: Literal["every", "on", "at"], reason: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.key = key
        self.reason = reason
        self.remedy = remedy


#: Which day of the period: a weekday ("mon"), its n-th day (15), or first and last day, working or not.
On: TypeAlias = str | int


class Recurrence(NamedTuple):
    """Once in every period, on one of its days, at one or more times.

    A day off rolls to the next working day, `last` to the one before. `every: day` is every day of the year and rolls
    nowhere; without a time of its own it comes on the days that open. Day 31 of a short month is its last day.
    """

    every: Every
    on: On = "first"
    at: tuple[int, ...] = ()  #: seconds of the day; empty: when the day opens

    def occurrences(self, timetable: Timetable, start: int, end: int) -> tuple[int, ...]:
        """The instants in [start, end), ascending. A time the clock skips is the first after it; one that comes twice,
        the first."""
        if end <= start:
            return ()
        # A roll leaves its period by less than a month, or ends where that of a later period does; a local date is
        # nearer than a day.
        first, last = timetable.local(start).date() - 31 * _DAY, timetable.local(end).date() + 31 * _DAY
        days = dict.fromkeys(self._days(timetable, first, last))
        found = {at for day in days for at in self._times(timetable, day) if start <= at < end}
        return tuple(sorted(found))

    def _days(self, timetable: Timetable, first: date, last: date) -> Iterator[date]:
        if self.every is Every.DAY:
            yield from _each(first, last)
        elif self.every is Every.WORKING_DAY:
            yield from (day for day in _each(first, last) if timetable.is_working_day(day))
        else:
            for begins, ends in _periods(self.every, first, last):
                try:
                    yield self._day(timetable, begins, ends)
                except OutOfTable:
                    continue  # no working day to roll to

    def _day(self, timetable: Timetable, begins: date, ends: date) -> date:
        """The day of one period, which lasts from `begins` to before `ends`."""
        if isinstance(self.on, int):
            day = min(begins + (self.on - 1) * _DAY, _last_of_month(begins))
        elif self.on in WEEKDAYS:
            day = begins + WEEKDAYS.index(self.on) * _DAY
        elif self.on.startswith("last"):
            day = ends - _DAY
            return day if timetable.is_working_day(day) else timetable.nth_working_day(day, -1)
        else:
            day = begins
        return timetable.nth_working_day(day, 0)

    def _times(self, timetable: Timetable, day: date) -> Iterator[int]:
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001
        for second in self.at:
            yield timetable.instant(midnight + timedelta(seconds=second))
        if not self.at and timetable.is_working_day(day):
            yield timetable.opening_of(day)


def parse_recurrence(every: str, on: str | None = None, at: Sequence[str] = ()) -> Recurrence:
    """`every: month`, `on: first working day`, `at: ["09:00", "15:30"]` as a recurrence.

    `first working day` and `first` are the same: a day off rolls to the next working day.

    Raises:
        RecurrenceError: with the key that is wrong, a reason and a remedy.
    """
    try:
        period = Every(" ".join(every.split()))
    except ValueError:
        known = ", ".join(Every)
        raise RecurrenceError("every", "unknown-period", f"`{every}` is no period", f"write one of {known}") from None
    return Recurrence(period, _on(period, on), tuple(sorted({_time(text) for text in at})))


# ---- inside ---------------------------------------------------------------------------------------------------------

_MONTHS: Final = {Every.MONTH: 1, Every.QUARTER: 3, Every.HALF_YEAR: 6, Every.YEAR: 12}
_ENDS: Final = {"first": "first", "first day": "first", "first working day": "first"} | {
    "last": "last", "last day": "last", "last working day": "last",
}  # fmt: skip
_TIME: Final = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


def _on(period: Every, on: str | None) -> On:
    if on is None:
        return "first"
    said = " ".join(on.lower().split())
    weekday = weekday_of(said)
    if period in (Every.DAY, Every.WORKING_DAY):
        raise RecurrenceError("on", "day-not-here", f"every {period} has no day to choose", "leave out `on`")
    if said in _ENDS:
        return _ENDS[said]
    if period is Every.WEEK and weekday is not None:
        return WEEKDAYS[weekday]
    if period is not Every.WEEK and said.isascii() and said.isdigit() and 1 <= int(said) <= 31:
        return int(said)
    remedy = "write mon to sun, first or last" if period is Every.WEEK else "write a day from 1 to 31, first or last"
    if weekday is not None or (said.isascii() and said.isdigit()):
        raise RecurrenceError("on", "day-not-here", f"`{on}` is no day of a {period}", remedy)
    raise RecurrenceError("on", "unknown-day", f"`{on}` is no day", remedy)


def _time(text: str) -> int:
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise RecurrenceError("at", "bad-time", f"`{text}` is no time of day", "write it as 09:00")
    return int(found[1]) * 3600 + int(found[2]) * 60


def _each(first: date, last: date) -> Iterator[date]:
    return (first + step * _DAY for step in range((last - first).days + 1))


def _periods(every: Every, first: date, last: date) -> Iterator[tuple[date, date]]:
    """The periods that touch [first, last], as (first day, first day of the next)."""
    if every is Every.WEEK:
        begins = first - first.weekday() * _DAY
        while begins <= last:
            yield begins, begins + 7 * _DAY
            begins += 7 * _DAY
        return
    months = _MONTHS[every]
    number = (first.year * 12 + first.month - 1) // months * months
    while (begins := _month(number)) <= last:
        yield begins, _month(number + months)
        number += months


def _month(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)


def _last_of_month(day: date) -> date:
    return _month(day.year * 12 + day.month) - _DAY
