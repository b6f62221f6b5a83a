"""Quiet hours: until when a message is held back, and when the daily digest comes. Times are seconds of the day."""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from engine.core import Plan
from engine.core.conditions import ClockTime

DAY: Final = 24 * 3600
#: When the daily digest comes where the plan names no hour.
MORNING: Final = 8 * 3600


def quiet_until(plan: Plan, audience: Set[str], now: int) -> int | None:
    """When quiet hours end for an audience (roles, `staff`, `reporter`), if it is within them; else None.

    Where the plan names an hour for what was held back (`digest`), it comes then; one that is quiet itself is none.
    """
    quiet = _quiet_hours(plan, audience)
    if quiet is None or not quiet.includes(time_of_day(plan, now)):
        return None
    over = following(now, quiet.end, plan.zone)
    digest = _digest(plan)
    return over if digest is None or quiet.includes(digest) else following(over - 1, digest, plan.zone)


def digest_hour(plan: Plan) -> int:
    """When the daily digest comes: at its hour, or when the quiet hours of its readers end that it lies in."""
    digest, quiet = _digest(plan), _quiet_hours(plan, {"staff", plan.last_resort})
    hour = MORNING if digest is None else digest
    return quiet.end % DAY if quiet is not None and quiet.includes(hour) else hour


def time_of_day(plan: Plan, now: int) -> int:
    local = datetime.fromtimestamp(now, plan.zone)
    return local.hour * 3600 + local.minute * 60 + local.second


def following(now: int, second: int, zone: ZoneInfo) -> int:
    """The first instant after `now` at which it is this time of day; one that a clock shows twice counts twice."""
    at = time(second // 3600 % 24, second // 60 % 60)
    today = datetime.fromtimestamp(now, zone).date()
    days = (today, today + timedelta(days=1))
    shown = (datetime.combine(day, at.replace(fold=fold), zone) for day in days for fold in (0, 1))
    return min(found for found in (int(one.timestamp()) for one in shown) if found > now)


def _quiet_hours(plan: Plan, audience: Set[str]) -> ClockTime | None:
    messaging = plan.messaging
    if messaging is None or (messaging.quiet_for and not audience & set(messaging.quiet_for)):
        return None
    return messaging.quiet_hours


def _digest(plan: Plan) -> int | None:
    return plan.messaging.digest if plan.messaging is not None else None
