"""The invariants of the semantics, on random histories of a plan in which everything meets everything.

A script is a list of (seconds since the last command, what, argument). Refused commands are part of the game.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.core import (
    Actor,
    Command,
    Family,
    Outcome,
    Refusal,
    Step,
    advance,
    agenda,
    agenda_after,
    commands,
    decide,
    events,
    evolve,
    fire,
    kind,
    notices,
    replay,
)
from engine.core.agenda import is_overdue, is_quiet
from engine.core.plan import LengthLimit
from engine.core.shape import clock, ladder, shape
from tests.conftest import examples
from tests.core.harness import DAYS, DESK, at, plan_of

RICH = """
late_reports: 2 hours
facts:
  severity: {title: 等级, values: {general: 一般, major: 重大}, default: general}
  promised_at: {title: 承诺, type: time}
  visit_at: {title: 上门, type: time}
  result: 结果
categories:
  matter: {title: 事项, workflow: flow, record: [(severity)]}
  task: {title: 协办, workflow: task, record: [(promised_at)]}
workflows:
  flow:
    title: 流程
    initial: new
    states:
      new: {title: 新, owner: desk}
      handling: {title: 处理, owner: desk}
      waiting: {title: 等待, owner: desk, pauses: all, at_most: {is: 2 calendar days, then: resume}}
      parked: {title: 搁置, owner: desk, pauses: [resolve], at_most: 5 working hours}
      resolved: {title: 待回访, owner: desk}
      closed: {title: 闭环, final: true}
      withdrawn: {title: 撤诉, final: true}
    moves:
      accept: {title: 受理, from: new, to: handling, ask: [(promised_at)]}
      contact: {title: 联系, from: handling}
      report_progress: {title: 反馈, from: [handling, waiting]}
      transfer: {title: 转办, from: handling}
      suspend: {title: 挂起, from: handling, to: waiting}
      resume: {title: 恢复, from: waiting, to: handling}
      park: {title: 搁置, from: handling, to: parked}
      unpark: {title: 取回, from: parked, to: handling}
      regrade: {title: 定级, from: [handling, waiting, parked], ask: [severity]}
      explain: {title: 说明, from: [handling, waiting], ask: [promised_at]}
      plan_visit: {title: 约定, from: handling, ask: [visit_at]}
      involve: {title: 协办, from: handling, opens: task}
      resolve: {title: 办结, from: handling, to: resolved, observed: yes, when: {open_parts: 0}}
      satisfied: {title: 满意, from: resolved, to: closed}
      dissatisfied: {title: 不满意, from: resolved, to: handling, rework: true}
      reopen: {title: 重开, from: closed, to: handling, rework: true, by: desk, before: 7 calendar days after closed}
      withdraw: {title: 撤诉, from: open, to: withdrawn}
  task:
    title: 协办
    initial: todo
    states: {todo: {title: 待办, owner: desk}, done: {title: 已办, final: true}}
    moves: {finish: {title: 完成, from: todo, to: done}}
deadlines:
  intake: {title: 受理, of: matter, from: opened, until: accept, limit: 1 working hour}
  contact: {title: 联系, of: matter, from: [accept, dissatisfied], until: [contact, resolve], limit: 2 hours}
  resolve:
    title: 办结
    of: matter
    from: [accept, dissatisfied, reopen]
    until: resolve
    limit: {general: {when: {severity: general}, is: 2 working days}, major: {when: {severity: major}, is: 5 working days}}
    escalate: climb
  answer:
    title: 答复
    of: matter
    from: [accept, dissatisfied]
    until: resolve
    limit: {general: {when: {severity: general}, is: 10 working hours}, major: {when: {severity: major}, is: 30 hours}}
  progress: {title: 进展, of: matter, from: [accept, dissatisfied, report_progress], until: report_progress, void: resolve, limit: 1 working day}
  promise: {title: 承诺, of: matter, from: [accept, explain], until: resolve, limit: promised_at}
  visit: {title: 上门, of: matter, from: plan_visit, until: [contact, resolve], limit: {all: {is: 1 hour before visit_at, at_least: 10 minutes}}}
  explanation: {title: 说明, of: matter, from: [resolve breached, promise breached], until: [explain, resolve], limit: 2 hours, escalate: none}
  follow_up: {title: 回访, of: matter, from: resolve, until: [satisfied, dissatisfied], limit: 3 calendar days}
  task_done: {title: 协办, of: task, from: opened, until: finish, limit: 1 working day}
