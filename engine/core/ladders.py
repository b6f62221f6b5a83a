"""Ladders: rungs reached, passed, raised by hand, exhausted."""

from __future__ import annotations

from engine.core import events as e
from engine.core.agenda import is_overdue, rung_instant
from engine.core.plan import Deadline, Rung
from engine.core.shape import Watch, ladder
from engine.core.ticket import Draft, Run
from engine.core.work import Work


def pass_rungs(work: Work, ticket: Draft, name: str, now: int) -> None:
    """Line 8: of the rungs before the due that a moved due has passed, the last fires at once, the others never."""
    run = ticket.runs.get(name)
    if run is None or run.status != "running":
        return
    deadline = work.shape(ticket).watches[name].deadline
    steps = ladder(work.plan, deadline)
    passed = [
        (at, rung)
        for rung in (steps.rungs if steps else ())
        if not is_overdue(rung)
        and (at := rung_instant(work.plan, ticket, run, rung)) is not None
        and run.start < at <= work.at
    ]
    for at, rung in passed[:-1]:
        work.emit(e.RungSkipped(ticket.id, at, rung.rule, run.key, rung.id, "moved"))
    for _, rung in passed[-1:]:
        reach_rung(work, ticket, ticket.runs[name], deadline, rung, now)


def raise_at_start(work: Work, ticket: Draft, watch: Watch) -> None:
    steps = ladder(work.plan, watch.deadline)
    for rung in steps.rungs if steps else ():
        if rung.at.kind == "start":
            run = ticket.runs[watch.deadline.id]
            reach_rung(work, ticket, run, watch.deadline, rung, run.start)


def reach_rung(
    work: Work, ticket: Draft, run: Run, deadline: Deadline, rung: Rung, at: int, early: bool = False
) -> None:
    """A rung is reached: raised, or skipped if it is not for this ticket. A breach is told to the accountable, too."""
    if rung.when is not None and not rung.when.holds(work.view(ticket)):
        work.emit(e.RungSkipped(ticket.id, at, rung.rule, run.key, rung.id, "condition"))
        return
    told = work.told(ticket, rung.notify, deadline)
    accountable = work.shape(ticket).workflow.accountable
    if accountable is not None and is_overdue(rung) and run.climb.overdue == 0:
        told = tuple(dict.fromkeys((*told, *work.addresses(ticket, accountable))))
    overdue = is_overdue(rung) or run.status == "breached"
    work.emit(e.Raised(ticket.id, at, rung.rule, run.key, rung.id, told, early, overdue))


def raise_next(work: Work, ticket: Draft, run: Run, deadline: Deadline, now: int) -> bool:
    """The next rung at once: by hand, or because nobody could be reached. False if there is none."""
    steps = ladder(work.plan, deadline)
    for rung in steps.rungs if steps else ():
        if rung.id not in run.climb.raised and rung.id not in run.climb.skipped:
            reach_rung(work, ticket, run, deadline, rung, now, early=True)
            exhaust(work, ticket, run.deadline, deadline, now)
            return True
    return False


def exhaust(work: Work, ticket: Draft, name: str, deadline: Deadline, now: int) -> None:
    """A ladder is exhausted with its last rung, or that rung's last repeat."""
    run = ticket.runs[name]
    steps = ladder(work.plan, deadline)
    if steps is None or run.climb.exhausted or run.status != "breached":
        return
    climb = run.climb
    if any(rung.id not in climb.raised and rung.id not in climb.skipped for rung in steps.rungs if is_overdue(rung)):
        return
    last = next((rung for rung in steps.rungs if rung.id == climb.last), None)
    if last is None or last.every is None or climb.repeats >= last.times:
        work.emit(e.LadderExhausted(ticket.id, now, steps.rule, run.key))
