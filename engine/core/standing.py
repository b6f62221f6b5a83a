"""The moves that every workflow has, and the commands that only the system sends (SEMANTICS §4)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from fractions import Fraction
from typing import Any, Final, Literal, TypeAlias

from engine.core import commands as c
from engine.core import events as e
from engine.core.commands import Refusal
from engine.core.conditions import Row, Rule, Value
from engine.core.consequences import consequences, part_move
from engine.core.facts import set_facts
from engine.core.guards import accepts, is_party, legal_moves, not_theirs
from engine.core.ladders import pass_rungs, raise_at_start, raise_next
from engine.core.plan import ASSIGNEE, OWNER, LengthLimit, Party
from engine.core.runs import (
    begin,
    drop,
    drop_unknown,
    move_to,
    recompute,
    resume_and_pause,
    stop_ladder,
    void_what_it_started,
)
from engine.core.shape import Shape, clock, shape
from engine.core.ticket import Draft, Run
from engine.core.work import Work
from engine.worktime import Due

#: Who may make a standing move where the workflow does not say (SEMANTICS §4).
_CLOSE: Final = (OWNER, ASSIGNEE, Party("word", "first_contact"))
_STRICT: Final = frozenset({"correct", "excuse", "recategorise", "merge"})
_OPEN_ENDED: Final = frozenset({"note", "correct", "excuse", "link", "unlink"})


def stand(work: Work, ticket: Draft, act: Any) -> Refusal | None:
    """Make a standing move, or do what the system commands."""
    if type(act) in _OF_THE_SYSTEM:
        return _OF_THE_SYSTEM[type(act)](work, ticket, act)
    name, make = _MOVES[type(act)]
    return _refuse(work, ticket, name, act) or _refuse_time(work, ticket, name) or make(work, ticket, act)


def _refuse(work: Work, ticket: Draft, name: str, act: Any) -> Refusal | None:
    """Why the actor may not make a standing move, or None. Who was told by a ladder may answer it."""
    legal = legal_moves(work, ticket)
    workflow = work.shape(ticket).workflow
    listed = workflow.standing.get(name)
    if ticket.closed is not None and name not in _OPEN_ENDED:
        return Refusal("closed", ticket.state, legal)
    parties = listed.by if listed is not None and listed.by else None
    if parties is None:
        parties = (Party("role", work.plan.last_resort),)
        if name not in _STRICT:
            parties += _CLOSE + ((workflow.accountable,) if workflow.accountable else ())
    allowed = any(is_party(work, ticket, party, work.actor) for party in parties)
    if not allowed and isinstance(act, c.Ack | c.Escalate):
        run = ticket.runs.get(act.deadline)
        told = run.climb.told if run is not None else ()
        allowed = any(
            who in (f"person:{work.actor.person}", *(f"role:{role}" for role in work.actor.roles)) for who in told
        )
    if not allowed and "system" not in work.actor.roles:
        return not_theirs(work, ticket, parties)
    if listed is not None and listed.when is not None and not listed.when.holds(work.view(ticket)):
        return Refusal("when", name, legal)
    return None


def _refuse_time(work: Work, ticket: Draft, name: str) -> Refusal | None:
    """Only a note may tell of the past, since the ticket was opened; the others are decisions (SEMANTICS §4, §8)."""
    if work.occurred_at == work.at:
        return None
    legal = legal_moves(work, ticket)
    if name != "note":
        return Refusal("decision", name, legal)
    if work.occurred_at > work.at:
        return Refusal("future", "occurred_at", legal)
    if work.occurred_at < ticket.opened:
        return Refusal("before_opening", "occurred_at", legal)
    return None


def _rule(work: Work, ticket: Draft, name: str) -> Rule:
    workflow = work.shape(ticket).workflow
    listed = workflow.standing.get(name)
    return listed.rule if listed is not None else Rule(f"{workflow.rule.path}.moves.{name}", workflow.rule.sources)


def _assign(work: Work, ticket: Draft, act: c.Assign) -> Refusal | None:
    if not act.qualified:
        return Refusal("unqualified", act.person, legal_moves(work, ticket))
    work.emit(e.Assigned(ticket.id, work.at, _rule(work, ticket, "assign"), act.role, act.person))
    return None


def _set_facts(work: Work, ticket: Draft, act: c.SetFacts) -> Refusal | None:
    if refusal := _wrong_facts(work, ticket, act.facts):
        return refusal
    rule = _rule(work, ticket, "set_facts")
    work.emit(e.Reasoned(ticket.id, work.at, rule, act.reason))
    _change_facts(work, ticket, act.facts, work.at, rule, "stated")
    return None


def _wrong_facts(work: Work, ticket: Draft, facts: Mapping[str, Value | None]) -> Refusal | None:
    for name, value in facts.items():
        if name not in work.plan.facts:
            return Refusal("unknown", name, legal_moves(work, ticket))
        if value is not None and not accepts(work.plan.facts[name], value, work.plan.roles):
            return Refusal("value", name, legal_moves(work, ticket))
    return None


def _change_facts(
    work: Work,
    ticket: Draft,
    facts: Mapping[str, Value | None],
    now: int,
    rule: Rule,
    how: Literal["stated", "corrected", "detected"],
) -> None:
    """Facts changed by themselves: dues move or runs end, but nothing starts, not even by a time fact."""
    changed = set_facts(work, ticket, dict(facts), now, rule, how)
    if ticket.closed is None:
        consequences(work, ticket, now, [], changed, stated=set(facts), entered=False)


def _correct_facts(work: Work, ticket: Draft, act: c.CorrectFacts) -> Refusal | None:
    if refusal := _wrong_facts(work, ticket, act.facts):
        return refusal
    rule = _rule(work, ticket, "correct")
    work.emit(e.Reasoned(ticket.id, work.at, rule, act.reason, act.evidence if act.evidence != act.reason else ""))
    _change_facts(work, ticket, act.facts, work.at, rule, "corrected")
    for run in list(ticket.runs.values()):  # overdue by the wrong limit, due later by the right one
        row = _right_limit(work, ticket, run) if run.status == "breached" else None
        if row is not None:
            due = clock(work.plan, row.value, ticket.edition).due(run.start, run.pauses)
            if due.at > work.at:
                _take_breach_back(work, ticket, run, due, row.value, row.rule, None, "facts", act.evidence)
    for run in ticket.ended:  # settled verdicts are judged anew by the right limit, in favour only
        if run.status != "late" or run.done is None or (row := _right_limit(work, ticket, run)) is None:
            continue
        if run.done <= clock(work.plan, row.value, ticket.edition).due(run.start, run.pauses).at:
            work.emit(
                e.VerdictCorrected(ticket.id, work.at, row.rule, run.key, run.status, "met", act.evidence, "facts")
            )
    return None


def _right_limit(work: Work, ticket: Draft, run: Run) -> Row[LengthLimit] | None:
    """The length that a run has by the facts as they are now; None if it is the one it had, or no length."""
    watch = work.shape(ticket).watches.get(run.deadline)
    row = watch.deadline.limit.pick(work.view(ticket)) if watch is not None else None
    if row is None or not isinstance(row.value, LengthLimit) or not isinstance(run.limit, LengthLimit):
        return None
    return Row(row.rule, row.when, row.value) if row.value != run.limit else None


def _correct_verdict(work: Work, ticket: Draft, act: c.CorrectVerdict) -> Refusal | None:
    run = next((run for run in ticket.all_runs() if run.key == act.key), None)
    if run is None:
        return Refusal("unknown", act.key, legal_moves(work, ticket))
    to: e.Status | None = _before_excuse(run) if act.to == "back" else act.to
    if (
        to is None
        or run.status in ("void", "running", "paused", to)
        or (act.to == "back") is not (run.status == "excused")
    ):
        return Refusal("verdict", run.status, legal_moves(work, ticket))
    still_owed = run.status == "breached"
    if still_owed and _would_be_silent(work, ticket, run):
        return Refusal("last_clock", run.deadline, legal_moves(work, ticket))
    if act.reason != act.evidence:
        work.emit(e.Reasoned(ticket.id, work.at, _rule(work, ticket, "correct"), act.reason))
    work.emit(e.VerdictCorrected(ticket.id, work.at, run.rule, run.key, run.status, to, act.evidence, "correction"))
    if still_owed:
        stop_ladder(work, ticket, run, work.at, "corrected")
    if to == "met":
        void_what_it_started(work, ticket, run, work.at)
    return None


def _would_be_silent(work: Work, ticket: Draft, run: Run) -> bool:
    """Whether an open ticket would be left without any clock that runs (law 8). What is still to be done is excused
    when done.
    """
    shape_ = work.shape(ticket)
    limited = shape_.workflow.states[ticket.state].unlimited is None
    others = all(other.status == "paused" for name, other in ticket.runs.items() if name != run.deadline)
    return ticket.closed is None and shape_.category.duty is None and limited and others


def _before_excuse(run: Run) -> e.Status | None:
    """What an excused run was: the excuse wrote it down as its cause."""
    before = run.ended_by.removeprefix("excused ")
    return {"late": "late", "missed": "missed", "breached": "missed"}.get(before)  # type: ignore[return-value]


def _excuse(work: Work, ticket: Draft, act: c.Excuse) -> Refusal | None:
    rule = _rule(work, ticket, "excuse")
    run = ticket.runs.get(act.deadline)
    if run is not None:
        if _would_be_silent(work, ticket, run):
            return Refusal("last_clock", run.deadline, legal_moves(work, ticket))
        cause = f"excused {run.status}"
        work.emit(e.Reasoned(ticket.id, work.at, rule, act.reason))
        work.emit(e.RunEnded(ticket.id, work.at, rule, run.key, "excused", cause, run.due))
        stop_ladder(work, ticket, run, work.at, "excused")
        _end_duty(work, ticket)
        return None
    run = next((run for run in reversed(ticket.ended) if run.deadline == act.deadline), None)
    if run is None or run.status not in ("late", "missed"):
        return Refusal("unknown", act.deadline, legal_moves(work, ticket))
    work.emit(e.VerdictCorrected(ticket.id, work.at, rule, run.key, run.status, "excused", act.reason, "excuse"))
    return None


def _end_duty(work: Work, ticket: Draft) -> None:
    """A duty that is excused is over: its built-in workflow has a final state for that."""
    workflow = work.shape(ticket).workflow
    if work.shape(ticket).category.duty is not None and "excused" in workflow.states:
        rule = workflow.states["excused"].rule
        work.emit(e.Moved(ticket.id, work.at, rule, "excuse", ticket.state, "excused"))
        consequences(work, ticket, work.at, ["excuse", "excused"], set())


def _recategorise(work: Work, ticket: Draft, act: c.Recategorise) -> Refusal | None:
    plan = work.plan
    if refusal := _wrong_facts(work, ticket, act.facts):
        return refusal
    if act.category not in plan.categories or act.category == ticket.category:
        return Refusal("unknown", act.category, legal_moves(work, ticket))
    new = shape(plan, act.category)
    state = act.states.get(ticket.state, ticket.state)
    if state not in new.workflow.states:
        return Refusal("state", state, legal_moves(work, ticket))
    for item in new.category.record:
        if not item.optional and item.fact not in act.facts and work.view(ticket)(item.fact) is None:
            return Refusal("missing", item.fact, legal_moves(work, ticket))
    before, added = ticket.state, new.watches.keys() - work.shape(ticket).watches.keys()
    drop_unknown(work, ticket, new, work.at, "category")
    work.emit(e.Recategorised(ticket.id, work.at, new.category.rule, ticket.category, act.category, state))
    changed = set_facts(work, ticket, act.facts, work.at, new.category.rule, "stated") | {"category"}
    happened = [state, f"{before} left"] if state != before else []
    consequences(work, ticket, work.at, happened, changed, entered=state != before, pauses=True)
    _begin_added(work, ticket, new, added)
    return None


def _ack(work: Work, ticket: Draft, act: c.Ack) -> Refusal | None:
    run = ticket.runs.get(act.deadline)
    if run is None or act.rung not in run.climb.raised:
        return Refusal("unknown", f"{act.deadline}.{act.rung}", legal_moves(work, ticket))
    work.emit(e.Acked(ticket.id, work.at, run.rule, run.key, act.rung, work.actor.person))
    return None


def _escalate(work: Work, ticket: Draft, act: c.Escalate) -> Refusal | None:
    run = ticket.runs.get(act.deadline)
    if run is None:
        return Refusal("unknown", act.deadline, legal_moves(work, ticket))
    if act.if_rung is not None and run.climb.last != act.if_rung:
        return None  # somebody was quicker: no effect
    if not raise_next(work, ticket, run, work.shape(ticket).watches[run.deadline].deadline, work.at):
        return Refusal("exhausted", act.deadline, legal_moves(work, ticket))
    return None


def _note(work: Work, ticket: Draft, act: c.Note) -> Refusal | None:
    work.emit(e.Noted(ticket.id, work.occurred_at, _rule(work, ticket, "note"), act.text))
    return None


def _link(work: Work, ticket: Draft, act: c.Link) -> Refusal | None:
    work.emit(e.Linked(ticket.id, work.at, _rule(work, ticket, "link"), "group", act.group))
    return None


def _unlink(work: Work, ticket: Draft, act: c.Unlink) -> Refusal | None:
    if ticket.ties.group is None:
        return Refusal("unknown", "group", legal_moves(work, ticket))
    work.emit(e.Unlinked(ticket.id, work.at, _rule(work, ticket, "unlink"), act.reason))
    return None


def _merge(work: Work, ticket: Draft, act: c.Merge) -> Refusal | None:
    rule = _rule(work, ticket, "merge")
    before = ticket.state
    work.emit(e.Merged(ticket.id, work.at, rule, act.into))
    consequences(work, ticket, work.at, ["merged", f"{before} left"], set())
    return None


# ---- of the system
# ----------------------------------------------------------------------------------------------------


def _detected(work: Work, ticket: Draft, act: c.Detected) -> Refusal | None:
    detection = work.plan.detections.get(act.detection)
    if detection is None:  # found by another version than the ticket goes by
        return Refusal("unknown", act.detection)
    told = work.told(ticket, detection.notify) if act.first else ()
    work.emit(e.DetectionFired(ticket.id, work.at, detection.rule, detection.id, act.members, act.first, told))
    if detection.link:
        earlier = [member for member in act.members if member != ticket.id]
        work.emit(e.Linked(ticket.id, work.at, detection.rule, "repeat_of", act.members[0], len(earlier)))
    if detection.set:
        _change_facts(work, ticket, detection.set, work.at, detection.rule, "detected")
    elif ticket.closed is None:
        consequences(work, ticket, work.at, [], {"repeats"}, entered=False)
    return None


def _joined(work: Work, ticket: Draft, act: c.Joined) -> Refusal | None:
    if ticket.ties.group != act.group:
        work.emit(e.Linked(ticket.id, work.at, work.shape(ticket).category.rule, "member", act.group))
    return None


def _part_move(work: Work, ticket: Draft, act: c.PartMove) -> Refusal | None:
    if ticket.ties.group != act.group or not part_move(work, ticket, act.move, work.at):
        return Refusal("state", ticket.state, ())
    return None


def _report_delivery(work: Work, ticket: Draft, act: c.ReportDelivery) -> Refusal | None:
    run = next((run for run in ticket.runs.values() if run.key == act.key), None)
    rule = run.rule if run is not None else work.shape(ticket).category.rule
    work.emit(e.DeliveryReported(ticket.id, work.at, rule, act.key, act.rung, act.outcome, act.person))
    if run is not None and act.outcome == "undeliverable" and run.climb.last == act.rung:
        raise_next(work, ticket, run, work.shape(ticket).watches[run.deadline].deadline, work.at)
    return None


def _apply_calendar(work: Work, ticket: Draft, act: c.ApplyCalendar) -> Refusal | None:
    """New day data: running dues move, breaches of provisional dues are judged anew, verdicts on final dues stay."""
    if act.edition not in work.plan.editions:
        return Refusal("unknown", act.edition, ())
    if ticket.closed is not None:
        return Refusal("closed", ticket.state, ())
    work.emit(e.CalendarApplied(ticket.id, work.at, work.shape(ticket).category.rule, act.edition))
    for run in list(ticket.runs.values()):
        if not isinstance(run.limit, LengthLimit):
            continue
        if run.status != "breached":
            if recompute(work, ticket, run, run.limit, run.rule, work.at, "calendar"):
                pass_rungs(work, ticket, run.deadline, work.at)
        elif run.provisional:
            due = clock(work.plan, run.limit, ticket.edition).due(run.start, run.pauses, run.granted)
            _take_breach_back(work, ticket, run, due, run.limit, run.rule, run.granted, "calendar", "day data")
    return None


def _take_breach_back(
    work: Work,
    ticket: Draft,
    run: Run,
    due: Due,
    limit: LengthLimit,
    rule: Rule,
    granted: Fraction | None,
    cause: Literal["calendar", "facts"],
    evidence: str,
) -> None:
    """A run that is overdue gets another due: if that is later than the one it missed, it missed none."""
    now = work.at
    assert run.due is not None
    if due.at <= run.due:
        return
    stop_ladder(work, ticket, run, now, "corrected")
    work.emit(e.VerdictCorrected(ticket.id, now, rule, run.key, "breached", "running", evidence, cause))
    work.emit(
        e.DueMoved(
            ticket.id, now, rule, run.key, run.due, due.at, cause, due.at, due.provisional, limit, run.start, granted
        )
    )
    if due.at > now:
        pass_rungs(work, ticket, run.deadline, now)
        resume_and_pause(work, work.shape(ticket), ticket, now, work.shape(ticket).workflow.states[ticket.state])
    void_what_it_started(work, ticket, run, now)


def _migrate(work: Work, ticket: Draft, act: c.Migrate) -> Refusal | None:
    """To another version of the plan, which is the one this step was given. All or nothing (SEMANTICS §11); nothing is
    closed by it, and nothing opened.
    """
    plan = work.plan
    if act.plan != plan.version or ticket.category not in plan.categories:
        return Refusal("unknown", act.plan, ())
    new = shape(plan, ticket.category)
    state = act.states.get(ticket.state, ticket.state)
    if state not in new.workflow.states:
        return Refusal("state", ticket.state, ())
    if new.workflow.states[state].final is not (ticket.closed is not None):
        return Refusal("final", ticket.state, ())
    before = ticket.state
    drop_unknown(work, ticket, new, work.at, "migration")
    work.emit(e.Migrated(ticket.id, work.at, new.category.rule, plan.version, state))
    if ticket.closed is not None:  # it comes along with its family: nothing of it runs
        return None
    moved: list[str] = []
    for name, run in list(ticket.runs.items()):
        mode = act.modes.get(name, "recompute")
        if mode == "keep" or run.status == "breached":
            continue
        row = new.watches[name].deadline.limit.pick(work.view(ticket))
        if row is None:
            drop(work, ticket, run, work.at, "migration")
        elif isinstance(row.value, LengthLimit):
            if recompute(work, ticket, run, row.value, row.rule, work.at, "migration", mode == "restart"):
                moved.append(name)
        elif (due := work.due(ticket, row.value, run.start)) is not None and move_to(
            work, ticket, run, due.at, row.value, row.rule, work.at, "migration"
        ):
            moved.append(name)
    happened = [state, f"{before} left"] if state != before else []
    consequences(work, ticket, work.at, happened, set(), entered=state != before, pauses=True, matched=True)
    for name in moved:
        pass_rungs(work, ticket, name, work.at)
    _begin_added(work, ticket, new, act.added)
    return None


def _begin_added(work: Work, ticket: Draft, new: Shape, names: Collection[str]) -> None:
    """What only the new plan or category has, whose moment came without having been answered, starts now."""
    moments = {"opened", *ticket.made, *(stay.state for stay in ticket.path)}
    for watch in new.watches.values():
        name, deadline = watch.deadline.id, watch.deadline
        if name not in names or name in ticket.runs or ticket.closed is not None:
            continue
        by = sorted(deadline.starts & moments)
        if not by or moments & (deadline.until | deadline.void):
            continue
        if begin(work, ticket, watch, work.at, by[0], new.workflow.states[ticket.state]):
            raise_at_start(work, ticket, watch)


#: Makes what an act asks for, or says why not.
Handler: TypeAlias = Callable[[Work, Draft, Any], Refusal | None]

#: The standing moves, by name as the policy calls them.
_MOVES: Final[Mapping[type[Any], tuple[str, Handler]]] = {
    c.Assign: ("assign", _assign),
    c.SetFacts: ("set_facts", _set_facts),
    c.CorrectFacts: ("correct", _correct_facts),
    c.CorrectVerdict: ("correct", _correct_verdict),
    c.Excuse: ("excuse", _excuse),
    c.Recategorise: ("recategorise", _recategorise),
    c.Ack: ("ack", _ack),
    c.Escalate: ("escalate", _escalate),
    c.Note: ("note", _note),
    c.Link: ("link", _link),
    c.Unlink: ("unlink", _unlink),
    c.Merge: ("merge", _merge),
}
_OF_THE_SYSTEM: Final[Mapping[type[Any], Handler]] = {
    c.Detected: _detected,
    c.Joined: _joined,
    c.PartMove: _part_move,
    c.ReportDelivery: _report_delivery,
    c.ApplyCalendar: _apply_calendar,
    c.Migrate: _migrate,
}
