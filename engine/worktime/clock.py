"""Limits on a timetable: when a length is over, whatever pauses it, and how much of it is left."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from math import ceil
from typing import Final, NamedTuple

from engine.worktime.explain import Stretch, explained
from engine.worktime.lengths import Left, Length, Unit
from engine.worktime.runs import Measure, Pauses, Run
from engine.worktime.tables import Table, TableEnds
from engine.worktime.timetable import Timetable


class DayRule(StrEnum):
    """When the last day of a limit in days ends."""

    CLOSE = "close"  #: close of business
    MIDNIGHT = "midnight"  #: 24:00
    SAME_TIME = "same time"  #: the time of day of the start


class Due(NamedTuple):
    """The last instant that is on time. Provisional: it hangs on days whose data is not published yet."""

    at: int
    provisional: bool


_DAYS: Final = (Unit.CALENDAR_DAYS, Unit.MONTHS)

# Named apart for speed: to look up a member of an enumeration takes longer than to ask for it.
_SECONDS: Final = Unit.SECONDS
_WORKING_SECONDS: Final = Unit.WORKING_SECONDS
_WORKING_DAYS: Final = Unit.WORKING_DAYS
_CLOSE: Final = DayRule.CLOSE


class Clock(NamedTuple):
    """A length on a timetable. With `due0` the due without pauses, m the measure of the kind (SEMANTICS §7.2, §7.3):

    | unit            | due0                                                                | m               |
    |-----------------|---------------------------------------------------------------------|-----------------|
    | seconds         | start + length                                                      | seconds         |
    | working seconds | when that much opening time has passed                              | opening seconds |
    | working days    | end of the N-th working day after the date of the start             | working days    |
    | calendar days   | end of the N-th date after it; a day off rolls to the next worked   | seconds         |
    | months          | likewise, on the same day of the month or its last                  | seconds         |
    | same day        | end of the date of the start; after close, of the next working day  | opening seconds |

    Each working day weighs 1, spread evenly over its opening time, and the count begins with day 1.

    The end of a day is its close or 24:00, by `day_rule`. With `same time` the limit ends at the start's time of day:
    working days begin at the next opening if the start is after hours, and end at the day's close if that is earlier;
    calendar days and months never roll. `same time` means nothing to `same day`, whose end is then the close.
    """

    length: Length
    timetable: Timetable
    day_rule: DayRule = DayRule.CLOSE

    def due(self, start: int, pauses: Pauses = (), granted: Fraction | None = None) -> Due:
        """The first instant outside every pause at which the time that ran has the measure of the limit.

        Args:
            granted: the measure to run to, where that is not the limit's own.

        Raises:
            OutOfTable: there is no such instant between 1990 and 2100.
        """
        if pauses or granted is not None:
            at = self._paused(start, pauses, granted)
        elif self.length.unit is _SECONDS:
            at = start + self.length.amount
        else:
            at = self._unpaused(start)
        return Due(at, at > self.timetable.horizon and self.hangs_on_days)

    def before(self, event_at: int, day_rule: DayRule | None = None) -> int:
        """The instant that lies the length before an event; the sign of the length does not matter.

        * Elapsed and working time: exact; a budget that ends exactly at an opening ends there.
        * Calendar days, months: same wall-clock time. With `close` or `midnight` the end of that date, and of the last
          working day before it if it is a day off: what must be ready before an event is never due after it.
        * Working days: close of the N-th working day before the date of the event. An event on a day off or after close
          is counted from its own date: one working day before a Sunday is the Friday. With `same time` an event
          outside opening hours counts as one at the next opening, as a start does.
        """
        amount, unit = abs(self.length.amount), self.length.unit
        if unit is Unit.SECONDS:
            return event_at - amount
        if unit is Unit.WORKING_SECONDS:
            return self.timetable.search(event_at, lambda table: table.last_at(table.position(event_at) - amount))
        if unit is Unit.SAME_DAY:
            raise ValueError("`same day` cannot be counted backward")
        rule = day_rule or (DayRule.CLOSE if unit is Unit.WORKING_DAYS else DayRule.SAME_TIME)
        if unit is Unit.WORKING_DAYS:
            return self.timetable.search(event_at, lambda table: self._working_days(table, event_at, -amount, rule))
        if rule is DayRule.SAME_TIME:
            return self._same_wall_clock(event_at, -amount)
        day = self._shifted(self.timetable.date_of(event_at), -amount)
        return self.timetable.search(
            self.timetable.instant(datetime(day.year, day.month, day.day)),  # noqa: DTZ001
            lambda table: self._end(table, table.day_until(day.toordinal()), rule),
        )

    def provisional(self, at: int) -> bool:
        """Whether an answer that hangs on the days up to `at` is provisional: for `before` ask about the event."""
        return at > self.timetable.horizon and self.hangs_on_days

    def reach(self, start: int, share: Fraction, pauses: Pauses = (), granted: Fraction | None = None) -> int:
        """The first instant outside every pause at which the time that ran has reached a share of the limit."""
        if share == 1:
            return self.due(start, pauses, granted).at

        def search(table: Table) -> int:
            run = self._run(table, start)
            return run.first(run.origin + share * (run.length if granted is None else granted), pauses)

        return self.timetable.search(start, search)

    def measured(self, start: int, at: int, pauses: Pauses = ()) -> Fraction:
        """How much of the limit has run from the start to `at`, in the measure of its kind."""
        return self.timetable.search(start, lambda table: self._run(table, start).ran(at, pauses))

    def left(self, start: int, now: int, pauses: Pauses = (), granted: Fraction | None = None) -> Left:
        """How much of the limit is still to run at `now`; nothing once it is over."""

        def search(table: Table) -> Fraction:
            run = self._run(table, start)
            return (run.length if granted is None else granted) - run.ran(now, pauses)

        return Left(max(self.timetable.search(start, search), Fraction(0)), _MEASURES[self.length.unit])

    def explain(self, start: int, pauses: Pauses = (), granted: Fraction | None = None) -> tuple[Stretch, ...]:
        """What was counted, skipped and paused from the start, ending in the due; `render` makes lines of it."""
        timetable, unit, due = self.timetable, self.length.unit, self.due(start, pauses, granted)
        received = timetable.date_of(start)
        last_day = None
        if unit in _DAYS:
            day_one = received + timedelta(days=1)
            if self.day_rule is not DayRule.SAME_TIME and not pauses:
                last_day = self._shifted(received, self.length.amount)
        else:
            day_one = timetable.nth_working_day(received, 1)
        return explained(timetable, unit, start, pauses, due, day_one, last_day)

    @property
    def hangs_on_days(self) -> bool:
        """Whether the answer depends on the calendar at all; elapsed time and the same time of a later date do not."""
        unit = self.length.unit
        return unit is not Unit.SECONDS and not (self.day_rule is DayRule.SAME_TIME and unit in _DAYS)

    # ---- without pauses ----

    def _unpaused(self, start: int) -> int:
        # The two questions asked most are answered first, from the table at hand.
        amount, unit = self.length
        if amount < 0:
            return self.before(start)
        table = self.timetable.covering(start)
        try:
            if unit is _WORKING_SECONDS:
                return table.after(start, amount)
            if unit is _WORKING_DAYS and self.day_rule is _CLOSE:
                return table.close[table.day_after(start, amount)]
        except TableEnds:
            pass
        return self.timetable.search(start, lambda table: self._due0(table, start))

    def _due0(self, table: Table, start: int) -> int:
        (amount, unit), rule = self.length, self.day_rule
        match unit:
            case Unit.SECONDS:
                return start + amount
            case Unit.WORKING_SECONDS:
                return table.after(start, amount)
            case Unit.WORKING_DAYS:
                return self._working_days(table, start, amount, rule)
            case Unit.SAME_DAY:
                ordinal = table.ordinal_at(start)
                k = table.day_from(ordinal)
                end = self._end(table, k, rule)
                # Received after the end: at the very close no time would be left, nor in a night shift's small hours
                # until the 24:00 that is past.
                return end if start < min(end, table.close[k]) else self._end(table, table.nth_day(ordinal, 1), rule)
            case Unit.CALENDAR_DAYS | Unit.MONTHS:
                if rule is DayRule.SAME_TIME:
                    return self._same_wall_clock(start, amount)
                day = self._shifted(date.fromordinal(table.ordinal_at(start)), amount)
                return self._end(table, table.day_from(day.toordinal()), rule)

    def _working_days(self, table: Table, start: int, n: int, rule: DayRule) -> int:
        if rule is not DayRule.SAME_TIME:
            return self._end(table, table.nth_day(table.ordinal_at(start), n), rule)
        start = table.next_opening(start)
        ordinal = table.ordinal_at(start)
        k = table.nth_day(ordinal, n)
        local = self.timetable.local(start).replace(tzinfo=None)
        # A night shift's small hours belong to the date before: they keep their distance from it.
        at = self.timetable.instant(local + (table.dates[k] - date.fromordinal(ordinal)))
        return min(at, table.close[k])

    def _end(self, table: Table, k: int, rule: DayRule) -> int:
        """The end of working day k."""
        return table.midnight(table.dates[k].toordinal()) if rule is DayRule.MIDNIGHT else table.close[k]

    def _same_wall_clock(self, at: int, amount: int) -> int:
        local = self.timetable.local(at)
        return self.timetable.instant(datetime.combine(self._shifted(local.date(), amount), local.time()))

    def _shifted(self, day: date, amount: int) -> date:
        """The date so many calendar days or months later; in a month without such a day its last (民法典 Art. 202)."""
        if self.length.unit is Unit.CALENDAR_DAYS:
            return day + timedelta(days=amount)
        year, month = divmod(day.year * 12 + day.month - 1 + amount, 12)
        return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))

    # ---- with pauses ----

    def _paused(self, start: int, pauses: Pauses, granted: Fraction | None) -> int:
        def search(table: Table) -> int:
            run = self._kept_open(table, self._run(table, start))
            if granted is not None:
                return run.first(run.origin + granted, pauses)
            return run.first(run.origin + run.length, pauses, run.due0)

        return self.timetable.search(start, search)

    def _run(self, table: Table, start: int) -> Run:
        """The run from a start, by the bare measure of its kind."""
        unit, due0 = self.length.unit, self._due0(table, start)
        if unit in (Unit.WORKING_SECONDS, Unit.SAME_DAY):
            return Run(start, due0, table.position(start), table.position, lambda target: table.reached(ceil(target)))
        if unit is Unit.WORKING_DAYS:
            # The day of receipt weighs nothing. It is the date of the start as it was: `same time` rolls only due0, so
            # that a start in the evening still has the whole of day 1 to lose to a pause.
            first = table.day_after(start, 1)
            return Run(start, due0, first, lambda at: max(table.day_position(at), Fraction(first)), table.day_reached)
        return Run(start, due0, start, lambda at: at, ceil)

    def _kept_open(self, table: Table, run: Run) -> Run:
        """The run, its dues kept to the ends of days as far as the rule for days asks it.

        * Calendar days and months: a paused due that lands on a day off rolls again, to the end of the next working
          day, and so does one that lands on that day.
        * Working days and the same day: a measure used up where the calendar closes stays open as long as it would
          without a pause. The bare formula would end it at the close: by the shortest of pauses a limit until midnight
          would lose its evening, and one until 12:30 its half hour of the noon break; more pause, an earlier due.
        """
        unit, rule = self.length.unit, self.day_rule
        if unit in _DAYS:
            if rule is DayRule.SAME_TIME:
                return run

            def rolled(at: int) -> int:
                ordinal = table.ordinal_at(at - 1)  # the instant 24:00 is the end of its day
                if table.works(ordinal) and table.works(ordinal - 1):
                    return at
                # What lands on the first day after days off ends with it, too: else a little more pause, which no
                # longer lands on the day off and rolls, would be an earlier due.
                return max(at, self._end(table, table.day_from(ordinal), rule))

            return run._replace(reached=lambda target: rolled(ceil(target)), settles=rolled)

        if rule is DayRule.CLOSE or run.due0 == run.reached(run.position(run.due0)):
            return run
        reached, wall_clock = run.reached, self.timetable.local(run.due0).time()

        def kept(target: Measure) -> int:
            at = reached(target)
            if rule is DayRule.MIDNIGHT:
                ordinal = table.ordinal_at(at - 1)
                return max(at, table.midnight(ordinal)) if at == table.close[table.day_from(ordinal)] else at
            opens = table.next_opening(at)
            same = self.timetable.instant(datetime.combine(self.timetable.local(opens).date(), wall_clock))
            return same if at < same <= opens else at

        return run._replace(reached=kept)


#: What `left` counts, by the unit of the limit.
_MEASURES: Final = {
    Unit.SECONDS: Unit.SECONDS,
    Unit.CALENDAR_DAYS: Unit.SECONDS,
    Unit.MONTHS: Unit.SECONDS,
    Unit.WORKING_SECONDS: Unit.WORKING_SECONDS,
    Unit.SAME_DAY: Unit.WORKING_SECONDS,
    Unit.WORKING_DAYS: Unit.WORKING_DAYS,
}
