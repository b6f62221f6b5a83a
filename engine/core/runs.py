"""Runs of deadlines: how they begin, are fulfilled, move, stand still, and end (SEMANTICS §7)."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from sys import intern
from typing import Literal

from engine.core import events as e
from engine.core.conditions import Rule, Value
from engine.core.plan import Deadline, InstantLimit, LengthLimit, Move, State
from engine.core.shape import Shape, Watch, clock
from engine.core.ticket import Draft, Run
from engine.core.work import Work


def fulfil(
    work: Work, ticket: Draft, run: Run, deadline: Deadline, now: int, fresh: list[str], stopped: list[Run]
) -> list[str]:
    """What was owed was done: met, late, or, told late, met after all. Returns the happenings this makes."""
    name = run.deadline
    cause = _first_of(fresh, deadline.until)
    if run.status == "breached":
        assert run.due is not None
        if now > run.due:
            work.emit(e.RunEnded(ticket.id, now, run.rule, run.key, "late", cause, run.due))
            stopped.append(run)
            return []
        _correct(work, ticket, run, now, cause)
        return [f"{name} met"]
    if run.status == "paused" or run.due is None or now <= run.due:
        work.emit(e.RunEnded(ticket.id, now, run.rule, run.key, "met", cause, run.due))
        stopped.append(run)
        return [f"{name} met"]
    work.emit(e.Breached(ticket.id, run.due, run.rule, run.key, run.due, work.owner(ticket, deadline)))
    work.emit(e.RunEnded(ticket.id, now, run.rule, run.key, "late", cause, run.due))
    stopped.append(run)
    return [f"{name} breached"]


def _first_of(names: Iterable[str], known: Collection[str]) -> str:
    """The first of the names that is known; empty if none is."""
    for name in names:
        if name in known:
            return name
    return ""


def end_undone(work: Work, ticket: Draft, run: Run, now: int, cause: str) -> Run:
    """A run ends that was not done. Returns it as it was: its ladder is still to be stopped."""
    status: e.Status = "missed" if run.status == "breached" else "void"
    work.emit(e.RunEnded(ticket.id, now, run.rule, run.key, status, cause, run.due))
    return run


def stop_ladder(work: Work, ticket: Draft, run: Run, now: int, cause: Literal["ended", "corrected", "excused"]) -> None:
    """Whoever was told that a run is late is told that it is over."""
    if run.climb.raised or run.climb.told:  # the one of this due, the other of those before it, too
        work.emit(e.LadderStopped(ticket.id, now, run.rule, run.key, cause, run.climb.told))


def drop(work: Work, ticket: Draft, run: Run, now: int, cause: str) -> None:
    """A run ends that was not done, and its ladder with it."""
    stop_ladder(work, ticket, end_undone(work, ticket, run, now, cause), now, "ended")


def drop_unknown(work: Work, ticket: Draft, shape: Shape, now: int, cause: str) -> None:
    """The runs of deadlines that a shape does not have end."""
    for name, run in list(ticket.runs.items()):
        if name not in shape.watches:
            drop(work, ticket, run, now, cause)


def _correct(work: Work, ticket: Draft, run: Run, now: int, evidence: str) -> None:
    """A breach falls because it was done in time after all: its ladder stops, what it started never had to be."""
    open_run = ticket.runs.get(run.deadline) is run
    work.emit(e.VerdictCorrected(ticket.id, now, run.rule, run.key, run.status, "met", evidence, "late report"))
    if open_run:
        stop_ladder(work, ticket, run, now, "corrected")
    void_what_it_started(work, ticket, run, now)


def void_what_it_started(work: Work, ticket: Draft, run: Run, now: int) -> None:
    for other in list(ticket.runs.values()):
        if other.started_by == f"{run.deadline} breached":
            work.emit(e.RunEnded(ticket.id, now, other.rule, other.key, "void", "corrected", other.due))
            stop_ladder(work, ticket, other, now, "corrected")


def judge_anew(work: Work, ticket: Draft, move: Move, now: int) -> None:
    """Testimony: the runs open at `now` that this move would have fulfilled are judged there; the path stands as it
    is.
    """
    stopped: list[Run] = []
    for watch in work.shape(ticket).ends.get(move.id, ()):
        name = watch.deadline.id
        run = ticket.runs.get(name)
        if run is not None and run.start <= now:
            fulfil(work, ticket, run, watch.deadline, now, [move.id], stopped)
            continue
        for ended in ticket.ended:
            done_later = ended.done is not None and ended.start <= now <= ended.done
            if ended.deadline == name and ended.status in ("late", "missed") and done_later and now <= (ended.due or 0):
                _correct(work, ticket, ended, now, move.id)
    for run in stopped:
        stop_ladder(work, ticket, run, now, "ended")


def apply_again(
    work: Work, shape: Shape, ticket: Draft, now: int, changed: set[str], happened: list[str], stopped: list[Run]
) -> list[str]:
    """Line 5: rows matched again with the facts of now. Returns the deadlines whose due moved."""
    moved: list[str] = []
    asked = [watch for name in ticket.runs if _is_asked(watch := shape.watches[name], changed, happened)]
    for watch in sorted(asked, key=_place):
        name = watch.deadline.id
        run = ticket.runs[name]
        if run.status == "breached":
            continue
        row = watch.deadline.limit.pick(work.view(ticket))
        if row is None:
            stopped.append(end_undone(work, ticket, run, now, "not applicable"))
            continue
        if isinstance(row.value, InstantLimit):
            due = work.due(ticket, row.value, run.start)
            if due is None:
                stopped.append(end_undone(work, ticket, run, now, "not applicable"))
            elif move_to(work, ticket, run, due.at, row.value, row.rule, now, "instant"):
                moved.append(name)
        elif row.value != run.limit and watch.deadline.changes != "keep":
            restart = watch.deadline.changes == "restart"
            if recompute(work, ticket, run, row.value, row.rule, now, "facts", restart):
                moved.append(name)
    return moved


def _is_asked(watch: Watch, changed: Collection[str], happened: Collection[str]) -> bool:
    """Whether what happened may have changed the limit of a deadline."""
    return watch.always_asked or not (watch.reads.isdisjoint(changed) and watch.reads.isdisjoint(happened))


def move_to(
    work: Work,
    ticket: Draft,
    run: Run,
    at: int,
    limit: InstantLimit,
    rule: Rule,
    now: int,
    cause: Literal["instant", "migration"],
) -> bool:
    """Another instant for an open run. Returns whether it is another than before."""
    if at == run.due:
        return False
    work.emit(e.DueMoved(ticket.id, now, rule, run.key, run.due, at, cause, at, False, limit, run.start))
    return True


def recompute(
    work: Work,
    ticket: Draft,
    run: Run,
    limit: LengthLimit,
    rule: Rule,
    now: int,
    cause: Literal["facts", "calendar", "migration", "category"],
    restart: bool = False,
) -> bool:
    """Another length for an open run: from its old start, with all pauses since, but nobody is made late by surprise.

    A paused run is moved as if it were resumed now. Returns whether the due, or what is left, is another than before.
    """
    new = clock(work.plan, limit, ticket.edition)
    if restart:
        due = new.due(now)
        paused = run.status == "paused"
        left = str(new.left(now, now)) if paused else None
        work.emit(
            e.DueMoved(
                ticket.id, now, rule, run.key, run.due, None if paused else due.at, cause, due.at, due.provisional,
                limit, now, None, left, restarted=True,
            )
        )  # fmt: skip
        return True
    pauses = run.pauses if run.paused_from is None else (*run.pauses, (run.paused_from, max(now, run.paused_from)))
    due = new.due(run.start, pauses)
    old = run.due
    if old is None and isinstance(run.limit, LengthLimit):
        old = clock(work.plan, run.limit, ticket.edition).due(run.start, pauses, run.granted).at
    assert old is not None
    at = max(due.at, min(old, work.notice(limit, ticket.edition)))
    granted = new.measured(run.start, at, pauses) if at != due.at else None
    if at == old and due.provisional == run.provisional and run.status != "paused":
        return False
    left = None
    if run.status == "paused":
        left = str(new.left(run.start, now, pauses, granted))
        was = clock(work.plan, run.limit, ticket.edition) if isinstance(run.limit, LengthLimit) else new
        if left == str(was.left(run.start, now, pauses, run.granted)):
            return False
    work.emit(
        e.DueMoved(
            ticket.id, now, rule, run.key, run.due, None if run.status == "paused" else at, cause, due.at,
            due.provisional, limit, run.start, granted, left,
        )
    )  # fmt: skip
    return True


def resume_and_pause(work: Work, shape: Shape, ticket: Draft, now: int, state: State) -> None:
    """Line 6. No pause stops the cap of a pausing state, and a state whose cap is used up in this round pauses
    nothing.
    """
    if not shape.pausing and all(run.status != "paused" for run in ticket.runs.values()):
        return
    standing = [(run, _stands_still(work, ticket, run.deadline, state)) for run in ticket.runs.values()]
    for run, still in standing:
        if run.status == "paused" and not still:
            _resume(work, ticket, run, now)
    for run, still in standing:
        if run.status == "running" and still:
            _pause(work, ticket, run, now)


def _stands_still(work: Work, ticket: Draft, name: str, state: State) -> bool:
    if not state.pauses or work.shape(ticket).watches[name].deadline.cap_of is not None:
        return False
    if state.pauses != "all" and name not in state.pauses:
        return False
    return not any(
        run.deadline == state.id and run.round == ticket.round and run.status in e.LATE for run in ticket.all_runs()
    )


def _pause(work: Work, ticket: Draft, run: Run, now: int) -> None:
    if isinstance(run.limit, LengthLimit):
        left = str(clock(work.plan, run.limit, ticket.edition).left(run.start, now, run.pauses, run.granted))
    else:
        left = ""
    work.emit(e.RunPaused(ticket.id, now, run.rule, run.key, left))


def _resume(work: Work, ticket: Draft, run: Run, now: int) -> None:
    assert run.paused_from is not None
    if isinstance(run.limit, LengthLimit):
        hours = clock(work.plan, run.limit, ticket.edition)
        due = hours.due(run.start, (*run.pauses, (run.paused_from, now)), run.granted)
        work.emit(e.RunResumed(ticket.id, now, run.rule, run.key, due.at, due.provisional))
    else:
        assert run.due is not None
        work.emit(e.RunResumed(ticket.id, now, run.rule, run.key, run.due, run.provisional))


def start_runs(
    work: Work, shape: Shape, ticket: Draft, now: int, happened: list[str], changed: Collection[str], state: State
) -> list[Watch]:
    """Line 7: new runs, by what happened in this step and by time facts first given in it. Returns those begun."""
    begun: list[Watch] = []
    for watch in in_order(shape.starts, (*happened, *changed)):
        deadline = watch.deadline
        if deadline.id in ticket.runs:
            continue
        by = _first_of(happened, deadline.starts)
        start: int | Value | None = now
        if not by:
            by = min(name for name in changed if name in deadline.starts)
            start = ticket.fact(by)
            if start is None or _given_before(work, ticket, by):
                continue
        assert isinstance(start, int)
        if begin(work, ticket, watch, start, by, state):
            begun.append(watch)
    return begun


def _given_before(work: Work, ticket: Draft, fact: str) -> bool:
    """Whether a time fact was set before this step: only the move that first gives it starts a run."""
    base = work.bench.base
    return base is not None and ticket.id in base.tickets and base.tickets[ticket.id].fact(fact) is not None


def begin(work: Work, ticket: Draft, watch: Watch, start: int, by: str, state: State) -> bool:
    """A run of a deadline from `start`, if a limit applies; the first look of a capped state counts earlier visits."""
    deadline = watch.deadline
    row = watch.only or deadline.limit.pick(work.view(ticket))
    if row is None:
        return False
    pauses: tuple[tuple[int, int], ...] = ()
    if deadline.cap_of is not None:  # what earlier visits of this round left: the time between them counts as paused
        stays = [stay for stay in ticket.path if stay.round == ticket.round]
        visits = [index for index, stay in enumerate(stays) if stay.state == deadline.cap_of]
        pauses = tuple((stays[a + 1].since, stays[b].since) for a, b in itertools.pairwise(visits))
        start = stays[visits[0]].since if visits else start
    due = work.due(ticket, row.value, start, pauses)
    if due is None:
        return False
    n = 1
    for run in ticket.ended:
        n += run.deadline == deadline.id and run.round == ticket.round
    key = intern(f"{deadline.id}#{ticket.round}.{n}")  # the same few keys stand in every ticket
    work.emit(
        e.RunStarted(
            ticket.id,
            start,
            row.rule,
            key,
            deadline.id,
            ticket.round,
            n,
            row.value,
            due.at,
            due.provisional,
            pauses,
            by,
        )
    )
    if state.pauses and _stands_still(work, ticket, deadline.id, state):
        _pause(work, ticket, ticket.runs[deadline.id], work.at)
    return True


def in_order(index: Mapping[str, tuple[Watch, ...]], names: Iterable[str]) -> Sequence[Watch]:
    """The deadlines that some of these names concern, each once, in the order of the plan."""
    found: tuple[Watch, ...] = ()
    several = False
    for name in names:
        if name in index:
            several = bool(found)
            found += index[name]
    return sorted(dict.fromkeys(found), key=_place) if several else found


def _place(watch: Watch) -> int:
    return watch.place
