"""Consequences: all that follows from one move or one due, in the order of the lines of SEMANTICS §6.

`make_move` and `open_ticket` are lines 1 and 2 (facts, state); `consequences` is lines 3 to 11, and its order of
calls is
the order of what happens on a ticket.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from sys import intern
from typing import Final, Literal

from engine.core import events as e
from engine.core.agenda import is_overdue, rung_instant
from engine.core.commands import Given, Open
from engine.core.conditions import Rule, Value, with_sources
from engine.core.guards import walk
from engine.core.plan import Deadline, InstantLimit, LengthLimit, Move, Party, Plan, Rung, State
from engine.core.shape import VOLATILE, Shape, Watch, clock, ladder
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
    changed = set_facts(work, ticket, facts, now, move.rule, "stated")
    stated = set(facts)
    if move.set:
        changed |= set_facts(work, ticket, move.set, now, move.rule, "set")
        stated |= set(move.set)
    source = ticket.state
    rule = move.rule if to == source else with_sources(move.rule, work.shape(ticket).workflow.states[to].rule)
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


def set_facts(
    work: Work,
    ticket: Draft,
    given: dict[str, Value | None] | Given,
    now: int,
    rule: Rule,
    how: Literal["stated", "set", "corrected", "detected"],
    opening: bool = False,
) -> set[str]:
    """Line 1: facts stated, then the defaults that read them worked out again. Returns what is now different."""
    plan = work.plan
    if not given and not opening and not work.shape(ticket).restless:
        return set()
    changes = tuple(
        e.FactChange(name, ticket.stated.get(name), value, _fact_rule(plan, name, value))
        for name, value in given.items()
    )
    before = {change.fact: ticket.fact(change.fact) for change in changes}
    if changes:
        work.emit(e.FactsSet(ticket.id, now, rule, how, changes))
    changed = {name for name, old in before.items() if ticket.fact(name) != old}
    return changed | _defaults(work, ticket, now, rule, changed, opening)


def _defaults(work: Work, ticket: Draft, now: int, rule: Rule, changed: set[str], opening: bool) -> set[str]:
    different: set[str] = set()
    changes: list[e.FactChange] = []
    view = work.view(ticket)
    for fact, needs in work.shape(ticket).defaults:
        if not (opening or needs & changed or needs & different or needs & VOLATILE):
            continue
        assert fact.default is not None
        row = fact.default.pick(view)
        new: Value | None = row.value if row else None
        if fact.type == "time" and new == "opened":
            new = ticket.opened
        old = ticket.derived.get(fact.id)
        if new != old:
            seen = ticket.fact(fact.id)
            change = e.FactChange(fact.id, old, new, row.rule if row else fact.rule)
            changes.append(change)
            if new is None:
                ticket.derived.pop(fact.id)
            else:
                ticket.derived[fact.id] = new  # later defaults of this very pass read it; the event below says the same
            if ticket.fact(fact.id) != seen:
                different.add(fact.id)
    if changes:
        work.emit(e.FactsSet(ticket.id, now, rule, "default", tuple(changes)))
    return different


def _fact_rule(plan: Plan, name: str, value: Value | None) -> Rule:
    """A fact names its own rule; a personal one the rule that all are treated alike, whoever they are."""
    if plan.privacy is not None and name in plan.privacy.personal:
        return plan.privacy.equal or plan.privacy.rule
    fact = plan.facts[name]
    return fact.value_rules.get(value, fact.rule) if isinstance(value, str) else fact.rule


# ---- lines 3 to 11 ------------------------------------------------------------------------------------------------


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
    unpause: bool = False,
) -> None:
    """The consequences of what happened to a ticket at `now`, its effective instant.

    `changed`: facts that are different now; `stated`: facts that somebody brought, even if the same again.
    """
    shape = work.shape(ticket)
    state = shape.workflow.states[ticket.state]
    stopped: list[Run] = []
    moved: list[str] = []
    if ticket.runs:
        happened = _fulfil_and_end(work, shape, ticket, now, happened, stated, move, state, stopped)  # 3, 4
        moved = _apply_again(work, shape, ticket, now, changed, happened, stopped)  # 5
        if entered or unpause:
            _resume_and_pause(work, shape, ticket, now, state)  # 6
    begun = _start(work, shape, ticket, now, happened, started, state) if not state.final else []  # 7
    for name in moved:  # 8
        _pass_rungs(work, ticket, name, now)
    for run in stopped:  # 9
        work.emit(e.LadderStopped(ticket.id, now, run.rule, run.key, "ended", run.climb.told))
    for watch in begun:
        _rungs_at_start(work, ticket, watch)
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
        for watch in _in_order(shape.ends, fresh):
            run = ticket.runs.get(watch.deadline.id)
            if run is not None and now >= run.start:
                made += _fulfil(work, ticket, run, watch.deadline, now, fresh, stopped)
        for watch in _in_order(shape.voids, fresh):
            run = ticket.runs.get(watch.deadline.id)
            if run is not None:
                _end_undone(work, ticket, run, now, "void", stopped)
        fresh = made
    for watch in _in_order(shape.starts, everything):
        run = ticket.runs.get(watch.deadline.id)
        if run is None:
            continue
        if move is not None and move.rework and move.id in watch.deadline.starts:
            _end_undone(work, ticket, run, now, "new round", stopped)
        elif run.status == "breached" and stated_anew(run.limit, set(stated)):
            _end_undone(work, ticket, run, now, "renewed", stopped)
    if state.final:
        for run in list(ticket.runs.values()):
            _end_undone(work, ticket, run, now, "closed", stopped)
    return everything


def _fulfil(
    work: Work, ticket: Draft, run: Run, deadline: Deadline, now: int, fresh: list[str], stopped: list[Run]
) -> list[str]:
    """What was owed was done: met, late, or, told late, met after all. Returns the happenings this makes."""
    name = run.deadline
    cause = _first_of(fresh, deadline.until)
    if run.status == "breached":
        assert run.due is not None
        if now > run.due:
            work.emit(e.RunEnded(ticket.id, now, run.rule, run.key, "late", cause, run.due))
            _note_stop(run, stopped)
            return []
        _correct(work, ticket, run, now, cause)
        return [f"{name} met"]
    if run.status == "paused" or run.due is None or now <= run.due:
        work.emit(e.RunEnded(ticket.id, now, run.rule, run.key, "met", cause, run.due))
        _note_stop(run, stopped)
        return [f"{name} met"]
    work.emit(e.Breached(ticket.id, run.due, run.rule, run.key, run.due, work.owner(ticket, deadline)))
    work.emit(e.RunEnded(ticket.id, now, run.rule, run.key, "late", cause, run.due))
    _note_stop(run, stopped)
    return [f"{name} breached"]


def _first_of(names: Iterable[str], known: Collection[str]) -> str:
    """The first of the names that is known; empty if none is."""
    for name in names:
        if name in known:
            return name
    return ""


def _end_undone(work: Work, ticket: Draft, run: Run, now: int, cause: str, stopped: list[Run]) -> None:
    status: e.Status = "missed" if run.status == "breached" else "void"
    work.emit(e.RunEnded(ticket.id, now, run.rule, run.key, status, cause, run.due))
    _note_stop(run, stopped)


def _note_stop(run: Run, stopped: list[Run]) -> None:
    if run.climb.raised:
        stopped.append(run)


def _correct(work: Work, ticket: Draft, run: Run, now: int, evidence: str) -> None:
    """A breach falls because it was done in time after all: its ladder stops, what it started never had to be."""
    open_run = ticket.runs.get(run.deadline) is run
    work.emit(e.VerdictCorrected(ticket.id, now, run.rule, run.key, run.status, "met", evidence, "late report"))
    if open_run and run.climb.raised:
        work.emit(e.LadderStopped(ticket.id, now, run.rule, run.key, "corrected", run.climb.told))
    void_what_it_started(work, ticket, run, now)


def void_what_it_started(work: Work, ticket: Draft, run: Run, now: int) -> None:
    for other in list(ticket.runs.values()):
        if other.started_by == f"{run.deadline} breached":
            work.emit(e.RunEnded(ticket.id, now, other.rule, other.key, "void", "corrected", other.due))
            if other.climb.raised:
                work.emit(e.LadderStopped(ticket.id, now, other.rule, other.key, "corrected", other.climb.told))


def judge_anew(work: Work, ticket: Draft, move: Move, now: int) -> None:
    """Testimony: the runs open at `now` that this move would have fulfilled are judged there; the path stands as it
    is.
    """
    stopped: list[Run] = []
    for watch in work.shape(ticket).ends.get(move.id, ()):
        name = watch.deadline.id
        run = ticket.runs.get(name)
        if run is not None and run.start <= now:
            _fulfil(work, ticket, run, watch.deadline, now, [move.id], stopped)
            continue
        for ended in ticket.ended:
            done_later = ended.done is not None and ended.start <= now <= ended.done
            if ended.deadline == name and ended.status in ("late", "missed") and done_later and now <= (ended.due or 0):
                _correct(work, ticket, ended, now, move.id)
    for run in stopped:
        work.emit(e.LadderStopped(ticket.id, now, run.rule, run.key, "ended", run.climb.told))


def _apply_again(
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
            _end_undone(work, ticket, run, now, "not applicable", stopped)
            continue
        if isinstance(row.value, InstantLimit):
            due = work.due(ticket, row.value, run.start)
            if due is None:
                _end_undone(work, ticket, run, now, "not applicable", stopped)
            elif due.at != run.due:
                work.emit(
                    e.DueMoved(
                        ticket.id,
                        now,
                        row.rule,
                        run.key,
                        run.due,
                        due.at,
                        "instant",
                        due.at,
                        False,
                        row.value,
                        run.start,
                    )
                )
                moved.append(name)
        elif row.value != run.limit and watch.deadline.changes != "keep":
            restart = watch.deadline.changes == "restart"
            if recompute(work, ticket, run, row.value, row.rule, now, "facts", restart):
                moved.append(name)
    return moved


def _is_asked(watch: Watch, changed: Collection[str], happened: Collection[str]) -> bool:
    """Whether what happened may have changed the limit of a deadline."""
    reads = watch.reads
    if not reads:
        return False
    return watch.always_asked or not (reads.isdisjoint(changed) and reads.isdisjoint(happened))


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


def _resume_and_pause(work: Work, shape: Shape, ticket: Draft, now: int, state: State) -> None:
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
    late = ("breached", "late", "missed")
    return not any(
        run.deadline == state.id and run.round == ticket.round and run.status in late for run in ticket.all_runs()
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


def _start(
    work: Work, shape: Shape, ticket: Draft, now: int, happened: list[str], changed: Collection[str], state: State
) -> list[Watch]:
    """Line 7: new runs, by what happened in this step and by time facts first given in it. Returns those begun."""
    begun: list[Watch] = []
    for watch in _in_order(shape.starts, (*happened, *changed)):
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


def _in_order(index: Mapping[str, tuple[Watch, ...]], names: Iterable[str]) -> Sequence[Watch]:
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


# ---- ladders
# ----------------------------------------------------------------------------------------------------------


def _pass_rungs(work: Work, ticket: Draft, name: str, now: int) -> None:
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


def _rungs_at_start(work: Work, ticket: Draft, watch: Watch) -> None:
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


# ---- breach, parts, the engine's own moves
# ------------------------------------------------------------------------------


def breach(work: Work, ticket: Draft, run: Run, deadline: Deadline) -> None:
    """A due passed. Where the policy says `then`, the engine makes that move; a cap lets run again what its state
    paused.
    """
    assert run.due is not None
    effective = max([run.due, *(to for _, to in run.pauses if isinstance(run.limit, InstantLimit))])
    work.emit(e.Breached(ticket.id, effective, run.rule, run.key, run.due, work.owner(ticket, deadline)))
    unpause = deadline.cap_of is not None
    consequences(work, ticket, effective, [f"{run.deadline} breached"], set(), entered=False, unpause=unpause)
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
    stopped: list[Run] = []
    if not deadline.until.isdisjoint((name, to, f"{ticket.state} left")):
        _end_undone(work, ticket, ticket.runs[deadline.id], now, name, stopped)
    for run in stopped:
        work.emit(e.LadderStopped(ticket.id, now, run.rule, run.key, "ended", run.climb.told))
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
