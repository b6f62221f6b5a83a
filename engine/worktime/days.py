"""Day data: which days are off and which are made up for, by country, and through which day that is published."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from engine.worktime.notices import EDGES
from engine.worktime.problems import CalendarError, Problem

#: Years that tables and day data can cover.
FIRST_YEAR: Final = 1990
LAST_YEAR: Final = 2100

_CODE: Final = re.compile(r"[A-Z]{2,3}(-[A-Za-z0-9]+)?")
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CodeDays:
    """The days of one code (`CN`, `US-MA`): names of days off and of make-up days, both by date."""

    off: Mapping[date, str]
    makeup: Mapping[date, str]
    published_through: date | None  #: None: by law or custom, known for every year


@dataclass(frozen=True, slots=True)
class DayData:
    """An edition of day data: what was known when it was put together."""

    id: str
    codes: Mapping[str, CodeDays] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash(self.id)


def is_code(text: str) -> bool:
    """Whether a text has the form of a holiday code; whether there is such a code only the day data can tell."""
    return _CODE.fullmatch(text) is not None


def official_days(codes: Iterable[str] = ("CN",), years: Iterable[int] | None = None) -> DayData:
    """The edition that the `holidays` package holds: for each code its days off and its make-up days.

    How far a code is published, by the evidence in the package itself, never by the calendar on the wall:

    * A country that moves days by yearly decree (China, Hungary, Russia, Viet Nam …) has a table of the days moved.
      It is known through the last year in that table; later years hold only guesses. For China these are the years
      whose notice of the State Council has been entered.
    * Where the package calls a day estimated (it hangs on the sighting of the moon), the year before the first such
      year is the last one known.
    * All others follow from their laws and are known for every year.

    Args:
        codes: countries (`CN`) and subdivisions (`US-MA`) as the package names them.
        years: the years to read; by default all that a calendar can cover.

    Raises:
        CalendarError: reason `unknown-holidays`, for codes the package does not know.
    """
    span = (FIRST_YEAR, LAST_YEAR + 1) if years is None else (min(wanted := tuple(years)), max(wanted) + 1)
    return _official(tuple(sorted(set(codes))), *span)


def overlay(data: DayData, source: Mapping[str, Any], id: str, code: str = "CN") -> DayData:
    """The edition with the days of a file laid over it: `{"year": 2027, "days": [{"name", "date", "isOffDay"}]}`.

    With `year` the file is the whole notice of that year: it replaces what was known or guessed of it, and the code is
    published through that 31 December, if it was published through the year before. Without `year` single days are
    added and the horizon stays. A day that the notice of one year puts into another (29 December 2007) is taken, too.

    Args:
        source: the file as a mapping.
        id: name of the new edition.

    Raises:
        CalendarError: reason `bad-days`, with the path of everything that is wrong.
    """
    year, days = _notice(source)
    known = data.codes.get(code)
    if known is None:  # the first year heard of is where its knowledge begins
        known = CodeDays({}, {}, date(year or FIRST_YEAR, 1, 1) - _DAY)
    off = {day: name for day, name in known.off.items() if day.year != year}
    makeup = {day: name for day, name in known.makeup.items() if day.year != year}
    for day, name, is_off in days:
        (off if is_off else makeup)[day] = name
        (makeup if is_off else off).pop(day, None)
    through = known.published_through
    if through is not None and year is not None and through >= date(year, 1, 1) - _DAY:
        through = max(through, date(year, 12, 31))
    changed = CodeDays(MappingProxyType(off), MappingProxyType(makeup), through)
    return replace(data, id=id, codes=MappingProxyType({**data.codes, code: changed}))


# ---- the package `holidays` -----------------------------------------------------------------------------------------


@cache
def _official(codes: tuple[str, ...], first: int, stop: int) -> DayData:
    from importlib.metadata import version

    found = {code: _code_days(code, first, stop) for code in codes}
    unknown = [code for code, days in found.items() if days is None]
    if unknown:
        raise CalendarError(
            Problem(
                ("holidays",), f"`{code}` is no country or subdivision that we know holidays of", "unknown-holidays"
            )
            for code in unknown
        )
    return DayData(
        f"holidays-{version('holidays')}", MappingProxyType({c: d for c, d in found.items() if d is not None})
    )


@cache
def _code_days(code: str, first: int, stop: int) -> CodeDays | None:
    """The days of one code; None where the package does not know it."""
    import holidays

    country, _, part = code.partition("-")
    try:
        language = "zh_CN" if country == "CN" else None  # else the country's own, and never that of the machine
        plain = holidays.country_holidays(country, subdiv=part or None)
        days = holidays.country_holidays(
            country, subdiv=part or None, years=range(first, stop), language=language or plain.default_language
        )
    except (NotImplementedError, AttributeError):
        return None
    off = dict(sorted(days.items()))
    makeup = dict.fromkeys(sorted(days.weekend_workdays), "")
    if country == "CN":
        off, makeup = _chinese(off, makeup)
    return CodeDays(MappingProxyType(off), MappingProxyType(makeup), _published(days, first, stop))


def _published(days: Any, first: int, stop: int) -> date | None:
    moved = [year for year, entries in _special(days).items() if any(len(entry) >= 4 for entry in entries)]
    if moved:
        return date(max(_special(days)), 12, 31)
    labels = [days.tr(getattr(days, name, "")) for name in ("estimated_label", "observed_estimated_label")]
    tails = tuple(tail for label in labels if (tail := label.replace("%s", "").strip()))
    guessed = {day.year for day, name in days.items() if tails and name.endswith(tails)}
    if not guessed:
        return None
    exact = [year for year in range(first, stop) if year not in guessed]
    return date(exact[-1] if exact else first - 1, 12, 31)


def _special(days: Any) -> dict[int, tuple[tuple[Any, ...], ...]]:
    """The package's table of single years; an entry (month, day, month, day[, year]) moves a day."""
    table = getattr(days, "special_public_holidays", None) or {}
    return {
        year: entries if isinstance(entries[0], tuple) else (entries,) for year, entries in table.items() if entries
    }