escalations:
  default:
    soon: {at: 80%, notify: owner}
    due: {at: due, notify: owner, every: 2 hours, times: 2}
    boss: {at: 3 hours after due, notify: boss}
  climb:
    start: {at: start, notify: owner}
    half: {at: 50%, notify: owner}
    before: {at: 2 working hours before due, notify: owner}
    due: {at: due, notify: owner}
    major: {at: 1 hour after due, notify: boss, when: {severity: major}}
    boss: {at: 1 working day after due, notify: boss, every: 1 working day, times: 2}
"""
MOVES = [
    "accept",
    "contact",
    "report_progress",
    "transfer",
    "suspend",
    "resume",
    "park",
    "unpark",
    "involve",
    "resolve",
    "satisfied",
    "dissatisfied",
    "reopen",
    "withdraw",
]
START = at("09-28 08:00")

gaps = st.one_of(st.integers(0, 3), st.integers(60, 7200), st.integers(3 * 3600, 40 * 3600), st.integers(0, 12 * 86400))
entries = st.one_of(
    st.tuples(gaps, st.sampled_from(MOVES), st.none()),
    st.tuples(gaps, st.just("regrade"), st.sampled_from(["general", "major"])),
    st.tuples(gaps, st.sampled_from(["explain", "plan_visit"]), st.integers(-7200, 5 * 86400)),
    st.tuples(
        gaps,
        st.just("late"),
        st.tuples(st.sampled_from(["contact", "report_progress", "resolve"]), st.integers(1, 7200)),
    ),
    st.tuples(gaps, st.sampled_from(["note", "assign", "ack", "escalate", "excuse", "finish", "set"]), st.none()),
)
#: Scripts that get somewhere: opened, mostly accepted, then anything.
scripts = st.lists(entries, max_size=25).map(lambda some: [(600, "accept", None), *some])


@cache
def plan():
    return plan_of(RICH)


def command(family: Family, instant: int, what: str, argument: object) -> Command | None:
    """A command for an entry of a script, on the root or, for `finish`, on the newest part."""
    match what:
        case "regrade":
            act = commands.Do("regrade", {"severity": argument})
        case "explain":
            act = commands.Do("explain", {"promised_at": instant + argument})
        case "plan_visit":
            act = commands.Do("plan_visit", {"visit_at": instant + argument})
        case "late":
            move, before = argument
            return Command("T1", DESK, instant, commands.Do(move), max(family.root.opened, instant - before))
        case "note":
            act = commands.Note("text")
        case "assign":
            act = commands.Assign("desk", "somebody")
        case "set":
            act = commands.SetFacts({"result": "text"}, "reason")
        case "ack" | "escalate" | "excuse":
            run = next(iter(family.root.runs.values()), None)
            if run is None:
                return None
            act = {
                "ack": commands.Ack(run.deadline, run.climb.last or ""),
                "escalate": commands.Escalate(run.deadline),
                "excuse": commands.Excuse(run.deadline, "reason"),
            }[what]
        case "finish":
            return Command(list(family.tickets)[-1], DESK, instant, commands.Do("finish"))
        case move:
            act = commands.Do(move)
    return Command("T1", DESK, instant, act)


class Tape:
    """A script played: the steps, the family after each, and the command behind each command step."""

    def __init__(self, script, looks=()) -> None:
        self.outcomes: list[Outcome] = []
        self.families: list[Family] = []
        self.refusals = 0
        self.looks = sorted(looks)
        act = commands.Open("matter", {}, "desk", plan().version, DAYS.id)
        self._keep(decide(plan(), None, Command("T1", DESK, START, act)))
        instant = START
        for gap, what, argument in script:
            instant += gap
            self._advance(instant - 1)
            instant = max(instant, self.family.floor)
            asked = command(self.family, instant, what, argument)
            if asked is not None:
                outcome = decide(plan(), self.family, asked)
                if isinstance(outcome, Refusal):
                    self.refusals += 1
                else:
                    self._keep(outcome)
        self._advance(instant + 20 * 86400)

    @property
    def family(self) -> Family:
        return self.families[-1]

    @property
    def steps(self) -> list[Step]:
        return [outcome.step for outcome in self.outcomes]

    def _advance(self, until: int) -> None:
        while self.looks and self.looks[0] < until:
            look = self.looks.pop(0)
            if look >= self.family.at:
                for outcome in advance(plan(), self.family, look):
                    self._keep(outcome)
        for outcome in advance(plan(), self.family, until):
            self._keep(outcome)

    def _keep(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self.families.append(outcome.family)

    def events(self, *kinds):
        return [event for step in self.steps for event in step.events if not kinds or isinstance(event, kinds)]


LAWFUL = settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.too_slow])


@LAWFUL
@given(scripts, st.lists(st.integers(START, START + 60 * 86400), max_size=12))
def test_i1_history_does_not_depend_on_when_anybody_looked(script, looks):
    assert Tape(script).steps == Tape(script, looks).steps


@LAWFUL
@given(scripts)
def test_i2_folding_the_events_gives_the_tickets_at_every_step(script):
    tape = Tape(script)
    family = None
    for outcome in tape.outcomes:
        family = evolve(family, outcome.step)
        assert repr(family) == repr(outcome.family)
    assert repr(replay(tape.steps)) == repr(tape.family)


@LAWFUL
@given(scripts)
def test_i3_and_i4_instants_stand_in_order(script):
    tape = Tape(script)
    for before, step in zip(tape.steps, tape.steps[1:], strict=False):
        assert step.at >= before.at
        if step.cause == "command" and before.cause != "command":
            assert step.at > before.at, "no command shares an instant with a timer before it"
    for step in tape.steps:
        for event in step.events:
            assert event.effective_at <= step.at, event


@LAWFUL
@given(scripts)
def test_i5_each_timer_takes_effect_once(script):
    tape = Tape(script)
    generations: dict[tuple[str, str], int] = {}
    seen = set()
    for step in tape.steps:
        if step.cause != "command":
            ticket, key, *_ = step.cause.split("/")
            identity = (step.cause, generations.get((ticket, key), 0))
            assert identity not in seen, step.cause
            seen.add(identity)
        for event in step.events:
            if isinstance(event, events.DueMoved):
                generations[event.ticket, event.key] = generations.get((event.ticket, event.key), 0) + 1
    breached = [(event.ticket, event.key) for event in tape.events(events.Breached)]
    assert len(breached) == len(set(breached))
    for event in tape.events(events.RunEnded):
        if event.status in ("late", "missed"):
            assert (event.ticket, event.key) in breached


@LAWFUL
@given(scripts)
def test_i6_met_means_done_by_the_due_and_late_after_it(script):
    tape = Tape(script)
    for event in tape.events(events.RunEnded):
        if event.status == "met" and event.due is not None:
            paused = _was_paused(tape, event)
            assert event.effective_at <= event.due or paused
        if event.status == "late":
            assert event.effective_at > event.due


def _was_paused(tape: Tape, ended: events.RunEnded) -> bool:
    """Whether the run was paused when it ended: its last pause or resume before that was a pause."""
    last = [
        event
        for event in tape.events(events.RunPaused, events.RunResumed)
        if (event.ticket, event.key) == (ended.ticket, ended.key)
    ]
    return bool(last) and isinstance(last[-1], events.RunPaused)


@LAWFUL
@given(scripts)
def test_i7_every_open_run_is_watched(script):
    for outcome in Tape(script).outcomes:
        family = outcome.family
        timers = agenda(plan(), family)
        for ticket in family.tickets.values():
            states = plan().workflows[plan().categories[ticket.category].workflow].states
            for name, run in ticket.runs.items():
                assert run.deadline == name
                assert run.open
                mine = [timer for timer in timers if timer.ticket == ticket.id and timer.key == run.key]
                if run.status == "running":
                    assert any(timer.kind == "due" for timer in mine)
                elif run.status == "paused":
                    cap = ticket.runs.get(ticket.state)
                    assert states[ticket.state].unlimited or (cap is not None and cap.status == "running")
                else:
                    steps = ladder(plan(), shape(plan(), ticket.category).watches[name].deadline)
                    assert mine or run.climb.exhausted or run.climb.acked == run.climb.last or steps is None


@LAWFUL
@given(scripts)
def test_i8_a_closed_ticket_is_quiet_and_an_open_one_is_not(script):
    for outcome in Tape(script).outcomes:
        timers = agenda(plan(), outcome.family)
        for ticket in outcome.family.tickets.values():
            if ticket.closed is not None:
                assert not ticket.runs
                assert not [timer for timer in timers if timer.ticket == ticket.id]
            elif ticket.category == "matter" and not ticket.runs:
                excused = [run for run in ticket.ended if run.status == "excused" and run.round == ticket.round]
                assert excused, f"{ticket.state} without any clock"


@LAWFUL
@given(scripts)
def test_i9_nothing_is_due_inside_a_pause(script):
    for outcome in Tape(script).outcomes:
        for ticket in outcome.family.tickets.values():
            for run in ticket.all_runs():
                if isinstance(run.limit, LengthLimit) and run.due is not None:
                    assert not any(
                        since <= run.due - 1 and run.due < until for since, until in run.pauses if since < run.due
                    )


@LAWFUL
@given(scripts)
def test_i10_transfer_assignment_note_and_ack_leave_every_due_as_it_was(script):
    tape = Tape(script)
    for before, outcome in zip(tape.families, tape.outcomes[1:], strict=False):
        names = {kind(event) for event in outcome.step.events}
        moved = {event.move for event in outcome.step.events if isinstance(event, events.Moved)}
        if outcome.step.cause == "command" and (names <= {"assigned", "noted", "acked"} or moved == {"transfer"}):
            for id, ticket in before.tickets.items():
                after = outcome.family.tickets[id]
                assert {r.key: r.due for r in ticket.runs.values()} == {r.key: r.due for r in after.runs.values()}


@LAWFUL
@given(scripts)
def test_i12_a_recomputed_due_gives_notice_and_gives_no_time_away(script):
    for step in Tape(script).steps:
        for event in step.events:
            if isinstance(event, events.DueMoved) and event.cause == "facts" and event.new is not None:
                assert event.new >= min(event.old, step.at + 30 * 60)
                assert event.new <= max(event.old, event.computed)


@LAWFUL
@given(scripts)
def test_i13_settled_verdicts_change_only_by_a_correction(script):
    tape = Tape(script)
    for before, outcome in zip(tape.families, tape.outcomes[1:], strict=False):
        corrected = {event.key for event in outcome.step.events if isinstance(event, events.VerdictCorrected)}
        for id, ticket in before.tickets.items():
            after = {run.key: run.status for run in outcome.family.tickets[id].ended}
            for run in ticket.ended:
                assert after[run.key] == run.status or run.key in corrected


@LAWFUL
@given(scripts)
def test_i14_rungs_rise_and_nothing_follows_the_end_of_a_ladder(script):
    tape = Tape(script)
    stopped: set[tuple[str, str]] = set()
    for event in tape.events(events.Raised, events.Repeated, events.LadderStopped, events.LadderExhausted):
        where = (event.ticket, event.key)
        assert where not in stopped, f"{event} after the ladder stopped"
        if isinstance(event, events.LadderStopped):
            stopped.add(where)
    levels: dict[str, int] = {}
    for family in tape.families:
        for ticket in family.tickets.values():
            if ticket.closed is None:
                assert ticket.level >= levels.get(ticket.id, 0)
                levels[ticket.id] = ticket.level


@LAWFUL
@given(scripts)
def test_i15_every_message_has_a_cause_and_its_own_id(script):
    tape = Tape(script)

    def derived():
        return [message for outcome in tape.outcomes for message in notices(plan(), outcome.family, outcome.step)]

    messages = derived()
    assert all(message.causes for message in messages)
    assert len({message.id for message in messages}) == len(messages)
    assert [message.id for message in derived()] == [message.id for message in messages]


@LAWFUL
@given(scripts)
def test_i20_rungs_before_the_due_fire_once_a_generation_after_the_start_and_before_the_end(script):
    tape = Tape(script)
    seen: dict[tuple[str, str], set[str]] = {}
    ended: set[tuple[str, str]] = set()
    starts: dict[tuple[str, str], int] = {}
    for event in tape.events():
        where = (event.ticket, getattr(event, "key", ""))
        match event:
            case events.RunStarted():
                starts[where] = event.effective_at
            case events.DueMoved():
                seen[where] = set()
                starts[where] = event.start
            case events.RunEnded():
                ended.add(where)
            case events.Raised() if not event.overdue and not event.early:
                name = event.key.partition("#")[0]
                category = tape.family.tickets[event.ticket].category
                steps = ladder(plan(), shape(plan(), category).watches[name].deadline)
                rung = next(rung for rung in steps.rungs if rung.id == event.rung)
                assert not is_overdue(rung)
                assert where not in ended
                assert event.rung not in seen.setdefault(where, set())
                seen[where].add(event.rung)
                assert event.effective_at > starts[where] or rung.at.kind == "start"


@LAWFUL
@given(scripts)
def test_i21_migrating_to_the_same_plan_changes_no_due(script):
    tape = Tape(script)
    if tape.family.root.closed is not None:
        return
    for mode in ("keep", "recompute"):
        act = commands.Migrate(plan().version, {}, dict.fromkeys(tape.family.root.runs, mode))
        outcome = decide(plan(), tape.family, Command("T1", DESK, tape.family.floor + 1, act))
        assert isinstance(outcome, Outcome)
        assert not [event for event in outcome.step.events if isinstance(event, events.DueMoved | events.RunEnded)]


@LAWFUL
@given(scripts)
def test_i22_a_timers_step_stays_in_its_family(script):
    for outcome in Tape(script).outcomes:
        if outcome.step.cause != "command":
            assert not outcome.sends
            assert {event.ticket for event in outcome.step.events} <= outcome.family.tickets.keys()


@LAWFUL
@given(scripts)
def test_an_agenda_that_is_carried_on_is_the_one_that_is_made_anew(script):
    before, timers = None, ()
    for outcome in Tape(script).outcomes:
        family = outcome.family
        timers = agenda(plan(), family) if before is None else agenda_after(plan(), family, before, timers)
        assert timers == agenda(plan(), family)
        assert len({timer.id for timer in timers}) == len(timers)
        before = family


@LAWFUL
@given(scripts)
def test_nothing_fires_where_it_is_quiet(script):
    for outcome in Tape(script).outcomes:
        for until in (outcome.family.at, outcome.family.at + 3600, outcome.family.at + 864000):
            if is_quiet(plan(), outcome.family, until):
                assert all(timer.fire > until for timer in agenda(plan(), outcome.family))


@LAWFUL
@given(st.permutations([("regrade", "major"), ("regrade", "general"), ("regrade", "major")]), st.integers(60, 3600))
def test_i11_the_order_of_changes_that_clamp_nothing_does_not_matter(order, gap):
    """All changes come early enough that no due is near; what counts in the end is the last grade."""
    tape = Tape([(600, "accept", None), *[(gap, what, value) for what, value in order]][:4])
    run = next((r for r in tape.families[len(order) + 1].root.runs.values() if r.deadline == "resolve"), None)
    assert run is not None
    fresh = clock(plan(), run.limit, DAYS.id).due(run.start)
    assert run.due == fresh.at


def test_a_ticket_cannot_be_written_to():
    tape = Tape([])
    try:
        tape.family.root.state = "closed"
    except AttributeError:
        return
    raise AssertionError("a ticket outside the core was written to")


def test_a_refused_command_leaves_no_event():
    tape = Tape([])
    answer = decide(plan(), tape.family, Command("T1", Actor("x"), tape.family.floor, commands.Do("satisfied")))
    assert isinstance(answer, Refusal)
    assert replace  # the family is a value: nothing could have changed it
    assert fire
