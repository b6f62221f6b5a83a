"""A calendar made ready for questions: when is it open, how long, and on which days."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from threading import Lock
from types import MappingProxyType
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from engine.worktime.calendars import DAY_SECONDS, CalendarSpec, DayKind, Rules, rules_of
from engine.worktime.days import FIRST_YEAR, LAST_YEAR, DayData
from engine.worktime.problems import OutOfTable
from engine.worktime.tables import Table, TableEnds, build, instant

Answer = TypeVar("Answer")

_YEAR_SECONDS: Final = 31_556_952  # mean Gregorian year; only to find the year of an instant within one
_NEVER: Final = 1 << 62  # later than any instant
_NO_TABLE: Final = Table(0, 0, 0, [0], [], [], [0], [], [0], [], [], [0])


class Timetable:
    """The opening times of a calendar with an edition of day data. Instants are whole seconds UTC.

    To its users it never changes. Inside, the table of sums covers the years asked about so far and is replaced by a
    longer one when a question goes beyond; what is asked about never lies outside 1990 to 2100 (`OutOfTable`). Several
    threads may ask at once: a table is followed by longer ones only.
    """

    __slots__ = ("_also", "_growing", "_rules", "_table", "_years", "horizon", "id", "published_through", "zone")

    def __init__(
        self,
        id: str,
        zone: ZoneInfo,
        rules: Rules,
        published_through: date | None = None,
        also: tuple[Timetable, ...] = (),
    ) -> None:
        self.id = id
        self.zone = zone
        horizons = (published_through, *(other.published_through for other in also))
        #: The last day whose data is published; None: it is known for every year.
        self.published_through: date | None = min((day for day in horizons if day), default=None)
        self._rules = rules
        self._also = also
        self._table = _NO_TABLE
        self._years = (0, -1)  # first and last year of the table
        self._growing = Lock()
        self.horizon = self._end_of(self.published_through)  #: an instant after it hangs on days not yet published

    def __repr__(self) -> str:
        return f"Timetable({self.id!r}, {self.zone.key})"

    # ---- open or not ----

    def is_open(self, at: int) -> bool:
        return self.covering(at).opening_at(at) is not None

    def next_opening(self, at: int) -> int:
        """`at` itself if it is open then, else the next instant at which it opens."""
        return self.search(at, lambda table: table.next_opening(at))

    def opening_between(self, start: int, end: int) -> int:
        """Seconds of opening time from start to end; negative if the end lies before the start."""
        self.covering(min(start, end))
        table = self.covering(max(start, end))
        return table.position(end) - table.position(start)

    def intervals(self, start: int, end: int) -> tuple[tuple[int, int], ...]:
        """The openings that touch [start, end), whole, as (opens, closes). Those of two days are never merged."""
        if end <= start:
            return ()
        self.covering(start)
        table = self.covering(end)
        i, k = bisect_right(table.closes, start), bisect_left(table.opens, end)
        return tuple(zip(table.opens[i:k], table.closes[i:k], strict=True))

    def edges(self, start: int, end: int) -> tuple[int, ...]:
        """The instants in [start, end) at which it opens or closes; round the clock there are none."""
        openings = self.intervals(start - 1, end + 1)
        changes = {opens for opens, _ in openings} ^ {closes for _, closes in openings}
        return tuple(sorted(at for at in changes if start <= at < end))

    @property
    def never_opens(self) -> bool:
        """Whether there is no opening at all, so that no working time can ever pass."""
        try:
            self.next_opening(self._first_instant())
        except OutOfTable:
            return True
        return False

    @property
    def usual_opening(self) -> int | None:
        """The second of the day at which a make-up day opens; None: no day has hours."""
        return self._rules.makeup[0][0] if self._rules.makeup else None

    # ---- days ----

    def date_of(self, at: int) -> date:
        """The date of an instant: inside an opening the date on which that opens (night shifts), else the civil one."""
        return date.fromordinal(self.covering(at).ordinal_at(at))

    def is_working_day(self, day: date) -> bool:
        """Whether it opens on this date."""
        return self._covering_day(day).works(day.toordinal())

    def nth_working_day(self, day: date, n: int) -> date:
        """The n-th working day after a date, or before it if n is negative; for 0 the date, or the next working day."""
        table = self._table
        i = day.toordinal() - table.first_ordinal
        if 0 <= i < len(table.midnights) - 1:
            k = table.before[i + 1] + n - 1 if n > 0 else table.before[i] + n
            if 0 <= k < len(table.dates):
                return table.dates[k]
        return self._nth_working_day(day, n)

    def close_of(self, day: date) -> int:
        """Close of business of a date; of a day off, that of the next working day (民法典 Art. 203)."""
        at = self._noon(day)
        return self.search(at, lambda table: table.close[table.day_from(day.toordinal())])

    def opening_of(self, day: date) -> int:
        """When a date opens first; of a day off, when the next working day does."""

        def opening(table: Table) -> int:
            return table.opens[table.first[table.day_from(day.toordinal())]]

        return self.search(self._noon(day), opening)

    def midnight_of(self, day: date) -> int:
        """24:00 of a date, in the zone."""
        return instant(self.zone, datetime(day.year, day.month, day.day) + timedelta(days=1))  # noqa: DTZ001

    def day_kind(self, day: date) -> DayKind:
        """What a date is here, and why. Where other calendars close it, what it is in the first of them that does."""
        hours, kind = self._rules.day(day)
        if hours and not self.is_working_day(day):
            for other in self._also:
                if not other.is_working_day(day):
                    return other.day_kind(day)
            return DayKind("weekend", "")
        return kind

    # ---- the edge to local time ----

    def local(self, at: int) -> datetime:
        """The instant in the calendar's zone, aware."""
        return datetime.fromtimestamp(at, self.zone)

    def instant(self, when: datetime) -> int:
        """The instant of a local time: one the clock skips is the first instant after, one that comes twice the first.

        An aware datetime is taken at its word, cut down to the second.
        """
        if when.tzinfo is not None:
            return int(when.timestamp() // 1)
        return instant(self.zone, when.replace(microsecond=0))

    def add_opening(self, start: datetime, seconds: int) -> datetime:
        """The local time at which so much opening time (more than 0 seconds) has passed since an aware datetime."""
        if start.tzinfo is None:
            raise ValueError("a datetime without zone is no instant; `instant` reads it as local time")
        at = int(start.timestamp())
        table = self._table
        try:
            if table.lo <= at < table.hi:
                return datetime.fromtimestamp(table.after(at, seconds), self.zone)
        except TableEnds:
            pass
        return self.local(self.search(at, lambda table: table.after(at, seconds)))

    # ---- for this room: searches over a table that grows ----

    def search(self, at: int, ask: Callable[[Table], Answer]) -> Answer:
        """The answer of `ask`, put to a table that contains `at` and is made longer as long as the search leaves it.

        Raises:
            OutOfTable: the answer lies outside 1990 to 2100.
        """
        table = self.covering(at)
        while True:
            try:
                return ask(table)
            except TableEnds:
                table = self._longer(table)

    def covering(self, at: int) -> Table:
        """A table that contains an instant."""
        table = self._table
        if table.lo <= at < table.hi:
            return table
        year = 1970 + at // _YEAR_SECONDS
        return self._cover(year - 1, year + 1, at)

    # ---- inside ----

    def _cover(self, first: int, last: int, at: int) -> Table:
        """Make the table longer, at least twice as long, so that growing costs no more than the size in the end."""
        if not FIRST_YEAR - 1 <= first + 1 <= LAST_YEAR + 1:
            raise OutOfTable(f"calendar {self.id}: {at} lies outside the years {FIRST_YEAR} to {LAST_YEAR}")
        low, high = self._years
        if high < low:
            low, high = first, last + 2
        more = high - low + 1
        low = low if first >= low else min(first, low - more)
        high = high if last <= high else max(last, high + more)
        self._build(max(low, FIRST_YEAR), min(high, LAST_YEAR))
        if not self._table.lo <= at < self._table.hi:
            raise OutOfTable(f"calendar {self.id}: {at} lies outside the years {FIRST_YEAR} to {LAST_YEAR}")
        return self._table

    def _longer(self, table: Table) -> Table:
        first, last = self._years
        if table is not self._table:  # another thread needed a longer one, too; it sets the years after their table
            return self._table
        if (first, last) == (FIRST_YEAR, LAST_YEAR):
            raise OutOfTable(f"calendar {self.id}: no such working time from {FIRST_YEAR} to {LAST_YEAR}")
        more = last - first + 1
        self._build(max(first - more, FIRST_YEAR), min(last + more, LAST_YEAR))
        return self._table

    def _build(self, first: int, last: int) -> None:
        """Have a table of these years, and of those that there were."""
        with self._growing:
            low, high = self._years
            if low <= high:
                first, last = min(low, first), max(high, last)
            if (first, last) != (low, high):
                also = [other._spanning(first, last) for other in self._also]
                self._table = build(self._rules, self.zone, first, last, also)
                self._years = (first, last)

    def _spanning(self, first: int, last: int) -> Table:
        """A table of at least these years, and of the year before and after for other zones' nights."""
        self._build(max(first - 1, FIRST_YEAR), min(last + 1, LAST_YEAR))
        return self._table

    def _covering_day(self, day: date) -> Table:
        return self.covering(self._noon(day))

    def _nth_working_day(self, day: date, n: int) -> date:
        return self.search(self._noon(day), lambda table: table.dates[table.nth_day(day.toordinal(), n)])

    def _noon(self, day: date) -> int:
        return instant(self.zone, datetime(day.year, day.month, day.day, 12))  # noqa: DTZ001

    def _first_instant(self) -> int:
        return instant(self.zone, datetime(FIRST_YEAR, 1, 1))  # noqa: DTZ001

    def _end_of(self, day: date | None) -> int:
        """24:00 of a date, or the close of its night shift if that is later."""
        if day is None:
            return _NEVER
        last = max((closes for _, closes in self._rules.day(day)[0]), default=0)
        end = datetime(day.year, day.month, day.day) + timedelta(seconds=max(last, DAY_SECONDS))  # noqa: DTZ001
        return instant(self.zone, end)


def compile_calendar(
    spec: CalendarSpec, data: DayData, others: Mapping[str, Timetable] = MappingProxyType({})
) -> Timetable:
    """The timetable of a calendar with an edition of day data. Cheap: tables are made when they are asked.

    Args:
        others: the timetables that `also` names.

    Raises:
        CalendarError: with every mistake in the calendar, each with its key path and a stable reason.
    """
    rules, zone, through = rules_of(spec, data, others)
    return Timetable(spec.id, zone, rules, through, tuple(others[name] for name in spec.also))


def always(timezone: str) -> Timetable:
    """Round the clock: every day is a working day from 0:00 to 24:00."""
    rules = Rules((((0, DAY_SECONDS),),) * 7, ((0, DAY_SECONDS),), {}, {}, ())
    return Timetable("always", ZoneInfo(timezone), rules)


def shift_edges(timetable: Timetable, start: int, end: int) -> tuple[tuple[int, int], ...]:
    """The shifts that begin in [start, end), as (start, end); one that follows the other at once stays its own."""
    return tuple(shift for shift in timetable.intervals(start, end) if start <= shift[0])
