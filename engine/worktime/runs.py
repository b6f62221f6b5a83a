"""One run of a limit through its pauses: how much of it has passed, and when the rest will have (SEMANTICS §7.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple, TypeAlias

#: Half-open pauses [from, to), disjoint and in order; two may touch.
Pauses: TypeAlias = Sequence[tuple[int, int]]

#: A place on the scale of the kind: seconds, opening seconds, or working days as a fraction.
Measure: TypeAlias = int | Fraction


class Run(NamedTuple):
    """One start of a limit: its measure as a position on a scale, and the way back from a position to an instant."""

    start: int
    due0: int  #: the due without pauses
    origin: Measure  #: the position at which counting begins; of working days, that of day 1
    position: Callable[[int], Measure]
    reached: Callable[[Measure], int]  #: the first instant at a position at which a due may stand
    settles: Callable[[int], int] = lambda at: at  #: where a due may stand that a resumption pushes on to an instant

    @property
    def length(self) -> Measure:
        return self.position(self.due0) - self.origin

    def first(self, target: Measure, pauses: Pauses, unpaused: int | None = None) -> int:
        """The first instant outside every pause at which running time has reached the target.

        Args:
            unpaused: that instant without pauses, where it is known. No pause makes it earlier: where it lies outside
                opening hours its measure is reached before it.
        """
        at = earliest = self._reached(target) if unpaused is None else unpaused
        for begin, end in self._clipped(pauses):
            if begin > at:
                break
            if self.position(begin) < target:
                target += self.position(end) - self.position(begin)
                at = max(earliest, self._reached(target))
            if at < end:  # used up when the pause began: due as soon as it runs again
                at = self.settles(end)
        return at

    def ran(self, at: int, pauses: Pauses) -> Fraction:
        """The measure of running time from the start to `at`."""
        if at <= self.start:
            return Fraction(0)
        cut = [(begin, min(end, at)) for begin, end in self._clipped(pauses) if begin < at]
        paused = sum(self.position(end) - self.position(begin) for begin, end in cut)
        return Fraction(self.position(at) - self.origin - paused)

    def _reached(self, target: Measure) -> int:
        """A target of nothing is reached at the start, not at the close before it."""
        return self.start if target <= self.origin else max(self.start, self.reached(target))

    def _clipped(self, pauses: Pauses) -> Iterator[tuple[int, int]]:
        """The pauses after the start."""
        return ((max(begin, self.start), end) for begin, end in pauses if end > self.start)
