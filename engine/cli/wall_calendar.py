"""A leaf of a wall calendar: the days of a month or a year, with holidays and make-up days marked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from engine.worktime import DayKind, Lang, Timetable, format_seconds

_WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "published": "published through {through}",
        "ahead": "provisional: the days after {through} are not published yet",
        "days": "{days} working days, {open} open",
        "holiday": "holiday",
        "makeup": "make-up day",
        "exception": "set by the site",
        "weekend": "day off",
        "month": "{name} {year}",
        "closed": "closed",
    },
    "zh": {
        "published": "已公布至{through}",
        "ahead": "暂定：{through}之后的放假安排尚未公布",
        "days": "{days}个工作日，开放{open}",
        "holiday": "节假日",
        "makeup": "调休上班",
        "exception": "本处安排",
        "weekend": "休息日",
        "month": "{year}年{month}月",
        "closed": "休息",
    },
}
_WEEKDAYS: Final = {"en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), "zh": tuple("一二三四五六日")}
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_MARKS: Final = {"holiday": "*", "makeup": "+", "exception": "!", "weekend": "-"}


@dataclass(frozen=True, slots=True)
class Day:
    """A date in a calendar: what it is, and when it opens (local times)."""

    date: date
    kind: DayKind
    openings: tuple[tuple[str, str], ...]
    seconds: int


def period_of(text: str) -> tuple[date, date]:
    """The first and the last day of `2026` or `2026-10`; 1990 to 2100. Raises ValueError for anything else."""
    year, _, month = text.partition("-")
    first = date(int(year), int(month) if month else 1, 1)
    if not (len(year) == 4 and (not month or len(month) == 2) and 1990 <= first.year <= 2100):
        raise ValueError(text)
    following = (first + timedelta(days=32)).replace(day=1) if month else date(first.year + 1, 1, 1)
    return first, following - timedelta(days=1)


def days_of(table: Timetable, first: date, last: date) -> list[Day]:
    return [_day(table, date.fromordinal(ordinal)) for ordinal in range(first.toordinal(), last.toordinal() + 1)]


def _day(table: Timetable, day: date) -> Day:
    begins = table.midnight_of(day - timedelta(days=1))
    openings = [
        (opens, closes)
        for opens, closes in table.intervals(begins, table.midnight_of(day))
        if table.date_of(opens) == day
    ]
    local = tuple((f"{table.local(opens):%H:%M}", f"{table.local(closes):%H:%M}") for opens, closes in openings)
    return Day(day, table.day_kind(day), local, sum(closes - opens for opens, closes in openings))


def as_data(table: Timetable, period: str, days: list[Day]) -> dict[str, Any]:
    through = table.published_through
    return {
        "period": period,
        "timezone": str(table.zone),
        "published_through": through.isoformat() if through else None,
        "working_days": sum(day.seconds > 0 for day in days),
        "seconds": sum(day.seconds for day in days),
        "days": [
            {"date": day.date.isoformat(), "kind": day.kind.kind, "name": day.kind.name, "open": day.openings}
            for day in days
        ],
    }


def _head(table: Timetable, raw: Mapping[str, Any], title: str, lang: Lang) -> str:
    listed = raw.get("holidays") or "none"
    names = [listed] if isinstance(listed, str) else [str(name) for name in listed]
    through = table.published_through
    published = [_WORDS[lang]["published"].format(through=through)] if through else []
    return " · ".join([title, str(table.zone), ", ".join(names), *published])


def _tail(table: Timetable, days: list[Day], lang: Lang) -> list[str]:
    words, through = _WORDS[lang], table.published_through
    seconds = sum(day.seconds for day in days)
    lines = [words["days"].format(days=sum(day.seconds > 0 for day in days), open=format_seconds(seconds, lang))]
    if through and days[-1].date > through:
        lines.append(words["ahead"].format(through=through))
    return lines


def month(table: Timetable, raw: Mapping[str, Any], days: list[Day], lang: Lang) -> str:
    """A leaf of a wall calendar, with marks behind the numbers and what they mean below."""
    words, first = _WORDS[lang], days[0].date
    title = words["month"].format(name=_MONTHS[first.month - 1], year=first.year, month=first.month)
    cells = ["      "] * first.weekday() + [f"{day.date.day:>5}{_MARKS.get(day.kind.kind, ' ')}" for day in days]
    weeks = ["".join(cells[at : at + 7]).rstrip() for at in range(0, len(cells), 7)]
    gap = "   " if lang == "en" else "    "  # a Chinese character is two columns wide
    names = "".join(gap + name for name in _WEEKDAYS[lang])
    legend = []
    for kind, mark in _MARKS.items():
        if listed := _listed([day for day in days if day.kind.kind == kind], kind, lang):
            legend.append(f"{mark} {words[kind]}{listed}")
    return "\n".join([_head(table, raw, title, lang), "", names, *weeks, "", *legend, *_tail(table, days, lang)])


def _listed(days: list[Day], kind: str, lang: Lang) -> str | None:
    """The days of one mark, those of one name together: `: 1-7 国庆节`; nothing to say of plain days off."""
    if not days:
        return None
    if kind == "weekend":
        return ""
    runs: list[list[Day]] = []
    for day in days:
        said = _said_of(day, lang)
        if runs and _said_of(runs[-1][-1], lang) == said and day.date - runs[-1][-1].date == timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    return (": " if lang == "en" else "：") + "; ".join(
        f"{run[0].date.day}{f'-{run[-1].date.day}' if len(run) > 1 else ''} {_said_of(run[0], lang)}".rstrip()
        for run in runs
    )


def _said_of(day: Day, lang: Lang) -> str:
    if day.kind.kind == "exception":
        return ", ".join(f"{opens}-{closes}" for opens, closes in day.openings) or _WORDS[lang]["closed"]
    return day.kind.name


def year(table: Timetable, raw: Mapping[str, Any], days: list[Day], lang: Lang) -> str:
    """One line a month: working days, opening time, and every day that is not as its weekday says."""
    rows = []
    for month in range(1, 13):
        of_month = [day for day in days if day.date.month == month]
        name = f"{_MONTHS[month - 1]:<9}" if lang == "en" else f"{month:>2}月"
        marked = [
            f"{mark}{listed.removeprefix(':').removeprefix('：')}".replace(f"{mark} ", mark)
            for kind, mark in _MARKS.items()
            if (listed := _listed([day for day in of_month if day.kind.kind == kind], kind, lang))
        ]
        tail = _tail(table, of_month, lang)[0]
        rows.append(f"{name}  {tail:<38}  {'  '.join(marked)}".rstrip())
    legend = "  ".join(f"{mark} {_WORDS[lang][kind]}" for kind, mark in _MARKS.items() if kind != "weekend")
    head = _head(table, raw, str(days[0].date.year), lang)
    return "\n".join([head, "", *rows, "", legend, *_tail(table, days, lang)])
