"""A second opinion on working time: it walks through the open minutes of a site, one after the other.

It shares no line and no table with `engine`: it reads the calendar from the plain mapping an author writes, takes the
Chinese days from the package `chinesecalendar` (corrected in one date, see `MISSING_IN_PEER`), turns local times into
instants itself, and counts with integers and fractions. It is slow and meant to be read.

An instant is a whole second in UTC. An open minute is a pair of instants; a start or a pause that falls inside a minute
cuts it there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from chinese_calendar.constants import holidays as notice_off
from chinese_calendar.constants import workdays as notice_makeup

DAY = timedelta(days=1)
WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

#: 国办发明电〔2005〕35号: "12月31日（星期六）上班"; the package has it as a day off.
MISSING_IN_PEER = date(2005, 12, 31)

#: Days whose minutes one site remembers.
DAYS_KEPT = 100

Piece = tuple[int, int]
Pauses = Sequence[tuple[int, int]]


class Site:
    """What an author's calendar says about each date."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self.zone = ZoneInfo(raw["timezone"])
        listed = raw.get("holidays", [])
        self.holidays = [listed] if isinstance(listed, str) else list(listed)
        self._spans: dict[date, list[Piece]] = {}
        self._minutes: dict[date, list[Piece]] = {}

    # -- one date

    def text_of(self, day: date) -> str:
        """The hours that hold on a date: site exception > make-up day > holiday > weekday."""
        exceptions, hours = self.raw.get("exceptions", {}), self.raw.get("hours", {})
        if day.isoformat() in exceptions:
            return str(exceptions[day.isoformat()])
        chinese = "CN" in self.holidays
        if chinese and (day in notice_makeup or day == MISSING_IN_PEER):
            if "makeup" in hours:
                return str(hours["makeup"])
            return next(text for text in map(self.text_of_weekday, range(7)) if text != "closed")
        if chinese and day in notice_off and day != MISSING_IN_PEER:
            return "closed"
        if day.isoformat() in self.holidays:
            return "closed"
        return self.text_of_weekday(day.weekday())

    def text_of_weekday(self, weekday: int) -> str:
        """Of all entries that cover a weekday, the one that covers the fewest."""
        best, size = "closed", 99
        for key, text in self.raw.get("hours", {}).items():
            if key == "makeup":
                continue
            first, _, last = key.partition("-")
            covered = [WEEK.index(first)]
            while last and WEEK[covered[-1]] != last:
                covered.append((covered[-1] + 1) % 7)
            if weekday in covered and len(covered) < size:
                best, size = str(text), len(covered)
        return best

    def spans(self, day: date) -> list[Piece]:
        """The openings of a date; one that runs over midnight belongs to the date on which it opens."""
        if day not in self._spans:
            self._spans[day] = self._read_spans(day)
        return self._spans[day]

    def _read_spans(self, day: date) -> list[Piece]:
        text = self.text_of(day)
        if text == "closed":
            return []
        found = []
        for part in text.split(","):
            opens, closes = part.strip().split("-")
            over = 1 if closes <= opens else 0
            found.append((self.wall(day, opens), self.wall(day + DAY * over, closes)))
        return sorted(found)

    def minutes(self, day: date) -> list[Piece]:
        if day not in self._minutes:
            if len(self._minutes) >= DAYS_KEPT:  # a hundred thousand cases would keep every minute of a decade
                self._minutes.clear()
            self._minutes[day] = [(at, at + 60) for start, end in self.spans(day) for at in range(start, end, 60)]
        return self._minutes[day]

    def works(self, day: date) -> bool:
        return bool(self.minutes(day))

    def opens(self, day: date) -> int:
        return self.minutes(day)[0][0]

    def closes(self, day: date) -> int:
        return self.minutes(day)[-1][1]

    def seconds(self, day: date) -> int:
        return 60 * len(self.minutes(day))

    # -- local time

    def wall(self, day: date, clock: str) -> int:
        """The instant at which the clocks of the site show a time; the first, if they show it twice; if never, the
        first instant after the gap."""
        hour, minute, *second = (int(part) for part in clock.split(":"))
        if hour == 24:
            day, hour = day + DAY, 0
        guess = int(datetime(day.year, day.month, day.day, hour, minute, *second, tzinfo=UTC).timestamp())
        offsets = {int(self._offset(guess + hours * 3600)) for hours in (-26, 26)}
        fits = sorted(guess - off for off in offsets if self._offset(guess - off) == off)
        if fits:
            return fits[0]
        after = guess - max(offsets)  # in the gap: walk on until the clocks have jumped
        while self._offset(after) == self._offset(guess - max(offsets)):
            after += 60 - after % 60
        return after

    def _offset(self, at: int) -> float:
        shown = datetime.fromtimestamp(at, self.zone).utcoffset()
        assert shown is not None
        return shown.total_seconds()

    def shown(self, at: int) -> datetime:
        return datetime.fromtimestamp(at, self.zone).replace(tzinfo=None)

    def date_of(self, at: int) -> date:
        """The date of the opening an instant lies in, else the civil date."""
        civil = self.shown(at).date()
        for day in (civil - DAY, civil):
            if any(start <= at < end for start, end in self.spans(day)):
                return day
        return civil

    def midnight(self, day: date) -> int:
        return self.wall(day, "24:00")

    def same_time(self, day: date, at: int) -> int:
        return self.wall(day, self.shown(at).strftime("%H:%M:%S"))

    def forward(self, at: int) -> Iterator[date]:
        """Dates whose openings may reach behind an instant, in order."""
        day = self.shown(at).date() - DAY
        while True:
            yield day
            day += DAY

    def backward(self, at: int) -> Iterator[date]:
        day = self.shown(at).date() + DAY
        while True:
            yield day
            day -= DAY

    def working_day(self, day: date, count: int) -> date:
        """The count-th working day after a date, or before it if the count is negative."""
        step = DAY if count > 0 else -DAY
        for _ in range(abs(count)):
            day += step
            while not self.works(day):
                day += step
        return day

    def roll(self, day: date) -> date:
        return day if self.works(day) else self.working_day(day, 1)


