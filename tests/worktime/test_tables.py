"""The tables behind a timetable: made fast, and equal to what they would be if every date were asked for alone."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.worktime.tables import _midnights, instant

#: Zones whose clocks change at midnight, before it, by half an hour, twice in a Ramadan, or by a whole day.
ZONES = (
    "Asia/Shanghai", "America/New_York", "Africa/Casablanca", "America/Sao_Paulo", "Asia/Beirut", "Africa/Cairo",
    "Pacific/Apia", "Australia/Lord_Howe", "America/Havana", "Asia/Tehran", "Antarctica/Troll",
)  # fmt: skip


@pytest.mark.parametrize("name", ZONES)
def test_the_midnights_of_many_dates_are_those_of_each(name: str) -> None:
    zone, days = ZoneInfo(name), [date(2008, 1, 1) + timedelta(days=n) for n in range(365 * 12)]
    assert _midnights(zone, days) == [instant(zone, datetime(day.year, day.month, day.day)) for day in days]  # noqa: DTZ001
