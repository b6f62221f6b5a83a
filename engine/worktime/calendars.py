"""A calendar as its author writes it, and what it says about each date."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from engine.worktime.days import CodeDays, DayData, is_code
from engine.worktime.problems import CalendarError, Problem

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONG_NAMES: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

#: Opening hours of one day: (opens, closes) in seconds from 0:00; after midnight `closes` is more than 86400.
Hours: TypeAlias = tuple[tuple[int, int], ...]

DAY_SECONDS: Final = 86_400
_STRETCH_MAX: Final = 366  # days that one entry may name


@dataclass(frozen=True, slots=True)
class CalendarSpec:
    """A calendar in its author's words. Nothing is checked before `compile_calendar`, which reports all problems."""

    id: str
    timezone: str  #: IANA name
    #: `{"mon-fri": "09:00-12:00, 13:30-18:00", "sat": "closed", "makeup": "…"}`; the narrower entry wins
    hours: Mapping[str, str] = field(default_factory=dict)
    holidays: tuple[str, ...] = ()  #: codes, dates, stretches of dates; empty, or `none`: works through
    exceptions: Mapping[str, str] = field(default_factory=dict)  #: date or stretch -> `closed` or hours
    published_through: date | None = None  #: the author's own word on how far its days are known; it wins
    also: tuple[str, ...] = ()  #: other calendars; this one is open only where all of them are, too
    title: str = ""  #: for people

    def __hash__(self) -> int:
        return hash((self.id, self.timezone, tuple(self.hours.items()), self.holidays))


