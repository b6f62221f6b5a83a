"""Periods of figures: days, weeks, months, quarters and years of a plan's zone, as instants."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Literal, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

Per: TypeAlias = Literal["day", "week", "month", "quarter", "year"]


class Period(NamedTuple):
    """[start, end), seconds UTC."""

    start: int
    end: int

    def __contains__(self, at: object) -> bool:
        return isinstance(at, int) and self.start <= at < self.end

    def touches(self, other: Period) -> bool:
        return self.start < other.end and other.start < self.end


def period_of(per: Per, at: int, zone: str) -> Period:
    """The period in which an instant lies. It begins and ends at local midnight; a week begins on Monday."""
    return _beginning(per, _first(per, datetime.fromtimestamp(at, ZoneInfo(zone)).date()), zone)


def periods(per: Per, zone: str, start: int, end: int) -> Iterator[Period]:
    """Every period that has an instant in [start, end), in order."""
    while start < end:
        period = period_of(per, start, zone)
        yield period
        start = period.end


def just_ended(per: Per, at: int, zone: str) -> Period:
    """The last period that was over at an instant."""
    return period_of(per, period_of(per, at, zone).start - 1, zone)


def compared_with(per: Per, zone: str, period: Period, against: Literal["previous", "last year"]) -> Period:
    """The period before, or the same one of last year: the same date, for weeks the one 52 weeks earlier."""
    if against == "previous":
        return just_ended(per, period.start, zone)
    first = datetime.fromtimestamp(period.start, ZoneInfo(zone)).date()
    if per == "week":
        return _beginning(per, first - timedelta(weeks=52), zone)
    day = 28 if (first.month, first.day) == (2, 29) else first.day
    return _beginning(per, date(first.year - 1, first.month, day), zone)


def _beginning(per: Per, first: date, zone: str) -> Period:
    return Period(_midnight(first, zone), _midnight(_next(per, first), zone))


def _midnight(day: date, zone: str) -> int:
    """The first instant of a day: of a midnight that comes twice the first, of one that is skipped the end of the
    gap.
    """
    return int(datetime.combine(day, time(), ZoneInfo(zone)).timestamp())


def _first(per: Per, day: date) -> date:
    match per:
        case "day":
            return day
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
        case "year":
            return date(day.year, 1, 1)


def _next(per: Per, first: date) -> date:
    if per in ("day", "week"):
        return first + timedelta(days=1 if per == "day" else 7)
    months = first.month - 1 + {"month": 1, "quarter": 3, "year": 12}[per]
    return date(first.year + months // 12, months % 12 + 1, 1)
