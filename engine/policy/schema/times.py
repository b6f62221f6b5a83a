"""How times of day are written: `07:00`, and from one until another, `22:00-07:00`."""

from __future__ import annotations

import re
from typing import Annotated, Final, TypeAlias

from engine.core.conditions import ClockTime
from engine.policy.schema.base import Reads, wrong
from engine.policy.words import Words

DAY: Final = 24 * 3600
CLOCK: Final = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")

A_CLOCK: Final = Words("a time of day", "一天里的时刻")
SOME_HOURS: Final = Words("hours of the day, from and until", "一天里的时段（从几点到几点）")
#: The whole day would be never: what waits for its end waits for ever.
HOURS_THAT_END: Final = Words("hours that leave a part of the day", "只占一天一部分的时段")


def clock(text: str) -> int | None:
    """Seconds of the day; None for what is no time of day."""
    parts = CLOCK.fullmatch(text)
    return int(parts[1]) * 3600 + int(parts[2]) * 60 if parts is not None else None


def hours(text: str) -> ClockTime | None:
    """From one time of day until another, which may be of the next day; 24:00 only ends. None for what is none."""
    since, _, until = (part.strip() for part in text.partition("-"))
    start, end = clock(since), DAY if until == "24:00" else clock(until)
    return None if start is None or end is None or start == end else ClockTime(start, end)


def _clock(text: str) -> int:
    found = clock(text)
    if found is None:
        raise wrong(text, A_CLOCK, "08:30")
    return found


def _quiet(text: str) -> ClockTime:
    found = hours(text)
    if found is None:
        raise wrong(text, SOME_HOURS, "22:00-07:00")
    if found == ClockTime(0, DAY):
        raise wrong(text, HOURS_THAT_END, "22:00-07:00")
    return found


ClockText: TypeAlias = Annotated[int, Reads(_clock, A_CLOCK, "08:30")]
QuietText: TypeAlias = Annotated[ClockTime, Reads(_quiet, SOME_HOURS, "22:00-07:00")]