# ---- the dues -------------------------------------------------------------------------------------------------------


def elapsed(site: Site, start: int, seconds: int, pauses: Pauses = ()) -> int:
    """Round the clock, minute by minute from the start."""
    return _unpaused(_walk(_all_minutes(start), start, seconds, pauses), pauses)


def working_seconds(site: Site, start: int, seconds: int, pauses: Pauses = ()) -> int:
    return _unpaused(_walk(_open_minutes(site, start), start, seconds, pauses), pauses)


def working_seconds_before(site: Site, at: int, seconds: int) -> int:
    left = seconds
    for day in site.backward(at):
        for begin, end in reversed(site.minutes(day)):
            end = min(end, at)
            if end <= begin:
                continue
            if left <= end - begin:
                return end - left
            left -= end - begin
    raise AssertionError


def working_days(site: Site, start: int, days: int, rule: str, pauses: Pauses = ()) -> int:
    due = _nth_working_day(site, start, days, rule)
    if not pauses:
        return due
    reached = _walk_days(site, start, _day_measure(site, start, due), pauses)
    return _unpaused(max(due, _open_end(site, reached, due, rule)), pauses)


def _nth_working_day(site: Site, start: int, days: int, rule: str) -> int:
    """Forward or backward; with `same time` whatever comes after hours first rolls to the next opening."""
    if rule == "same time":
        start = next_opening(site, start)
    received = site.date_of(start)
    last = site.working_day(received, days)
    if rule == "close":
        return site.closes(last)
    if rule == "midnight":
        return site.midnight(last)
    civil = last + (site.shown(start).date() - received)  # three in the morning of a night shift is on its second date
    return min(site.same_time(civil, start), site.closes(last))


def next_opening(site: Site, at: int) -> int:
    return next(max(begin, at) for day in site.forward(at) for begin, end in site.spans(day) if end > at)


def working_days_before(site: Site, at: int, days: int, rule: str) -> int:
    return _nth_working_day(site, at, -days, rule)


def calendar_days(site: Site, start: int, days: int, rule: str) -> int:
    if rule == "same time":
        return site.same_time(site.shown(start).date() + DAY * days, start)
    last = site.roll(site.date_of(start) + DAY * days)
    return site.closes(last) if rule == "close" else site.midnight(last)


def calendar_days_before(site: Site, at: int, days: int, rule: str) -> int:
    """What must be ready before an event is never rolled towards it: a day off rolls to the working day before."""
    if rule == "same time":
        return calendar_days(site, at, -days, rule)
    last = site.date_of(at) - DAY * days
    last = last if site.works(last) else site.working_day(last, -1)
    return site.closes(last) if rule == "close" else site.midnight(last)


def months(site: Site, start: int, count: int, rule: str) -> int:
    if rule == "same time":
        return site.same_time(month_later(site.shown(start).date(), count), start)
    last = site.roll(month_later(site.date_of(start), count))
    return site.closes(last) if rule == "close" else site.midnight(last)


def month_later(day: date, count: int) -> date:
    """The same day of a later month, else that month's last."""
    year, month = day.year, day.month
    for _ in range(abs(count)):
        month += 1 if count > 0 else -1
        if month in (0, 13):
            year, month = (year + 1, 1) if month == 13 else (year - 1, 12)
    number = day.day
    while True:
        try:
            return date(year, month, number)
        except ValueError:
            number -= 1


def same_day(site: Site, start: int, rule: str, pauses: Pauses = ()) -> int:
    day = site.date_of(start)
    late = not site.works(day) or start >= site.closes(day)  # at the very close no time would be left
    if late or (rule == "midnight" and start >= site.midnight(day)):  # nor in the small hours of a night shift
        day = site.working_day(day, 1)
    due = site.closes(day) if rule == "close" else site.midnight(day)
    if not pauses:
        return due
    reached = _walk(_open_minutes(site, start), start, between(site, start, due), pauses)
    return _unpaused(max(due, _open_end(site, reached, due, rule)), pauses)


