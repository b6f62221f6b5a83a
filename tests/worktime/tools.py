"""Short words for the tables of this folder."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from engine.worktime import Clock, DayRule, Timetable, compile_calendar, official_days, parse_length, read_calendar

SHANGHAI = "Asia/Shanghai"
WEEK = {"mon-fri": "09:00-12:00, 13:30-18:00"}


def calendar(hours: dict[str, str] | None = None, zone: str = SHANGHAI, **raw: Any) -> Timetable:
    """A calendar with the official days of its codes; an office in Shanghai if nothing else is said."""
    raw.setdefault("holidays", "CN" if zone == SHANGHAI else "none")
    named = [raw["holidays"]] if isinstance(raw["holidays"], str) else raw["holidays"]
    spec = read_calendar("site", {"timezone": zone, "hours": WEEK if hours is None else hours, **raw})
    return compile_calendar(spec, official_days(tuple(name for name in named if name[:2].isupper())))


def at(text: str, zone: str = SHANGHAI, fold: int = 0) -> int:
    """`2026-09-30 10:00` on the clocks of a zone as an instant."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp())


def shown(instant: int, zone: str = SHANGHAI) -> str:
    """An instant as a clock of the zone shows it, with seconds only where there are any."""
    return f"{datetime.fromtimestamp(instant, ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}".removesuffix(":00")


def limit(length: str, table: Timetable, rule: str = "close") -> Clock:
    return Clock(parse_length(length), table, DayRule(rule))


def due(start: str, length: str, table: Timetable, rule: str = "close", *pauses: tuple[str, str]) -> str:
    """When a limit is due, in local time; pauses are pairs of local times."""
    zone = table.zone.key
    spans = tuple((at(begin, zone), at(end, zone)) for begin, end in pauses)
    return shown(limit(length, table, rule).due(at(start, zone), spans).at, zone)


def before(event: str, length: str, table: Timetable, rule: str | None = None) -> str:
    zone = table.zone.key
    return shown(limit(length, table).before(at(event, zone), DayRule(rule) if rule else None), zone)
