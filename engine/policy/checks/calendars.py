"""Calendars: hours that can be read, days on which they open, data that reaches far enough."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Final

from engine.core import Plan
from engine.core.plan import LengthLimit
from engine.policy.compile.desk import Desk
from engine.policy.suggest import narrow
from engine.policy.words import Words
from engine.worktime import CalendarError, Clock, DayData, Length, Timetable, Unit, compile_calendar

HORIZON: Final = timedelta(days=45)  # what lies further ahead can wait for the State Council's next notice

REASONS: Final[dict[str, Words]] = {
    "bad-weekday": Words("write weekdays as mon, mon-fri or sat-sun", "星期写成 mon、mon-fri 或 sat-sun"),
    "bad-hours": Words(
        "write hours as 09:00-12:00, 13:30-18:00, or closed", "时间写成 09:00-12:00, 13:30-18:00，或 closed"
    ),
    "overlap": Words("two entries set the hours of one day", "同一天的时间写了两次"),
    "no-hours": Words("no hours at all", "没有任何开放时间"),
    "bad-date": Words(
        "write dates as 2026-10-08, or 2026-07-11 to 2026-08-31", "日期写成 2026-10-08，或 2026-07-11 to 2026-08-31"
    ),
    "bad-holidays": Words(
        "write a code such as CN, a date, 2026-07-11 to 2026-08-31, or none",
        "写 CN 之类的代码、日期、2026-07-11 to 2026-08-31，或 none",
    ),
}


#: What worktime says of a text, which it quotes first, and the same in Chinese.
NOTES: Final = (
    ("is no time of day", "不是一天里的时刻"),
    ("is not an opening time", "不是开放时间"),
    ("has no length", "没有长度；全天写 00:00-24:00"),
    ("longer than a day", "里的时间超过一天"),
    ("overlap", "里的时间重叠"),
    ("both set the hours", "都规定了同一天的时间"),
    ("is no weekday", "不是星期"),
    ("is no date", "不是日期"),
    ("is no code", "既不是代码，也不是日期"),
    ("stands alone", "只能单独写"),
)


def _note(message: str) -> Words:
    quoted = "、".join(re.findall("`[^`]*`", message)[: 2 if "both" in message else 1])
    return Words(message, quoted + next((zh for en, zh in NOTES if en in message), ""))


def check(desk: Desk, plan: Plan) -> None:
    known: dict[str, Timetable | None] = {}
    for id in plan.calendars:
        _compile(desk, plan, id, known, ())


def _compile(
    desk: Desk, plan: Plan, id: str, known: dict[str, Timetable | None], chain: tuple[str, ...]
) -> Timetable | None:
    """A calendar after those it is open with; what is wrong is said once."""
    if id in chain:
        circle = " → ".join([*chain[chain.index(id) :], id])
        desk.add(desk.say("E410", ("calendars", id, "also"), circle=circle))
        desk.doubt(("calendars", id))
        return None
    if id not in known:
        others = {
            name: _compile(desk, plan, name, known, (*chain, id))
            for name in plan.calendars[id].also
            if name in plan.calendars
        }
        whole = {name: table for name, table in others.items() if table is not None}
        known[id] = _timetable(desk, plan, id, whole) if len(whole) == len(others) else None
    return known[id]


def _timetable(desk: Desk, plan: Plan, id: str, others: dict[str, Timetable]) -> Timetable | None:
    """Of a calendar that was read in part its other mistakes are looked for all the same, and nothing is concluded."""
    path = ("calendars", id)
    doubtful = desk.doubts(*path)
    try:
        table = compile_calendar(plan.calendars[id], _data(plan), others)
    except CalendarError as error:
        for problem in error.problems:
            if doubtful and problem.reason == "no-hours":  # they may be what could not be read
                continue
            at = (*path, *(int(step) if step.isdigit() else step for step in problem.path))
            reason = REASONS.get(problem.reason, Words(problem.message, problem.message))
            found = desk.say("E407", at, key=problem.reason in ("bad-weekday", "bad-date", "overlap"), problem=reason)
            desk.add(found.noting(_note(problem.message)).helping(*narrow(problem.message)))
        desk.doubt(path)
        return None
    if table.never_opens and not doubtful:
        desk.add(desk.say("E408", path, key=True, calendar=id))
        desk.doubt(path)
    return None if doubtful else table


def check_horizon(desk: Desk, plan: Plan, today: date) -> None:
    """Deadlines that reach beyond the days a calendar knows (DESIGN §5: a warning, never an error)."""
    known: dict[str, Timetable | None] = {}
    for id in plan.calendars:
        table = None if desk.doubts("calendars", id) else _compile(desk, plan, id, known, ())
        longest = _longest(plan, id)
        if table is None or table.published_through is None or longest is None:
            continue
        bites = _first_beyond(Clock(longest.length, table, longest.day_rule), table, today)
        if bites is not None:
            found = desk.say("W402", ("calendars", id, "holidays"), calendar=id, year=table.published_through.year + 1)
            desk.add(found.noting(_from_when(bites)).helping(FETCH))


def _longest(plan: Plan, calendar: str) -> LengthLimit | None:
    """The longest limit in days of a calendar; weeks and months count by their usual length."""
    limits = [
        row.value
        for deadline in plan.deadlines
        for row in deadline.limit.rows
        if isinstance(row.value, LengthLimit) and row.value.calendar == calendar
    ]
    return max(limits, key=lambda limit: _days(limit.length), default=None)


def _days(length: Length) -> float:
    match length.unit:
        case Unit.WORKING_DAYS:
            return length.amount * 7 / 5
        case Unit.CALENDAR_DAYS | Unit.SAME_DAY:
            return length.amount
        case Unit.MONTHS:
            return length.amount * 30
        case Unit.WORKING_SECONDS:
            return length.amount / 28_800 * 7 / 5
    return length.amount / 86_400


def _first_beyond(clock: Clock, table: Timetable, today: date) -> date | None:
    """The first day soon on which a run would start whose due hangs on days nobody has published yet."""
    for ahead in range(HORIZON.days + 1):
        day = today + timedelta(days=ahead)
        if clock.due(table.instant(datetime(day.year, day.month, day.day, 12))).provisional:  # noqa: DTZ001 - local
            return day
    return None


def _from_when(bites: date) -> Words:
    return Words(f"deadlines that start from {bites} on reach into it", f"{bites} 起算的时限就会用到")


def _data(plan: Plan) -> DayData:
    return list(plan.editions.values())[-1]


FETCH: Final = Words(
    "take the State Council's notice into the site's day data when it is out; until then these dues are provisional",
    "国务院通知公布后，请更新项目的节假日数据；在此之前，这些到期时刻是暂定的",
)
