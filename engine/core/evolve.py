"""Folding: events onto tickets. Needs neither plan nor calendar, because events carry results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from engine.core import events as e
from engine.core.plan import InstantLimit
from engine.core.ticket import (
    FRESH,
    NO_HALT,
    NO_MARKS,
    NO_TIES,
    Draft,
    Family,
    Halt,
    Made,
    Run,
    Stay,
    Ticket,
    Ties,
    freeze,
    melt,
)


def evolve(family: Family | None, step: e.Step) -> Family:
    """The family after a step. The first step of a family opens its root."""
    bench = Bench(family, step.at, step.actor.person)
    for event in step.events:
        bench.apply(event)
    return bench.family(step.cause == "command")


def replay(steps: Iterable[e.Step]) -> Family:
    """The family that a whole history folds to."""
    family: Family | None = None
    for step in steps:
        family = evolve(family, step)
    assert family is not None, "a history has at least one step"
    return family


class Bench:
    """The tickets of a family under the hands of one step: untouched ones stay as they are, touched ones are drafts."""

    __slots__ = ("at", "base", "drafts", "order", "person")

    def __init__(self, family: Family | None, at: int, person: str) -> None:
        self.base = family
        self.at = at
        self.person = person
        self.drafts: dict[str, Draft] = {}
        self.order: Mapping[str, Ticket] = family.tickets if family else {}

    def ticket(self, id: str) -> Draft:
        draft = self.drafts.get(id)
        if draft is None:
            draft = self.drafts[id] = melt(self.order[id])
        return draft

    def look(self, id: str) -> Ticket:
        """The ticket as it now stands, to read only."""
        return self.drafts.get(id) or self.order[id]

    def tickets(self) -> list[Ticket]:
        """All of the family in order of opening."""
        known = [self.drafts.get(id, ticket) for id, ticket in self.order.items()]
        return known + [draft for id, draft in self.drafts.items() if id not in self.order]

    def apply(self, event: e.Event) -> None:
        if not isinstance(event, e.Opened):
            self.ticket(event.ticket)
        FOLDS[type(event)](self, event)

    def family(self, command: bool) -> Family:
        tickets = dict(self.order)
        for id, draft in self.drafts.items():
            tickets[id] = freeze(draft)
        root = self.base.id if self.base else next(iter(tickets))
        steps = self.base.steps + 1 if self.base else 1
        return Family(root, self.at, "command" if command else "timer", steps, tickets)


# ---- one fold per event ---------------------------------------------------------------------------------------------


def _opened(bench: Bench, event: e.Opened) -> None:
    bench.drafts[event.ticket] = Draft(
        id=event.ticket,
        category=event.category,
        plan=event.plan,
        edition=event.edition,
        opened=event.effective_at,
        state=event.state,
        round=1,
        first_contact=event.first_contact,
        assignee=None,
        stated={},
        derived={},
        initial=event.state,
        later=(),
        made={},
        runs={},
        ended=(),
        marks=NO_MARKS,
        ties=_ties(event.parent, event.post),
    )


def _ties(parent: str | None, post: str | None) -> Ties:
    return NO_TIES if parent is None and post is None else Ties(parent=parent, post=post)


def _nothing(bench: Bench, event: Any) -> None:
    """Written down for people; changes nothing about the ticket."""


def _facts_set(bench: Bench, event: e.FactsSet) -> None:
    ticket = bench.drafts[event.ticket]
    target = ticket.derived if event.how == "default" else ticket.stated
    for change in event.changes:
        if change.new is None:
            target.pop(change.fact, None)
        else:
            target[change.fact] = change.new


def _recategorised(bench: Bench, event: e.Recategorised) -> None:
    ticket = bench.drafts[event.ticket]
    ticket.category = event.new
    _enter(ticket, event.state, event.effective_at)


def _moved(bench: Bench, event: e.Moved) -> None:
    ticket = bench.drafts[event.ticket]
    ticket.made[event.move] = Made(event.effective_at, ticket.round, bench.person)
    if not event.testimony:
        _enter(ticket, event.to, event.effective_at)


def _enter(ticket: Draft, state: str, at: int) -> None:
    if state != ticket.state:
        ticket.state = state
        ticket.later = (*ticket.later, Stay(state, at, ticket.round))


def _round_begun(bench: Bench, event: e.RoundBegun) -> None:
    ticket = bench.drafts[event.ticket]
    ticket.round = event.round
    ticket.marks = ticket.marks._replace(promises=0, closed=None)
    if ticket.later and ticket.later[-1].since == event.effective_at:
        ticket.later = (*ticket.later[:-1], ticket.later[-1]._replace(round=event.round))
    else:
        ticket.later = (*ticket.later, Stay(ticket.state, event.effective_at, event.round))


def _assigned(bench: Bench, event: e.Assigned) -> None:
    bench.drafts[event.ticket].assignee = event.person


def _closed(bench: Bench, event: e.Closed) -> None:
    ticket = bench.drafts[event.ticket]
    ticket.marks = ticket.marks._replace(closed=event.effective_at)


def _run_started(bench: Bench, event: e.RunStarted) -> None:
    ticket = bench.drafts[event.ticket]
    ticket.runs[event.deadline] = Run(
        event.key,
        event.deadline,
        event.round,
        event.n,
        event.rule,
        event.limit,
        event.effective_at,
        bench.at,
        event.due,
        event.provisional,
        "running",
        None,
        "",
        event.started_by,
        Halt(event.pauses) if event.pauses else NO_HALT,
    )
    if isinstance(event.limit, InstantLimit) and event.limit.instant.offset is None:
        ticket.marks = ticket.marks._replace(promises=ticket.promises + 1)


def _due_moved(bench: Bench, event: e.DueMoved) -> None:
    ticket = bench.drafts[event.ticket]
    run = _open(ticket, event.key)
    # another due, another generation of rungs: what was raised, repeated or acked of the old one counts no more
    climb = FRESH._replace(overdue=run.climb.overdue, told=run.climb.told) if run.climb is not FRESH else FRESH
    ticket.runs[run.deadline] = run._replace(
        limit=event.limit,
        rule=event.rule,
        start=event.start,
        due=event.new,
        provisional=event.provisional,
        set_at=bench.at,
        halt=Halt(
            () if event.restarted else run.pauses,
            event.start if event.restarted and run.paused_from is not None else run.paused_from,
            event.granted,
        ),
        climb=climb,
    )
    if event.cause == "instant" and isinstance(event.limit, InstantLimit) and event.limit.instant.offset is None:
        ticket.marks = ticket.marks._replace(promises=ticket.promises + 1)


def _run_paused(bench: Bench, event: e.RunPaused) -> None:
    ticket = bench.drafts[event.ticket]
    run = _open(ticket, event.key)
    ticket.runs[run.deadline] = run._replace(
        status="paused", halt=run.halt._replace(since=event.effective_at), due=run.due if _fixed(run) else None
    )


def _run_resumed(bench: Bench, event: e.RunResumed) -> None:
    ticket = bench.drafts[event.ticket]
    run = _open(ticket, event.key)
    assert run.paused_from is not None
    ticket.runs[run.deadline] = run._replace(
        status="running",
        halt=Halt((*run.pauses, (run.paused_from, event.effective_at)), None, run.granted),
        due=event.due,
        provisional=event.provisional,
        set_at=bench.at,
    )


def _breached(bench: Bench, event: e.Breached) -> None:
    ticket = bench.drafts[event.ticket]
    run = _open(ticket, event.key)
    ticket.runs[run.deadline] = run._replace(status="breached")


#: Where `due` and `started_by` stand in a Run: between them is all that an end changes.
_DUE: Final = Run._fields.index("due")
_STARTED: Final = Run._fields.index("started_by")


def _run_ended(bench: Bench, event: e.RunEnded) -> None:
    ticket = bench.drafts[event.ticket]
    run = _open(ticket, event.key)
    del ticket.runs[run.deadline]
    end = (event.due, run.provisional, event.status, event.effective_at, event.cause)
    ended = Run._make((*run[:_DUE], *end, *run[_STARTED:]))
    ticket.ended = (*ticket.ended, ended)


def _verdict_corrected(bench: Bench, event: e.VerdictCorrected) -> None:
    ticket = bench.drafts[event.ticket]
    for name, run in ticket.runs.items():
        if run.key == event.key:
            if event.new == "running":
                ticket.runs[name] = run._replace(status="running", climb=FRESH)
            else:
                del ticket.runs[name]
                ended = run._replace(status=event.new, done=event.effective_at, ended_by=event.cause)
                ticket.ended = (*ticket.ended, ended)
            return
    ticket.ended = tuple(run._replace(status=event.new) if run.key == event.key else run for run in ticket.ended)


def _raised(bench: Bench, event: e.Raised) -> None:
    ticket = bench.drafts[event.ticket]
    run = _open(ticket, event.key)
    overdue = run.climb.overdue + event.overdue
    climb = run.climb._replace(
        raised={**run.climb.raised, event.rung: event.effective_at},
        last=event.rung,
        repeats=0,
        overdue=overdue,
        told=tuple(dict.fromkeys((*run.climb.told, *event.told))),
    )
    ticket.runs[run.deadline] = run._replace(climb=climb)
    if overdue > ticket.level:
        ticket.marks = ticket.marks._replace(level=overdue)


def _rung_skipped(bench: Bench, event: e.RungSkipped) -> None:
    ticket = bench.drafts[event.ticket]
    run = _open(ticket, event.key)
    climb = run.climb._replace(skipped=run.climb.skipped | {event.rung})
    ticket.runs[run.deadline] = run._replace(climb=climb)


def _repeated(bench: Bench, event: e.Repeated) -> None:
    ticket = bench.drafts[event.ticket]
    run = _open(ticket, event.key)
    ticket.runs[run.deadline] = run._replace(climb=run.climb._replace(repeats=event.n))


def _acked(bench: Bench, event: e.Acked) -> None:
    ticket = bench.drafts[event.ticket]
    run = _open(ticket, event.key)
    ticket.runs[run.deadline] = run._replace(climb=run.climb._replace(acked=event.rung))


def _ladder_exhausted(bench: Bench, event: e.LadderExhausted) -> None:
    ticket = bench.drafts[event.ticket]
    run = _open(ticket, event.key)
    ticket.runs[run.deadline] = run._replace(climb=run.climb._replace(exhausted=True))


def _linked(bench: Bench, event: e.Linked) -> None:
    ticket = bench.drafts[event.ticket]
    if event.how == "repeat_of":
        ticket.ties = replace(ticket.ties, repeat_of=event.to, repeats=event.earlier)
    else:
        ticket.ties = replace(ticket.ties, group=event.to)


def _unlinked(bench: Bench, event: e.Unlinked) -> None:
    ticket = bench.drafts[event.ticket]
    ticket.ties = replace(ticket.ties, group=None)


def _merged(bench: Bench, event: e.Merged) -> None:
    ticket = bench.drafts[event.ticket]
    ticket.ties = replace(ticket.ties, merged_into=event.into)
    _enter(ticket, "merged", event.effective_at)


def _detection_fired(bench: Bench, event: e.DetectionFired) -> None:
    ticket = bench.drafts[event.ticket]
    ticket.ties = replace(ticket.ties, detected=(*ticket.ties.detected, event.detection))


def _calendar_applied(bench: Bench, event: e.CalendarApplied) -> None:
    bench.drafts[event.ticket].edition = event.edition


def _migrated(bench: Bench, event: e.Migrated) -> None:
    ticket = bench.drafts[event.ticket]
    ticket.plan = event.plan
    _enter(ticket, event.state, event.effective_at)


def _open(ticket: Ticket, key: str) -> Run:
    run = ticket.runs[key[: key.index("#")]]
    assert run.key == key, f"{key} is not the open run of its deadline"
    return run


def _fixed(run: Run) -> bool:
    """An instant limit keeps its instant through a pause."""
    return isinstance(run.limit, InstantLimit)


FOLDS: Final[dict[type, Callable[[Bench, Any], None]]] = {
    e.Opened: _opened,
    e.Guided: _nothing,
    e.FactsSet: _facts_set,
    e.Recategorised: _recategorised,
    e.Moved: _moved,
    e.RoundBegun: _round_begun,
    e.Assigned: _assigned,
    e.Closed: _closed,
    e.RunStarted: _run_started,
    e.DueMoved: _due_moved,
    e.RunPaused: _run_paused,
    e.RunResumed: _run_resumed,
    e.Breached: _breached,
    e.RunEnded: _run_ended,
    e.VerdictCorrected: _verdict_corrected,
    e.Raised: _raised,
    e.RungSkipped: _rung_skipped,
    e.Repeated: _repeated,
    e.Acked: _acked,
    e.LadderExhausted: _ladder_exhausted,
    e.LadderStopped: _nothing,
    e.PartOpened: _nothing,
    e.PartEnded: _nothing,
    e.Linked: _linked,
    e.Unlinked: _unlinked,
    e.Merged: _merged,
    e.DetectionFired: _detection_fired,
    e.DeliveryReported: _nothing,
    e.Noted: _nothing,
    e.Reasoned: _nothing,
    e.CalendarApplied: _calendar_applied,
    e.Migrated: _migrated,
}
