"""Quiet hours: until when a message is held back."""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine.core import Plan


def quiet_until(plan: Plan, audience: Set[str], now: int) -> int | None:
    """When quiet hours end for an audience (roles, `staff`, `reporter`), if it is within them; else None.

    Where the plan names an hour for what was held back (`digest`), it comes then; one that is quiet itself is none.
    """
    messaging = plan.messaging
    if messaging is None or messaging.quiet_hours is None:
        return None
    if messaging.quiet_for and not audience & set(messaging.quiet_for):
        return None
    start, end = (clock_time(part) for part in messaging.quiet_hours.split("-"))
    zone = plan.zone
    if not _within(datetime.fromtimestamp(now, zone).time(), start, end):
        return None
    over = following(now, end, zone)
    digest = clock_time(messaging.digest) if messaging.digest is not None else end
    return over if _within(digest, start, end) else following(over - 1, digest, zone)


def _within(at: time, start: time, end: time) -> bool:
    """Whether a time of day is in [start, end), which may go over midnight."""
    return start <= at < end if start <= end else at >= start or at < end


def following(now: int, at: time, zone: ZoneInfo) -> int:
    """The first instant after `now` at which it is this time of day."""
    day = datetime.fromtimestamp(now, zone).date()
    found = int(datetime.combine(day, at, zone).timestamp())
    if found <= now:
        found = int(datetime.combine(day + timedelta(days=1), at, zone).timestamp())
    return found


def clock_time(text: str) -> time:
    """`7:00` or `22:00`; `24:00` is midnight."""
    hour, _, minute = text.strip().partition(":")
    return time(int(hour) % 24, int(minute or 0))
