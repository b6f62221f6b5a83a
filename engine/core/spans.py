"""Spans: the stretch of time in which a family that is over can matter to figures, so that others need not read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from engine.core.cases import History
from engine.core.periods import Period
from engine.core.ticket import Ticket

#: No period begins before 1973: a smaller number among the facts is a score or a count, not an instant.
EARLIEST: Final = 10**8


def span(history: History) -> Period | None:
    """From the first to the last instant by which a figure may count the family: a figure that looks at a period which
    this one does not touch finds nothing in it. None while a ticket of it is open.
    """
    if history.family.is_open:
        return None
    instants = {at for ticket in history.family.tickets.values() for at in _instants(ticket)}
    for step in history.steps:
        instants.add(step.at)
        instants.update(event.effective_at for event in step.events)
    return Period(min(instants), max(instants) + 1)


def _instants(ticket: Ticket) -> Iterator[int]:
    """Those that stand in a ticket: a due may lie long after its end, a time fact before it was opened."""
    for run in ticket.all_runs():
        yield from (at for at in (run.start, run.due, run.done) if at is not None)
    for value in ticket.facts().values():
        if isinstance(value, int) and value >= EARLIEST:
            yield value