def between(site: Site, a: int, b: int) -> int:
    """Open seconds from a to b; negative when b lies before a."""
    if b < a:
        return -between(site, b, a)
    total = 0
    for begin, end in _open_minutes(site, a):
        if begin >= b:
            return total
        total += min(end, b) - max(begin, a)
    raise AssertionError


# ---- a share of a limit ----------------------------------------------------------------------------------------------


def share_of_elapsed(start: int, due: int, share: Fraction, pauses: Pauses = ()) -> int:
    """The first instant at which `share` of the time from start to the unpaused due has run."""
    return _unpaused(_walk(_all_minutes(start), start, (due - start) * share, pauses), pauses)


def share_of_working_seconds(site: Site, start: int, due: int, share: Fraction, pauses: Pauses = ()) -> int:
    return _unpaused(_walk(_open_minutes(site, start), start, between(site, start, due) * share, pauses), pauses)


def share_of_working_days(site: Site, start: int, due: int, share: Fraction, pauses: Pauses = ()) -> int:
    return _unpaused(_walk_days(site, start, _day_measure(site, start, due) * share, pauses), pauses)


# ---- walking --------------------------------------------------------------------------------------------------------


def _all_minutes(start: int) -> Iterator[Piece]:
    at = start - start % 60
    while True:
        yield at, at + 60
        at += 60


def _open_minutes(site: Site, start: int) -> Iterator[Piece]:
    for day in site.forward(start):
        for begin, end in site.minutes(day):
            if end > start:
                yield begin, end


def _running(piece: Piece, start: int, pauses: Pauses) -> list[Piece]:
    """What is left of a minute after the start and outside every pause."""
    begin, end = max(piece[0], start), piece[1]
    parts: list[Piece] = []
    for pause, resume in pauses:  # in order, apart from each other
        if resume <= begin or pause >= end:
            continue
        if begin < pause:
            parts.append((begin, pause))
        begin = max(begin, resume)
    if begin < end:
        parts.append((begin, end))
    return parts


def _unpaused(at: int, pauses: Pauses) -> int:
    """The first instant from here on that lies in no pause; a pause has its first instant, not its last."""
    for pause, resume in pauses:
        if pause <= at < resume:
            at = resume
    return at


def _open_end(site: Site, reached: int, due: int, rule: str) -> int:
    """A limit that ends in closed time, at midnight or in a noon break, keeps that rest when pauses have moved it.

    Without this the shortest pause would take the evening away.
    """
    day = site.date_of(reached - 1)
    if any(
        begin < due <= end
        for near in (site.shown(due).date(), site.shown(due).date() - DAY)
        for begin, end in site.spans(near)
    ):
        return reached  # the unpaused due stands in open time: there is no rest
    if rule == "midnight":
        return max(reached, site.midnight(day)) if reached == site.closes(day) else reached
    if rule == "same time" and any(reached == end for _, end in site.spans(day)):
        opens = next_opening(site, reached)
        same = site.same_time(site.shown(opens).date(), due)
        return same if reached < same <= opens else reached
    return reached


def _walk(minutes: Iterator[Piece], start: int, measure: Fraction | int, pauses: Pauses) -> int:
    """The first instant at which the running part of the minutes has that many seconds."""
    if measure <= 0:
        return start
    parts = measure.denominator  # seconds are counted in parts of that size, so that all numbers are whole
    left = measure.numerator
    for minute in minutes:
        for begin, end in _running(minute, start, pauses) if pauses or minute[0] < start else (minute,):
            if left <= (end - begin) * parts:
                return begin - (-left // parts)
            left -= (end - begin) * parts
    raise AssertionError


def _day_measure(site: Site, start: int, due: int) -> Fraction:
    """Working days from day 1, the first after the date of receipt, to the due; each weighs 1, spread over its time."""
    day, total = site.working_day(site.date_of(start), 1), Fraction(0)
    while site.works(day) and site.opens(day) < due:
        ran = sum(min(end, due) - begin for begin, end in site.minutes(day) if begin < due)
        total += Fraction(ran, site.seconds(day))
        day = site.working_day(day, 1)
    return total


def _walk_days(site: Site, start: int, measure: Fraction, pauses: Pauses) -> int:
    """The first instant at which that many working days have run, beginning with day 1."""
    left, day = measure, site.working_day(site.date_of(start), 1)
    if left <= 0:
        return start
    while True:
        whole = site.seconds(day)
        touched = any(pause < site.closes(day) and resume > site.opens(day) for pause, resume in pauses)
        parts = [
            part for minute in site.minutes(day) for part in (_running(minute, start, pauses) if touched else [minute])
        ]
        ran = sum(end - begin for begin, end in parts)
        if left <= Fraction(ran, whole):
            return _walk(iter(parts), start, left * whole, pauses)
        left -= Fraction(ran, whole)
        day = site.working_day(day, 1)
