"""The one file that reads the wall clock, and the clock that does not."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def now() -> int:
    """This instant, whole seconds UTC, cut down."""
    return int(time.time())


def today(zone: ZoneInfo | None = None) -> date:
    """The civil date, in a zone or where this machine is."""
    moment = datetime.now(UTC)
    return (moment.astimezone(zone) if zone is not None else moment.astimezone()).date()


class VirtualClock:
    """A clock that stands until it is moved, and refuses to run backwards. Seconds UTC."""

    def __init__(self, at: int) -> None:
        self.at = at

    def __call__(self) -> int:
        return self.at

    def move(self, to: int) -> None:
        if to < self.at:
            raise ValueError(f"a clock does not run backwards: {to} < {self.at}")
        self.at = to
