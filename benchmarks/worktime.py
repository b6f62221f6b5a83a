"""Working time beside `businesstimedelta`, beside a plain walk over days, and beside `holidays.get_nth_working_day`.

The peers are used as their documentation shows, on one calendar: China 2024 to 2026, 08:30-12:00 and 13:30-17:30 in
Shanghai. `businesstimedelta` knows no make-up days, so only the additions that none of them touches are compared and
timed; the other two know them and are compared on every start.
"""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import businesstimedelta
import holidays
import pytz

from benchmarks.harness import rates
from engine.worktime import CalendarSpec, Timetable, compile_calendar, official_days

ZONE = "Asia/Shanghai"
HOURS = (4, 8, 24)
DAYS = (1, 3, 7)
SPANS = ((time(8, 30), time(12)), (time(13, 30), time(17, 30)))
DAY = timedelta(days=1)


def run() -> list[tuple[str, float, float, str]]:
    table = compile_calendar(
        CalendarSpec("bench", ZONE, {"mon-fri": "08:30-12:00, 13:30-17:30"}, ("CN",)), official_days(("CN",))
    )
    china = holidays.China(years=range(2024, 2027))
    rng = random.Random(1)
    starts = [date(2024, 1, 1) + timedelta(rng.randrange(1000)) for _ in range(400)]
    return [
        _businesstimedelta(table, china, starts[:200], rng),
        _walk(table, china, starts, rng),
        _days(table, china, starts),
    ]


def _instants(days: list[date], rng: random.Random) -> list[datetime]:
    zone = ZoneInfo(ZONE)
    return [datetime.combine(day, time(rng.randrange(24), rng.randrange(60)), zone) for day in days]


def _businesstimedelta(
    table: Timetable, china: holidays.HolidayBase, days: list[date], rng: random.Random
) -> tuple[str, float, float, str]:
    zone = pytz.timezone(ZONE)
    rules = businesstimedelta.Rules(
        [
            *(businesstimedelta.WorkDayRule(opens, closes, [0, 1, 2, 3, 4], tz=zone) for opens, closes in SPANS),
            businesstimedelta.HolidayRule(china, tz=zone),
        ]
    )
    budgets = {hours: businesstimedelta.BusinessTimeDelta(rules, hours=hours) for hours in HOURS}
    asked = [(start, hours) for start in _instants(days, rng) for hours in HOURS]
    cases = [
        (start, hours) for start, hours in asked if start + budgets[hours] == table.add_opening(start, hours * 3600)
    ]
    for start, hours in set(asked) - set(cases):  # where they differ, the peer has missed a make-up day
        assert any(start.date() <= day <= start.date() + 21 * DAY for day in china.weekend_workdays), (start, hours)

    def peer() -> int:
        for start, hours in cases:
            start + budgets[hours]
        return len(cases)

    def ours() -> int:
        for _ in range(20):
            for start, hours in cases:
                table.add_opening(start, hours * 3600)
        return 20 * len(cases)

    found = rates({"peer": peer, "ours": ours})
    pace = f"businesstimedelta {found['peer']:,.0f}/s, ours {found['ours']:,.0f}/s"
    missed = f"{len(asked) - len(cases)} of {len(asked)}"
    note = f"{pace}; datetime in, datetime out; not timed: {missed} where it misses a make-up day"
    return "4, 8, 24 working hours against businesstimedelta", 200, found["ours"] / found["peer"], note


def _walk(
    table: Timetable, china: holidays.HolidayBase, days: list[date], rng: random.Random
) -> tuple[str, float, float, str]:
    zone = ZoneInfo(ZONE)

    def walked(start: datetime, seconds: int) -> datetime:
        """Does the same job: any aware start, any zone, right over a change of the clock."""
        at, left, day = start.timestamp(), seconds, start.astimezone(zone).date()
        while True:
            if china.is_working_day(day):
                for opens, closes in SPANS:
                    begin = max(at, datetime.combine(day, opens, zone).timestamp())
                    end = datetime.combine(day, closes, zone).timestamp()
                    if begin < end:
                        if left <= end - begin:
                            return datetime.fromtimestamp(begin + left, zone)
                        left -= end - begin
            day += DAY

    def by_the_wall(start: datetime, left: timedelta) -> datetime:
        """As short as it can be, because the clocks of Shanghai never change."""
        day = start.date()
        while True:
            if china.is_working_day(day):
                for opens, closes in SPANS:
                    begin, end = datetime.combine(day, opens, zone), datetime.combine(day, closes, zone)
                    begin = max(begin, start)
                    if begin < end:
                        if left <= end - begin:
                            return begin + left
                        left -= end - begin
            day += DAY

    cases = [(start, hours) for start in _instants(days, rng) for hours in HOURS]
    for start, hours in cases:
        ours_is = table.add_opening(start, hours * 3600)
        assert walked(start, hours * 3600) == by_the_wall(start, timedelta(hours=hours)) == ours_is, (start, hours)

    def peer() -> int:
        for start, hours in cases:
            walked(start, hours * 3600)
        return len(cases)

    def short() -> int:
        for start, hours in cases:
            by_the_wall(start, timedelta(hours=hours))
        return len(cases)

    def ours() -> int:
        for _ in range(5):
            for start, hours in cases:
                table.add_opening(start, hours * 3600)
        return 5 * len(cases)

    found = rates({"peer": peer, "short": short, "ours": ours})
    note = (
        f"walk {found['peer']:,.0f}/s, ours {found['ours']:,.0f}/s; datetime in, datetime out; with make-up days; "
        f"a walk that need not know of time zones {found['short']:,.0f}/s"
    )
    return "4, 8, 24 working hours against a walk over the days", 5, found["ours"] / found["peer"], note


def _days(table: Timetable, china: holidays.HolidayBase, starts: list[date]) -> tuple[str, float, float, str]:
    cases = [(day, n) for day in starts for n in DAYS]
    for day, n in cases:
        assert china.get_nth_working_day(day, n) == table.nth_working_day(day, n), (day, n)

    def peer() -> int:
        for day, n in cases:
            china.get_nth_working_day(day, n)
        return len(cases)

    def ours() -> int:
        for _ in range(5):
            for day, n in cases:
                table.nth_working_day(day, n)
        return 5 * len(cases)

    found = rates({"peer": peer, "ours": ours})
    note = f"holidays {found['peer']:,.0f}/s, ours {found['ours']:,.0f}/s; date in, date out; with make-up days"
    return "1, 3, 7 working days against holidays.get_nth_working_day", 10, found["ours"] / found["peer"], note
