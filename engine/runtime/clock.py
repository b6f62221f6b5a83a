"""The one file that reads the wall clock, and the clock that does not."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from threading import Lock
from typing import Final
from zoneinfo import ZoneInfo

#: Seconds by which a wall clock may differ from what it should show before that counts as a step.
STEP: Final = 120


def now() -> int:
    """This instant, whole seconds UTC, cut down."""
    return int(time.time())


def monotonic() -> float:
    """Seconds of a clock that is never set; only differences mean something."""
    return time.monotonic()


def boottime() -> float:
    """Seconds since the machine started, the time it slept included: a machine that wakes is late, its clock was not
    set.
    """
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def today(zone: ZoneInfo | None = None) -> date:
    """The civil date, in a zone or where this machine is."""
    moment = datetime.now(UTC)
    return (moment.astimezone(zone) if zone is not None else moment.astimezone()).date()


class SteadyClock:
    """The daemon's clock: the wall clock, but a step of it is held until somebody accepts it, and it never runs back.

    Small differences are followed, as when a machine's clock is corrected over the network.
    """

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = boottime) -> None:
        self._wall, self._steady = wall, steady
        self._lock = Lock()
        self._from = (wall(), steady())
        self._last = int(self._from[0])

    def __call__(self) -> int:
        with self._lock:
            wall, steady = self._wall(), self._steady()
            expected = self._from[0] + steady - self._from[1]
            if abs(wall - expected) <= STEP:
                self._from = (wall, steady)
                expected = wall
            self._last = max(self._last, int(expected))
            return self._last

    @property
    def held(self) -> int:
        """Seconds by which the wall clock was set forward (back: negative) and is not obeyed; 0 when all is well."""
        step = self._wall() - (self._from[0] + self._steady() - self._from[1])
        return int(step) if abs(step) > STEP else 0

    def accept(self) -> None:
        """Obey the wall clock as it shows now; set back, time stands until it has come that far again."""
        with self._lock:
            self._from = (self._wall(), self._steady())


class Watch:
    """Knows of a loop how long nothing was done: the machine slept, or the process was stopped.

    Time that a round worked is no such time, however long it took, and a clock that is set makes none.
    """

    def __init__(self, steady: Callable[[], float] = boottime, awake: Callable[[], float] = monotonic) -> None:
        """`awake`: seconds of a clock that sleeps with the machine."""
        self._steady, self._awake = steady, awake
        self._began: tuple[float, float] | None = None
        self._worked = 0.0

    def begins(self) -> int:
        """A round begins: seconds since the one before began that it did not work."""
        last, self._began = self._began, (self._steady(), self._awake())
        return int(self._began[0] - last[0] - self._worked) if last is not None else 0

    def ends(self) -> None:
        if self._began is not None:
            self._worked = self._awake() - self._began[1]


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
