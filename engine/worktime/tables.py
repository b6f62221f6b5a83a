"""The opening times of a span of years as sums, so that every question is a few bisections and no walk over days."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import accumulate
from math import ceil
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from engine.worktime.calendars import DAY_SECONDS, Rules

_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
_SECOND: Final = timedelta(seconds=1)


class TableEnds(Exception):  # noqa: N818 - no fault: the table has to be longer
    """A search came to the end of this table."""


class Opening(NamedTuple):
    """One uninterrupted opening and the date it belongs to: the date on which it opens."""

    opens: int  # instant
    closes: int
    ordinal: int  # of the date


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Opening times of the dates from `first_ordinal` on. All lists ascend; instants are whole seconds UTC.

    `worked[i]` is the opening time in seconds before opening i, so worked[-1] is that of the whole table.
    Working days count from 0; day k has the openings from first[k] up to first[k + 1].
    """

    lo: int  # questions may be asked about instants in [lo, hi)
    hi: int
    first_ordinal: int
    midnights: list[int]  # when each date begins, and the one after the last
    opens: list[int]
    closes: list[int]
    worked: list[int]
    day_no: list[int]  # working day of each opening
    first: list[int]
    close: list[int]  # close of business of each working day
    dates: list[date]  # each working day
    before: list[int]  # how many working days lie before each date, and before the one after the last

    # ---- opening time ----

    def opening_at(self, at: int) -> int | None:
        """The opening that `at` lies in."""
        i = bisect_right(self.opens, at) - 1
        return i if i >= 0 and at < self.closes[i] else None

    def next_opening(self, at: int) -> int:
        i = bisect_right(self.closes, at)
        if i == len(self.opens):
            raise TableEnds
        return max(at, self.opens[i])

    def position(self, at: int) -> int:
        """Opening time in this table before `at`."""
        if not self.lo <= at < self.hi:
            raise TableEnds
        i = bisect_right(self.opens, at) - 1
        return self.worked[i] + min(at, self.closes[i]) - self.opens[i] if i >= 0 else 0

    def reached(self, position: int) -> int:
        """The first instant at which so much opening time (some) has passed: closing, not opening, if it is both."""
        i = bisect_left(self.worked, position) - 1
        if position > self.worked[-1]:
            raise TableEnds
        return self.opens[i] + position - self.worked[i]

    def last_at(self, position: int) -> int:
        """The last instant with so much opening time before it: counted backward, a budget may end at an opening."""
        i = bisect_right(self.worked, position) - 1
        if position < 0 or i >= len(self.opens):
            raise TableEnds
        return self.opens[i] + position - self.worked[i]

    def after(self, at: int, seconds: int) -> int:
        """`reached(position(at) + seconds)` for seconds > 0, in two bisections."""
        opens, worked = self.opens, self.worked
        i = bisect_right(self.closes, at)
        if i == len(opens):
            raise TableEnds
        start = opens[i]
        target = worked[i] + seconds + (at - start if at > start else 0)
        i = bisect_left(worked, target, i) - 1
        if target > worked[-1]:
            raise TableEnds
        return opens[i] + target - worked[i]

    # ---- dates ----

    def ordinal_at(self, at: int) -> int:
        """The date of an instant: that of the opening it lies in, else the civil one."""
        if not self.lo <= at < self.hi:
            raise TableEnds
        i = bisect_right(self.opens, at) - 1
        if i >= 0 and at < self.closes[i]:
            return self.dates[self.day_no[i]].toordinal()
        return self.first_ordinal + bisect_right(self.midnights, at) - 1

    def day_after(self, at: int, n: int) -> int:
        """`nth_day` of the date of `at`, for n > 0."""
        i = bisect_right(self.opens, at) - 1
        if i >= 0 and at < self.closes[i]:
            k = self.day_no[i] + n
        else:
            k = self.before[bisect_right(self.midnights, at)] + n - 1
        if k < len(self.close):
            return k
        raise TableEnds

    def day_from(self, ordinal: int) -> int:
        """The number of the first working day on or after a date."""
        k = self.before[self._place(ordinal)]
        if k == len(self.close):
            raise TableEnds
        return k

    def day_until(self, ordinal: int) -> int:
        """The number of the last working day on or before a date."""
        k = self.before[self._place(ordinal) + 1] - 1
        if k < 0:
            raise TableEnds
        return k

    def nth_day(self, ordinal: int, n: int) -> int:
        """The number of the n-th working day after a date; before it, if n is negative; for n = 0 as `day_from`."""
        i = self._place(ordinal)
        k = self.before[i + 1] + n - 1 if n > 0 else self.before[i] + n
        if 0 <= k < len(self.close):
            return k
        raise TableEnds

    def works(self, ordinal: int) -> bool:
        i = self._place(ordinal)
        return self.before[i] < self.before[i + 1]

    def midnight(self, ordinal: int) -> int:
        """24:00 of a date."""
        return self.midnights[self._place(ordinal) + 1]

    def _place(self, ordinal: int) -> int:
        i = ordinal - self.first_ordinal
        if 0 <= i < len(self.midnights) - 1:
            return i
        raise TableEnds

    # ---- working days as a measure: each weighs 1, spread evenly over its opening time (SEMANTICS §7.2) ----

    def day_position(self, at: int) -> Fraction:
        """Working days in this table before `at`."""
        i = bisect_right(self.opens, at) - 1
        if i < 0:
            return Fraction(0)
        k = self.day_no[i]
        start = self.worked[self.first[k]]
        return k + Fraction(self.position(at) - start, self.worked[self.first[k + 1]] - start)

    def day_reached(self, position: int | Fraction) -> int:
        """The first whole second at which so many working days have passed; a whole one ends at its close."""
        k = ceil(position) - 1
        if not 0 <= k < len(self.close):
            raise TableEnds
        start = self.worked[self.first[k]]
        return self.reached(start + ceil((position - k) * (self.worked[self.first[k + 1]] - start)))


