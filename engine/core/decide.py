"""Decisions: what a command or a timer does to a family. What follows on the ticket is in `consequences`."""

from __future__ import annotations

from typing import Final, NamedTuple

from engine.core import events as e
from engine.core.agenda import Timer, agenda, agenda_after, is_quiet
from engine.core.commands import Actor, Command, Do, Migrate, Open, Refusal
from engine.core.consequences import breach, make_move, open_ticket
from engine.core.guards import legal_moves, refuse_facts, refuse_move, walk
from engine.core.ladders import exhaust, reach_rung
from engine.core.plan import Plan
from engine.core.runs import judge_anew
from engine.core.shape import ladder
from engine.core.standing import stand
from engine.core.ticket import Draft, Family
from engine.core.work import Send, Work

#: What the engine does of its own is done by this actor.
ENGINE: Final = Actor("engine", frozenset({"engine"}))


class Outcome(NamedTuple):
    """What one command or timer did: the step, the family after it, and the moves that reach other families."""

    step: e.Step
    family: Family
    sends: tuple[Send, ...] = ()


def decide(plan: Plan, family: Family | None, command: Command, edition: str | None = None) -> Outcome | Refusal:
    """What a command does to a family whose timers before `command.at` have been applied.

    A refused command leaves no event. `family` is None only for the `Open` of a new root. `edition` is the day data of
    now, by which a ticket goes that is reopened; None: by what it had.
    """
    assert family is None or command.at >= family.floor, "a command stands after what came before it"
    if command.late:
        return Refusal("late", "occurred_at")
    work = Work(plan, family, command.at, command.actor, command.occurred_at)
    if isinstance(command.act, Open):
        refusal = _open_root(work, command)
    else:
        assert family is not None, "only an opening makes a family"
        ticket = family.tickets.get(command.ticket)
        if ticket is None:
            return Refusal("unknown", command.ticket)
        if ticket.ties.merged_into is not None and not isinstance(command.act, Migrate):
            return Refusal("merged", ticket.ties.merged_into)
        if isinstance(command.act, Do):
            refusal = _do(work, work.ticket(command.ticket), command, edition)
        else:
            refusal = stand(work, work.ticket(command.ticket), command.act)
    if refusal is not None:
        return refusal
    step, after = work.finish("command")
    return Outcome(step, after, tuple(work.sends))


def fire(plan: Plan, family: Family, timer: Timer) -> Outcome:
    """What a timer does at the end of its fire instant. A timer's step has events of its own family only."""
    work = Work(plan, family, max(timer.fire, family.at), ENGINE)
    ticket = work.ticket(timer.ticket)
    run = next(run for run in ticket.runs.values() if run.key == timer.key)
    watch = work.shape(ticket).watches[run.deadline]
    if timer.kind == "due":
        breach(work, ticket, run, watch.deadline)
    else:
        steps = ladder(plan, watch.deadline)
        assert steps is not None
        rung = next(rung for rung in steps.rungs if rung.id == timer.name)
        if timer.kind == "rung":
            reach_rung(work, ticket, run, watch.deadline, rung, timer.due)
        else:
            told = work.told(ticket, rung.notify, watch.deadline)
            work.emit(e.Repeated(ticket.id, timer.due, rung.rule, run.key, rung.id, timer.ordinal, told))
        exhaust(work, ticket, run.deadline, watch.deadline, timer.due)
    step, after = work.finish(timer.id)
    return Outcome(step, after)


def advance(plan: Plan, family: Family, until: int) -> list[Outcome]:
    """Apply every timer that fires at or before `until`, an instant that is over."""
    outcomes: list[Outcome] = []
    if is_quiet(plan, family, until):
        return outcomes
    timers = agenda(plan, family)
    while timers and timers[0].fire <= until:
        outcomes.append(fire(plan, family, timers[0]))
        before, family = family, outcomes[-1].family
        timers = agenda_after(plan, family, before, timers)
    return outcomes


def _open_root(work: Work, command: Command) -> Refusal | None:
    act = command.act
    assert isinstance(act, Open)
    category = work.plan.categories.get(act.category)
    if category is None:
        return Refusal("unknown", act.category)
    if problem := refuse_facts(work, None, category.record, act.facts, any_fact=True):
        return Refusal(*problem)
    now = command.at if command.occurred_at is None else command.occurred_at
    if now > command.at:
        return Refusal("future", "occurred_at")
    open_ticket(work, command.ticket, act, now, None)
    return None


def _do(work: Work, ticket: Draft, command: Command, edition: str | None) -> Refusal | None:
    """A move of the workflow, on time or reported late (SEMANTICS §8)."""
    act = command.act
    assert isinstance(act, Do)
    shape = work.shape(ticket)
    move = shape.workflow.moves.get(act.move)
    if move is None:
        return Refusal("unknown", act.move, legal_moves(work, ticket))
    now, state, testimony = command.at, ticket.state, False
    if command.occurred_at is not None and command.occurred_at != command.at:
        now = command.occurred_at
        if not move.observed:
            return Refusal("decision", move.id, legal_moves(work, ticket))
        if now > command.at:
            return Refusal("future", "occurred_at", legal_moves(work, ticket))
        if now < ticket.opened:
            return Refusal("before_opening", "occurred_at", legal_moves(work, ticket))
        state = next(stay.state for stay in reversed(ticket.path) if stay.since <= now)
        testimony = ticket.closed is not None or (bool(ticket.later) and ticket.later[-1].since > now)
    elif ticket.closed is not None and (ticket.state not in move.sources or work.is_left_behind(ticket)):
        return Refusal("closed", ticket.state)
    to = walk(shape, move.id, state)
    if to is None:
        return Refusal("state", state, legal_moves(work, ticket))
    refusal = refuse_move(work, ticket, move, act.facts, act.assignee, act.qualified, now)
    if refusal is not None:
        return refusal
    if testimony:
        work.emit(e.Moved(ticket.id, now, move.rule, move.id, state, state, testimony=True))
        judge_anew(work, ticket, move, now)
    else:
        if ticket.closed is not None and edition not in (None, ticket.edition):
            work.emit(e.CalendarApplied(ticket.id, now, move.rule, edition))
        make_move(work, ticket, move, to, act.facts, act.assignee, now)
    return None
