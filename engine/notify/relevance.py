"""Whether a message is still news when it is looked at again, and where its rungs stand on their ladders."""

from __future__ import annotations

from engine.core import Cause, Message, Plan, Run, Ticket, is_overdue, ladder, rung_instant
from engine.core.plan import Deadline, Rung
from engine.notify.world import REPORTER, World
from engine.store import StoreError

CRITICAL_RANK = 2


def stale_reason(ticket: Ticket, message: Message, cause: Cause) -> str:
    """Why a cause is no news any more; "" while it is.

    A rung is none once its run ended or it was acknowledged. Staff need not hear what happened to a ticket that was
    closed since; a reporter is told all the same, it is his matter.
    """
    if cause.kind in ("rung", "repeat"):
        run = run_of(ticket, message, cause)
        if run is None:
            return "the due was moved"
        if not run.open:
            return "the run ended"
        return "acknowledged" if _is_acknowledged(run, _rung(cause)) else ""
    closed = ticket.closed
    if cause.kind != "all-clear" and message.to != REPORTER and closed is not None and closed > message.at:
        return "the ticket was closed"
    return ""


def run_of(ticket: Ticket, message: Message, cause: Cause) -> Run | None:
    """The run whose ladder a cause speaks of: the last of its deadline that had raised the rung by then.

    A due that moved makes the rungs before it be raised anew, so that they are found no more.
    """
    deadline = deadline_id(cause)
    best: Run | None = None
    best_at = -1
    for run in ticket.all_runs():
        if run.deadline == deadline:
            raised = run.climb.raised
            if cause.kind == "all-clear":  # also of a due before this one: people were told
                at = max(raised.values(), default=run.start if run.climb.told else -1)
            else:
                at = raised.get(_rung(cause), -1)
            if best_at < at <= message.at:
                best, best_at = run, at
    return best


def origin_of(world: World, site: str, message: Message, ticket: Ticket) -> Plan:
    """The plan by whose words a message was written, which may not be the one its ticket goes by now; that one, where
    its own cannot be read any more.
    """
    try:
        return world.plan(site, message.plan or ticket.plan)
    except StoreError:
        return world.plan(site, ticket.plan)


def deadline_of(plan: Plan, ticket: Ticket, id: str) -> Deadline | None:
    """A deadline by its id; None where the plan has none. The ticket's category may be called otherwise in the plan."""
    named = [deadline for deadline in plan.deadlines if deadline.id == id]
    own = (deadline for deadline in named if ticket.category in deadline.of)
    return next(own, named[0] if named else None)


def rank(origin: Plan, ticket: Ticket, cause: Cause) -> int:
    """How high a rung stands: how many of its ladder are at or after the due, up to it; 0 for all that is no rung."""
    found = 0
    for rung in _ladder(origin, ticket, cause):
        found += is_overdue(rung)
        if rung.id == _rung(cause):
            return found if is_overdue(rung) else 0
    return 0


def is_critical(origin: Plan, ticket: Ticket, causes: tuple[Cause, ...]) -> bool:
    """Loud, or of the second rung after the breach or higher.

    A message has no level. The ticket's may have come from another ladder, or after the message; the rung's own place
    is what the message itself is about.
    """
    return any(cause.loud or rank(origin, ticket, cause) >= CRITICAL_RANK for cause in causes)


def waits_for_answer(origin: Plan, plan: Plan, ticket: Ticket, run: Run, cause: Cause) -> bool:
    """Whether people must have had their time to answer before this is told: a repeat, or a rung after the due.

    Not where it was raised early, by hand or because nobody could be reached: that is told at once.
    """
    if cause.loud:
        return False
    if cause.kind == "repeat":
        return True
    rung = next((rung for rung in _ladder(origin, ticket, cause) if rung.id == _rung(cause)), None)
    if rung is None or rung.at.offset is None or rung.at.kind != "due" or rung.at.offset.amount <= 0:
        return False
    own = rung_instant(plan, ticket, run, rung) if run.due is not None else None
    return own is not None and run.climb.raised[rung.id] >= own


def _is_acknowledged(run: Run, rung: str) -> bool:
    """An acknowledgement is of a rung and those below."""
    acked = run.climb.acked
    raised = run.climb.raised
    return acked is not None and acked in raised and raised[rung] <= raised[acked]


def deadline_id(cause: Cause) -> str:
    """The deadline that a rung, a repeat or an all-clear speaks of."""
    return cause.name if cause.kind == "all-clear" else cause.name.rpartition(".")[0]


def _rung(cause: Cause) -> str:
    return cause.name.rpartition(".")[2]


def _ladder(origin: Plan, ticket: Ticket, cause: Cause) -> tuple[Rung, ...]:
    rung = cause.kind in ("rung", "repeat")
    deadline = deadline_of(origin, ticket, deadline_id(cause)) if rung else None
    steps = ladder(origin, deadline) if deadline is not None else None
    return steps.rungs if steps is not None else ()
