"""Instants as a desk reads them: the time of day when it is today, and how far away it is."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from engine.server.board.words import WEEKDAYS, WORDS, Lang

DAY: Final = 86400  # seconds


class Moments(NamedTuple):
    """A reader at `now` (seconds UTC), in the zone of the site."""

    zone: ZoneInfo
    now: int
    lang: Lang

    def iso(self, at: int) -> str:
        return datetime.fromtimestamp(at, self.zone).isoformat()

    def clock(self, at: int) -> str:
        """`18:00` today, `周四 18:00` within a week, else with the date; the year only when it is another."""
        local, today = datetime.fromtimestamp(at, self.zone), datetime.fromtimestamp(self.now, self.zone)
        clock = local.strftime("%H:%M:%S" if local.second else "%H:%M")
        days = (local.date() - today.date()).days
        if days == 0:
            return clock
        weekday = WEEKDAYS[local.weekday()].in_(self.lang)
        date = local.strftime("%m-%d" if local.year == today.year else "%Y-%m-%d")
        return f"{date} {weekday} {clock}"

    def hour(self, at: int) -> str:
        """The time of day alone."""
        return datetime.fromtimestamp(at, self.zone).strftime("%H:%M")

    def day(self, at: int) -> str:
        """The date with its weekday."""
        local = datetime.fromtimestamp(at, self.zone)
        return f"{local:%Y-%m-%d} {WEEKDAYS[local.weekday()].in_(self.lang)}"

    def away(self, at: int) -> str:
        """`还剩 2 小时 05 分`, `超 3 天 4 小时`."""
        words = WORDS["left"] if at >= self.now else WORDS["over"]
        return words.format(length=self.length(abs(at - self.now))).in_(self.lang)

    def length(self, seconds: int) -> str:
        """At most two units, as the countdown in the browser says it."""
        name, a, b = parts(seconds)
        return WORDS[f"length_{name}"].format(a=a, b=f"{b:02}").in_(self.lang)

    def local(self, at: int) -> str:
        """For an input of type datetime-local."""
        return datetime.fromtimestamp(at, self.zone).strftime("%Y-%m-%dT%H:%M")


def parts(seconds: int) -> tuple[str, int, int]:
    """The two largest units of a length, and which they are."""
    if seconds >= DAY:
        return "days", seconds // DAY, seconds % DAY // 3600
    if seconds >= 3600:
        return "hours", seconds // 3600, seconds % 3600 // 60
    return "minutes", seconds // 60, seconds % 60
