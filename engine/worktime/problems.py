"""What can be wrong with a calendar."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Problem(NamedTuple):
    """One mistake in a calendar. `path` leads to the key; `reason` is a stable word.

    Reasons: `bad-zone`, `bad-weekday`, `bad-hours`, `overlap`, `no-hours`, `bad-date`, `bad-holidays`,
    `unknown-holidays`, `unknown-calendar`, `unknown-key`, `missing`, `bad-days`, `not-text`.
    """

    path: tuple[str, ...]
    message: str
    reason: str


class CalendarError(ValueError):
    """A calendar or a file of day data is wrong; `problems` has everything that is."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{'.'.join(p.path)}: {p.message}" if p.path else p.message for p in self.problems))


class OutOfTable(ValueError):  # noqa: N818 - says what happened
    """No working time was found within the years a calendar covers; searches are bounded (1990 to 2100)."""