_MOVED: Final = re.compile(r".*由 (\d{4}-\d{2}-\d{2}) 调休.*")


def _chinese(off: dict[date, str], makeup: dict[date, str]) -> tuple[dict[date, str], dict[date, str]]:
    """The notices as they are worded: 15 to 23 February is 春节, with its moved days and its week-ends.

    The package lists only days moved and days of the festival itself, so that a site that works on Saturdays would open
    in the middle of a holiday. A week-end day between two of these is off, too; for those at the edge see `notices`.
    Make-up days are named after what they make up for.
    """
    off = {day: "春节" if name == "农历除夕" else name.removesuffix("（补假）") for day, name in off.items()}
    named: dict[date, str] = dict(off)
    festival_of: dict[date, str] = {}
    for stretch in _stretches(off, makeup):
        festivals = [off[day] for day in stretch if day in off and not _MOVED.match(off[day])]
        festival = festivals[0] if festivals else ""
        listed = [day for day in stretch if day in off]
        for day in stretch:
            moved = _MOVED.match(off.get(day, ""))
            if moved:
                festival_of[date.fromisoformat(moved[1])] = festival
            if moved or (day not in off and (listed[0] < day < listed[-1] or day in EDGES)):
                named[day] = festival
            festival = named[day] if day in off else festival
    return dict(sorted(named.items())), {day: f"{festival_of.get(day, '')}调休" for day in makeup}


def _stretches(off: Mapping[date, str], makeup: Mapping[date, str]) -> Iterable[list[date]]:
    """Runs of days on which a week of five days rests, those with a listed day in them."""
    seen: set[date] = set()
    for day in off:
        if day in seen:
            continue
        start = day
        while _rests(start - _DAY, off, makeup):
            start -= _DAY
        stretch = [start]
        while _rests(stretch[-1] + _DAY, off, makeup):
            stretch.append(stretch[-1] + _DAY)
        seen.update(stretch)
        yield stretch


def _rests(day: date, off: Mapping[date, str], makeup: Mapping[date, str]) -> bool:
    return day in off or (day.weekday() >= 5 and day not in makeup)


# ---- a consultant's file --------------------------------------------------------------------------------------------


def _notice(source: Mapping[str, Any]) -> tuple[int | None, list[tuple[date, str, bool]]]:
    """Year and days of a file, checked throughout."""
    if not isinstance(source.get("days"), list):
        raise CalendarError([Problem(("days",), 'day data has the form {"year": 2027, "days": [...]}', "bad-days")])
    problems: list[Problem] = []
    days: list[tuple[date, str, bool]] = []
    for place, entry in enumerate(source["days"]):
        path = ("days", str(place))
        try:
            day, is_off = date.fromisoformat(entry["date"]), entry["isOffDay"]
        except (KeyError, TypeError, ValueError):
            problems.append(
                Problem(path, 'a day has the form {"name", "date": "2027-01-01", "isOffDay": true}', "bad-days")
            )
            continue
        if not isinstance(is_off, bool):
            problems.append(Problem((*path, "isOffDay"), "isOffDay is true or false", "bad-days"))
            continue
        days.append((day, str(entry.get("name", "")) + ("" if is_off else "调休"), is_off))
    year = source.get("year")
    if year is not None and not (isinstance(year, int) and FIRST_YEAR <= year <= LAST_YEAR):
        problems.append(Problem(("year",), f"a year from {FIRST_YEAR} to {LAST_YEAR}", "bad-days"))
    if problems:
        raise CalendarError(problems)
    return year, days
