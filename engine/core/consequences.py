"""Consequences: all that follows from one move or one due, in the order of the lines of SEMANTICS §6.

`open_ticket` and `make_move` are lines 1 and 2 (facts, state); `consequences` is lines 3 to 11, and the order of its
lines is the order of what happens on a ticket.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, Literal

from engine.core import events as e
from engine.core.commands import Given, Open
from engine.core.conditions import Value, with_sources
from engine.core.facts import set_facts
from engine.core.guards import walk
from engine.core.ladders import exhaust, pass_rungs, raise_at_start
from engine.core.plan import Deadline, InstantLimit, Move, Party, State
from engine.core.runs import apply_again, drop, end_undone, fulfil, in_order, resume_and_pause, start_runs, stop_ladder
from engine.core.shape import Shape, Watch
from engine.core.ticket import Draft, Run
from engine.core.work import Send, Work, stated_anew

#: Of one step. A cycle of engine moves is refused when a plan is loaded; this only bounds our own mistakes.
_EVENTS_MAX: Final = 100_000


def open_ticket(work: Work, id: str, act: Open, now: int, parent: str | None) -> None:
    """A ticket begins: as a root, or as a part of a parent."""
    plan = work.plan
    category = plan.categories[act.category]
    workflow = plan.workflows[category.workflow]
    edition = work.bench.look(parent).edition if parent else act.edition
    work.emit(
        e.Opened(
            id,
            now,
            with_sources(category.rule, workflow.states[workflow.initial].rule),
            category.id,
            workflow.initial,
            plan.version,
            edition,
            act.first_contact,
            parent,
            act.post,
            act.origin,
        )
    )
    ticket = work.ticket(id)
    changed = set_facts(work, ticket, act.facts, now, category.rule, "stated", opening=True)
    if category.guide is not None and (row := category.guide.pick(work.view(ticket))):
        work.emit(e.Guided(id, now, row.rule, row.value))
    consequences(work, ticket, now, ["opened", workflow.initial], changed, started=changed)


def make_move(
    work: Work,
    ticket: Draft,
    move: Move,
    to: str,
    given: Given,
    assignee: str | None,
    now: int,
    by: Literal["actor", "engine", "parent"] = "actor",
) -> None:
    """A move that was found to lead from here to `to`, with all its consequences."""
    facts = given if move.opens is None else {name: value for name, value in given.items() if _is_own(move, name)}
    shape = work.shape(ticket)
    changed: set[str] = set()
    if facts or shape.restless:
        changed |= set_facts(work, ticket, facts, now, move.rule, "stated")
    if move.set:
        changed |= set_facts(work, ticket, move.set, now, move.rule, "set")
    stated: set[str] = {*facts, *move.set} if facts or move.set else set()
    source = ticket.state
    rule = move.rule if to == source else with_sources(move.rule, shape.workflow.states[to].rule)
    work.emit(e.Moved(ticket.id, now, rule, move.id, source, to, by))
    happened = [move.id]
    if to != source:
        happened += [to, f"{source} left"]
    if move.rework:
        work.emit(e.RoundBegun(ticket.id, now, move.rule, ticket.round + 1))
    if assignee is not None:
        work.emit(e.Assigned(ticket.id, now, move.rule, move.assign, assignee))
    if move.opens is not None:
        _open_part(work, ticket, move, given, now)
    consequences(work, ticket, now, happened, changed, started=changed, stated=stated, move=move, entered=to != source)


def _is_own(move: Move, name: str) -> bool:
    """Whether a fact that a move brings is for the ticket itself, not for the child ticket it opens."""
    return any(item.fact == name for item in move.ask)


def _open_part(work: Work, ticket: Draft, move: Move, given: Given, now: int) -> None:
    assert move.opens is not None
    category = work.plan.categories[move.opens]
    view = work.view(ticket, given)
    facts: dict[str, Value] = {}
    for item in category.record:  # the parent's facts are offered
        value = view(item.fact)
        if value is not None:
            facts[item.fact] = value
    family = len(work.bench.tickets())
    part = f"{work.bench.base.id if work.bench.base else ticket.id}.{family}"
    work.emit(e.PartOpened(ticket.id, now, move.rule, part, category.id))
    open_ticket(work, part, Open(category.id, facts, first_contact=ticket.first_contact), now, ticket.id)


def consequences(
    work: Work,
    ticket: Draft,
    now: int,
    happened: list[str],
    changed: set[str],
    *,
    started: Collection[str] = (),
    stated: set[str] | frozenset[str] = frozenset(),
    move: Move | None = None,
    entered: bool = True,
    pauses: bool = False,
    matched: bool = False,
) -> None:
    """The consequences of what happened to a ticket at `now`, its effective instant.

    `changed`: facts that are different now; `stated`: facts that somebody brought, even if the same again. `pauses`:
    what stands still may be another though no state was entered; `matched`: each limit was just matched with its rows.
    """
    shape = work.shape(ticket)
    state = shape.workflow.states[ticket.state]
    stopped: list[Run] = []
    moved: list[str] = []
    happened = [name for name in happened if name in shape.heard]
    if ticket.runs:
        happened = _fulfil_and_end(work, shape, ticket, now, happened, stated, move, state, stopped)  # 3, 4
        if not matched:
            moved = apply_again(work, shape, ticket, now, changed, happened, stopped)  # 5
        if entered or pauses:
            resume_and_pause(work, shape, ticket, now, state)  # 6
    begun: list[Watch] = []
    if (happened or started) and not state.final:  # 7
        begun = start_runs(work, shape, ticket, now, happened, started, state)
    for name in moved:  # 8
        pass_rungs(work, ticket, name, now)
    for run in stopped:  # 9
        stop_ladder(work, ticket, run, now, "ended")
    for watch in begun:
        raise_at_start(work, ticket, watch)
    if state.final and entered and ticket.closed is None:  # 10
        work.emit(e.Closed(ticket.id, now, state.rule, state.id))
    if move is not None and move.on_parts is not None:
        _move_parts(work, ticket, move.on_parts, now)
    if state.final and entered and ticket.ties.parent is not None and ticket.ties.parent in work.bench.order:
        _tell_parent(work, ticket, now)
    if shape.engine_moves:  # 11
        _engine_moves(work, ticket, now)


def _fulfil_and_end(
    work: Work,
    shape: Shape,
    ticket: Draft,
    now: int,
    happened: list[str],
    stated: Collection[str],
    move: Move | None,
    state: State,
    stopped: list[Run],
) -> list[str]:
    """Lines 3 and 4. What they make happen (`X met`, `X breached`) is looked up in the same pass. Returns all that
    happened.
    """
    everything: list[str] = []
    fresh = happened
    while fresh:
        everything += fresh
        made: list[str] = []
        for watch in in_order(shape.ends, fresh):
            run = ticket.runs.get(watch.deadline.id)
            if run is not None and now >= run.start:
                made += fulfil(work, ticket, run, watch.deadline, now, fresh, stopped)
        for watch in in_order(shape.voids, fresh) if shape.voids else ():
            run = ticket.runs.get(watch.deadline.id)
            if run is not None:
                stopped.append(end_undone(work, ticket, run, now, "void"))
        fresh = [name for name in made if name in shape.heard]
    for watch in in_order(shape.starts, everything):
        run = ticket.runs.get(watch.deadline.id)
        if run is None:
            continue
        if move is not None and move.rework and move.id in watch.deadline.starts:
            stopped.append(end_undone(work, ticket, run, now, "new round"))
        elif run.status == "breached" and stated_anew(run.limit, set(stated)):
            stopped.append(end_undone(work, ticket, run, now, "renewed"))
    if state.final:
        for run in list(ticket.runs.values()):
            stopped.append(end_undone(work, ticket, run, now, "closed"))
    return everything


def breach(work: Work, ticket: Draft, run: Run, deadline: Deadline) -> None:
    """A due passed. Where the policy says `then`, the engine makes that move; a cap lets run again what its state
    paused.
    """
    assert run.due is not None
    effective = max([run.due, *(to for _, to in run.pauses if isinstance(run.limit, InstantLimit))])
    work.emit(e.Breached(ticket.id, effective, run.rule, run.key, run.due, work.owner(ticket, deadline)))
    capped = deadline.cap_of is not None
    consequences(work, ticket, effective, [f"{run.deadline} breached"], set(), entered=False, pauses=capped)
    if deadline.then is not None and deadline.id in ticket.runs:
        _make_then(work, ticket, deadline, deadline.then, effective)
    if run.deadline in ticket.runs:
        exhaust(work, ticket, run.deadline, deadline, effective)


def _make_then(work: Work, ticket: Draft, deadline: Deadline, name: str, now: int) -> None:
    """The move that the policy wants made at the due. A run that it ends was not done in time: it is missed."""
    shape = work.shape(ticket)
    to = walk(shape, name, ticket.state)
    if to is None:
        return
    if not deadline.until.isdisjoint((name, to, f"{ticket.state} left")):
        drop(work, ticket, ticket.runs[deadline.id], now, name)
    make_move(work, ticket, shape.workflow.moves[name], to, {}, None, now, "engine")


def _move_parts(work: Work, ticket: Draft, name: str, now: int) -> None:
    """Line 10: the same move on every open part that allows it, in order of opening; members are reached by the
    shell.
    """
    for part in work.bench.tickets():
        if part.ties.parent == ticket.id and part.closed is None:
            part_move(work, work.ticket(part.id), name, now)
    work.sends.append(Send(ticket.id, name))


def part_move(work: Work, ticket: Draft, name: str, now: int) -> bool:
    """A move that the parent makes on a part or a member. One that does not allow it is left as it is."""
    move = work.shape(ticket).workflow.moves.get(name)
    to = walk(work.shape(ticket), name, ticket.state)
    if move is None or ticket.closed is not None or to is None:
        return False
    if Party("word", "parent") not in move.by or (move.when is not None and not move.when.holds(work.view(ticket))):
        return False
    make_move(work, ticket, move, to, {}, None, now, "parent")
    return True


def _tell_parent(work: Work, part: Draft, now: int) -> None:
    """A part ended: its parent counts one open part less, which may let a limit or an engine move apply."""
    assert part.ties.parent is not None
    parent = work.ticket(part.ties.parent)
    rule = work.shape(part).workflow.states[part.state].rule
    work.emit(e.PartEnded(parent.id, now, rule, part.id, part.state))
    if parent.closed is None:
        consequences(work, parent, now, [], set(), entered=False)


def _engine_moves(work: Work, ticket: Draft, now: int) -> None:
    """Line 11: moves that the engine makes at once where their condition holds, each with the whole list."""
    for move in work.shape(ticket).engine_moves:
        if _engine_may(work, ticket, move):
            assert len(work.events) < _EVENTS_MAX, "engine moves without end: check refuses such a cycle"
            to = walk(work.shape(ticket), move.id, ticket.state)
            assert to is not None
            make_move(work, ticket, move, to, {}, None, now, "engine")
            return  # that move's own list has looked for the next one


def _engine_may(work: Work, ticket: Draft, move: Move) -> bool:
    if ticket.state not in move.sources or move.to is None:
        return False
    assert move.when is not None
    return move.when.holds(work.view(ticket))
