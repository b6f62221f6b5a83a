"""Calendars, and the edition of day data that they are counted in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from engine.policy.compile.desk import Desk
from engine.policy.schema.people import Calendar
from engine.policy.shapes import Path
from engine.policy.words import Words
from engine.worktime import CalendarError, CalendarSpec, DayData, official_days

CODE: Final = re.compile(r"[A-Z]{2,3}(?:-[A-Za-z0-9]+)?")


def calendars(desk: Desk) -> dict[str, CalendarSpec]:
    return {id: _calendar(desk, ("calendars", id), text) for id, text in (desk.policy.calendars or {}).items()}


def _calendar(desk: Desk, path: Path, text: Calendar) -> CalendarSpec:
    desk.rule(path)
    also = (desk.calendar((*path, "also", index), name) for index, name in enumerate(text.also or ()))
    return CalendarSpec(
        id=str(path[-1]),
        timezone=desk.policy.timezone or "UTC",
        hours=dict(text.hours or {}),
        holidays=tuple(_holidays(desk, path, text.holidays or ())),
        exceptions=dict(text.exceptions or {}),
        published_through=text.published_through,
        also=tuple(name for name in also if name is not None and name != "always"),
        title=text.title or "",
    )


def _holidays(desk: Desk, path: Path, names: Iterable[str]) -> Iterable[str]:
    for index, name in enumerate(names):
        if CODE.fullmatch(name) and not _known(name):
            desk.add(desk.say("E403", (*path, "holidays", index), code=name).helping(HOLIDAYS))
            desk.doubt(path)
        else:
            yield name


def _known(code: str) -> bool:
    try:
        official_days((code,))
    except CalendarError:
        return False
    return True


def editions(calendars: Iterable[CalendarSpec]) -> dict[str, DayData]:
    """The day data that came with this release, of the codes that the calendars use."""
    codes = {name for spec in calendars for name in spec.holidays if CODE.fullmatch(name)}
    data = official_days(sorted(codes))
    return {data.id: data}


HOLIDAYS: Final = Words(
    "write a code such as CN or US-MA, a list of dates, or none", "写 CN、US-MA 之类的代码，或日期的列表，或 none"
)