class DayKind(NamedTuple):
    """What a date is in a calendar: `working`, `weekend`, `holiday`, `makeup` or `exception`, and its name if any.

    An `exception` is a date that the site itself set, open or closed.
    """

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What a calendar says about any date: site exception > make-up day > holiday > weekday."""

    week: tuple[Hours, ...]  #: from Monday
    makeup: Hours
    dated: Mapping[date, Hours]
    closed: Mapping[date, str]  #: dates off that the author lists under `holidays`
    codes: tuple[CodeDays, ...]

    def day(self, day: date) -> tuple[Hours, DayKind]:
        if day in self.dated:
            return self.dated[day], DayKind("exception", "")
        for code in self.codes:
            if day in code.makeup:
                return self.makeup, DayKind("makeup", code.makeup[day])
        for code in self.codes:
            if day in code.off:
                return (), DayKind("holiday", code.off[day])
        if day in self.closed:
            return (), DayKind("holiday", self.closed[day])
        hours = self.week[day.weekday()]
        return hours, DayKind("working" if hours else "weekend", "")


def read_calendar(id: str, raw: Mapping[str, object], timezone: str | None = None) -> CalendarSpec:
    """A calendar from a plain mapping as YAML or JSON gives it, with the keys of DESIGN §7.

    Raises:
        CalendarError: keys that are missing, unknown or of the wrong form. The texts inside are read later.
    """
    problems = [Problem((key,), f"`{key}` is no key of a calendar", "unknown-key") for key in raw if key not in _KEYS]
    zone = raw.get("timezone", timezone)
    if not isinstance(zone, str):
        problems.append(Problem(("timezone",), "a calendar needs a `timezone`, such as Asia/Shanghai", "missing"))
    through = raw.get("published_through")
    if isinstance(through, str):
        through = _date(through)
    if not isinstance(through, date | None) or (through is None and raw.get("published_through") is not None):
        problems.append(Problem(("published_through",), "a date such as 2026-12-31", "bad-date"))
    spec = CalendarSpec(
        id,
        str(zone),
        _texts(raw, "hours", problems),
        _names(raw, "holidays", problems),
        _texts(raw, "exceptions", problems),
        through if isinstance(through, date) else None,
        _names(raw, "also", problems),
    )
    if problems:
        raise CalendarError(problems)
    return spec


def rules_of(spec: CalendarSpec, data: DayData, calendars: Iterable[str]) -> tuple[Rules, ZoneInfo, date | None]:
    """The rules, the zone and the horizon of a calendar.

    Raises:
        CalendarError: with everything that is wrong in the calendar.
    """
    problems: list[Problem] = []
    zone = _zone(spec.timezone, problems)
    week, makeup, dated = _week(spec.hours, problems)
    dated.update(_exceptions(spec.exceptions, problems))
    closed, codes = _holidays(spec.holidays, data, problems)
    for place, other in enumerate(spec.also):
        if other not in calendars:
            problems.append(Problem(("also", str(place)), f"there is no calendar `{other}`", "unknown-calendar"))
    if problems or zone is None:
        raise CalendarError(problems)
    through = spec.published_through or min((c.published_through for c in codes if c.published_through), default=None)
    rules = Rules(week, makeup, MappingProxyType(dated), MappingProxyType(closed), tuple(codes))
    return rules, zone, through


def parse_hours(text: str) -> Hours:
    """`09:00-12:00, 13:30-18:00` or `closed` as seconds of the day; `22:00-06:00` ends on the day after.

    Raises:
        ValueError: with a message for the author.
    """
    if text.strip() == "closed":
        return ()
    spans = []
    for part in text.split(","):
        found = _SPAN.fullmatch(part.strip())
        if found is None:
            raise ValueError(f"`{part.strip() or text}` is not an opening time such as 09:00-12:00")
        opens, closes = _clock(found[1]), _clock(found[2])
        if opens >= DAY_SECONDS or opens == closes:
            raise ValueError(f"`{part.strip()}` has no length; the whole day is 00:00-24:00")
        spans.append((opens, closes if closes > opens else closes + DAY_SECONDS))
    spans.sort()
    if any(before[1] > after[0] for before, after in pairwise(spans)):
        raise ValueError(f"the times in `{text.strip()}` overlap")
    if spans[-1][1] - DAY_SECONDS > spans[0][0]:
        raise ValueError(f"the times in `{text.strip()}` are longer than a day")
    return tuple(spans)


# ---- reading --------------------------------------------------------------------------------------------------------

#: `title` and the like are for people; an entry of a policy may have them.
_KEYS: Final = frozenset(
    {"id", "title", "note", "source", "timezone", "hours", "holidays", "exceptions", "published_through", "also"}
)
_SPAN: Final = re.compile(r"([0-9]{1,2}:[0-9]{2})\s*[-–]\s*([0-9]{1,2}:[0-9]{2})")


def _clock(text: str) -> int:
    hour, minute = (int(part) for part in text.split(":"))
    if minute > 59 or hour * 60 + minute > 24 * 60:
        raise ValueError(f"`{text}` is no time of day")
    return hour * 3600 + minute * 60


def _zone(name: str, problems: list[Problem]) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):  # ZoneInfoNotFoundError is a KeyError; a directory is an OSError
        problems.append(Problem(("timezone",), f"`{name}` is no time zone; write it as Asia/Shanghai", "bad-zone"))
        return None


def _week(hours: Mapping[str, str], problems: list[Problem]) -> tuple[tuple[Hours, ...], Hours, dict[date, Hours]]:
    """The hours of each weekday, of make-up days, and of the dates that stand among the weekdays."""
    week: list[Hours] = [() for _ in WEEKDAYS]
    width: list[tuple[int, str]] = [(8, "") for _ in WEEKDAYS]  # how many days the entry that rules a weekday covers
    makeup: Hours | None = None
    dated: dict[date, Hours] = {}
    for key, text in hours.items():
        path = ("hours", key)
        spans = _spans(path, text, problems)
        if key == "makeup":
            makeup = spans
        elif day := _date(key):
            dated[day] = spans
        else:
            days = _weekdays(key)
            if not days:
                problems.append(Problem(path, f"`{key}` is no weekday such as mon, mon-fri or sat-sun", "bad-weekday"))
            for weekday in days:
                if len(days) == width[weekday][0]:
                    other = width[weekday][1]
                    message = (
                        f"`{key}` and `{other}` both set the hours of {WEEKDAYS[weekday]}, and neither is narrower"
                    )
                    problems.append(Problem(path, message, "overlap"))
                elif len(days) < width[weekday][0]:
                    week[weekday], width[weekday] = spans, (len(days), key)
    if makeup is None:
        makeup = next((spans for spans in week if spans), ())
    return tuple(week), makeup, dated


def _exceptions(exceptions: Mapping[str, str], problems: list[Problem]) -> dict[date, Hours]:
    """The hours of dates; a date is narrower than a stretch, and a short stretch than a long one."""
    dated: dict[date, Hours] = {}
    width: dict[date, tuple[int, str]] = {}  # how many dates the entry that rules a date names
    for key, text in exceptions.items():
        path = ("exceptions", key)
        spans = _spans(path, text, problems)
        days = _dates(key)
        if not days:
            problems.append(Problem(path, f"`{key}` is no date such as 2026-10-08, and no stretch of them", "bad-date"))
        alike = next((width[day][1] for day in days if day in width and width[day][0] == len(days)), None)
        if alike is not None:
            message = f"`{key}` and `{alike}` both set the hours of a date, and neither is narrower"
            problems.append(Problem(path, message, "overlap"))
        for day in days:
            if day not in width or len(days) < width[day][0]:
                dated[day], width[day] = spans, (len(days), key)
    return dated


def _holidays(
    holidays: tuple[str, ...], data: DayData, problems: list[Problem]
) -> tuple[dict[date, str], list[CodeDays]]:
    closed: dict[date, str] = {}
    codes: list[CodeDays] = []
    for place, name in enumerate(holidays):
        path = ("holidays", str(place))
        if name == "none":
            if len(holidays) > 1:
                problems.append(Problem(path, "`none` stands alone", "bad-holidays"))
        elif days := _dates(name):
            closed.update(dict.fromkeys(days, ""))
        elif name in data.codes:
            codes.append(data.codes[name])
        elif is_code(name):
            problems.append(Problem(path, f"there are no days for `{name}` in this edition", "unknown-holidays"))
        else:
            message = f"`{name}` is no code such as CN or US-MA, no date or stretch of dates, and not `none`"
            problems.append(Problem(path, message, "bad-holidays"))
    return closed, codes


def _spans(path: tuple[str, ...], text: str, problems: list[Problem]) -> Hours:
    try:
        return parse_hours(text)
    except ValueError as wrong:
        problems.append(Problem(path, str(wrong), "bad-hours"))
        return ()


def weekday_of(name: str) -> int | None:
    """The number of a weekday from Monday, by its short or its long name."""
    said = name.strip().lower()
    return next((i for i, names in enumerate(zip(WEEKDAYS, _LONG_NAMES, strict=True)) if said in names), None)


def _weekdays(key: str) -> tuple[int, ...]:
    """The weekdays that a key names, from 0 for Monday; none if it names no weekdays."""
    days: set[int] = set()
    for part in key.split(","):
        first, to, last = part.partition("-")
        start, stop = weekday_of(first), weekday_of(last if to else first)
        if start is None or stop is None:
            return ()
        days.update((start + step) % 7 for step in range((stop - start) % 7 + 1))
    return tuple(sorted(days))


def _dates(text: str) -> Sequence[date]:
    """A date, or all from one `to` a later one; none if it is neither, or longer than a year."""
    first, to, last = text.partition(" to ")
    begins, ends = _date(first.strip()), _date((last if to else first).strip())
    if begins is None or ends is None or (ends - begins).days >= _STRETCH_MAX:
        return ()
    return [begins + timedelta(step) for step in range((ends - begins).days + 1)]


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def _texts(raw: Mapping[str, object], key: str, problems: list[Problem]) -> Mapping[str, str]:
    value = raw.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(v, str) for v in value.values()):
        problems.append(Problem((key,), f"`{key}` maps days to texts such as 09:00-12:00", "not-text"))
        return {}
    return {str(name): text for name, text in value.items()}


def _names(raw: Mapping[str, object], key: str, problems: list[Problem]) -> tuple[str, ...]:
    value = raw.get(key)
    if value is None:
        return ()
    names = value if isinstance(value, list | tuple) else [value]
    if not all(isinstance(name, str | date) for name in names):
        problems.append(Problem((key,), f"`{key}` is a name or a list of names", "not-text"))
        return ()
    return tuple(str(name) for name in names)