def instant(zone: ZoneInfo, naive: datetime) -> int:
    """The instant of a local time: the first after it, if the clock skips it; the first of two, if it comes twice."""
    first, second = (int(naive.replace(tzinfo=zone, fold=fold).timestamp()) for fold in (0, 1))
    if first <= second:  # the usual case, or the hour that comes twice
        return first
    while first - second > 1:  # in a gap: the clock changes between the two readings
        middle = (first + second) // 2
        if _local(zone, middle) < naive:
            second = middle
        else:
            first = middle
    return first


def build(rules: Rules, zone: ZoneInfo, first_year: int, last_year: int, also: Iterable[Table]) -> Table:
    """The table of whole years. `also`: tables of the same years; only what is open in all of them stays."""
    # The day before is there for the night shift that runs into the first of January.
    first, stop = date(first_year, 1, 1).toordinal() - 1, date(last_year + 1, 1, 1).toordinal()
    days = [date.fromordinal(ordinal) for ordinal in range(first, stop + 2)]
    midnights = _midnights(zone, days)
    openings: Iterable[Opening] = _openings(rules, zone, days[:-2], midnights)
    for other in also:
        openings = _intersected(openings, other)
    return _table(list(openings), midnights[1], first, midnights[:-1])


def _midnights(zone: ZoneInfo, days: list[date]) -> list[int]:
    """When each date begins. Far from a change of the clocks, which is nearly always, that is a subtraction."""
    naive = [datetime(day.year, day.month, day.day) for day in days]  # noqa: DTZ001
    offsets = [zone.utcoffset(when) for when in naive]
    beside = zip([None, *offsets], offsets, [*offsets[1:], None], strict=False)
    return [
        (day.toordinal() - _EPOCH_ORDINAL) * DAY_SECONDS - offset // _SECOND
        if offset is not None and before == offset == after
        else instant(zone, when)
        for day, when, (before, offset, after) in zip(days, naive, beside, strict=True)
    ]


def _openings(rules: Rules, zone: ZoneInfo, days: list[date], midnights: list[int]) -> Iterator[Opening]:
    closed = midnights[0]  # when the opening before closed
    for i, day in enumerate(days):
        hours, _ = rules.day(day)
        if not hours:
            continue
        midnight = midnights[i]
        # Where two midnights are 24 hours apart no clock changed between them: adding is enough.
        plain = midnights[i + 2] - midnight == 2 * DAY_SECONDS
        for opens, closes in hours:
            if plain:
                start, end = midnight + opens, midnight + closes
            else:
                start, end = (_on(zone, day, second) for second in (opens, closes))
            start = max(start, closed)  # what two dates claim belongs to the earlier one
            if start < end:
                yield Opening(start, end, day.toordinal())
                closed = end


def _on(zone: ZoneInfo, day: date, second: int) -> int:
    return instant(zone, datetime(day.year, day.month, day.day) + timedelta(seconds=second))  # noqa: DTZ001


def _local(zone: ZoneInfo, at: int) -> datetime:
    return datetime.fromtimestamp(at, zone).replace(tzinfo=None)


def _intersected(openings: Iterable[Opening], other: Table) -> Iterator[Opening]:
    i = 0
    for opens, closes, ordinal in openings:
        while i < len(other.closes) and other.closes[i] <= opens:
            i += 1
        k = i
        while k < len(other.opens) and other.opens[k] < closes:
            yield Opening(max(opens, other.opens[k]), min(closes, other.closes[k]), ordinal)
            k += 1


def _table(openings: list[Opening], lo: int, first_ordinal: int, midnights: list[int]) -> Table:
    ordinals = sorted({opening.ordinal for opening in openings})
    number = {ordinal: k for k, ordinal in enumerate(ordinals)}
    day_no = [number[opening.ordinal] for opening in openings]
    last = {k: i for i, k in enumerate(day_no)}
    worked = list(accumulate((opening.closes - opening.opens for opening in openings), initial=0))
    before = accumulate((first_ordinal + i in number for i in range(len(midnights) - 1)), initial=0)
    return Table(
        lo,
        midnights[-1],
        first_ordinal,
        midnights,
        [opening.opens for opening in openings],
        [opening.closes for opening in openings],
        worked,
        day_no,
        [0, *(last[k] + 1 for k in range(len(ordinals)))],
        [openings[last[k]].closes for k in range(len(ordinals))],
        [date.fromordinal(ordinal) for ordinal in ordinals],
        list(before),
    )
