"""What changes under an open ticket — facts, day data, plan, category — leaves it with its clocks and its ladder."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from engine.core import Command, Outcome, Refusal, agenda, commands, decide, events
from engine.worktime import CodeDays, DayData
from tests.core.harness import DESK, Story, at, local, plan_of

LADDER = """
categories: {matter: {title: 事项, workflow: flow}}
facts: {severity: {title: 级别, values: {minor: 轻, major: 重}, default: minor}}
workflows:
  flow:
    title: 流程
    initial: todo
    states:
      todo: {title: 待办, owner: desk}
      waiting: {title: 等, owner: desk, pauses: [finish], at_most: 5 working days}
      done: {title: 完成, final: true}
    moves:
      finish: {title: 完成, from: todo, to: done, observed: true}
      suspend: {title: 挂起, from: todo, to: waiting}
      resume: {title: 恢复, from: waiting, to: todo}
deadlines:
  finish:
    title: 完成
    of: matter
    from: opened
    until: finish
    limit: {minor: {when: {severity: minor}, is: MINOR}, major: {when: {severity: major}, is: 6 working days}}
    escalate: steps
escalations:
  steps:
    half: {at: 50%, notify: owner}
    most: {at: 80%, notify: owner, every: 1 hour, times: 2}
    due: {at: due, notify: boss, every: 2 hours, times: 2}
"""


def ladder(minor="3 working days"):
    return plan_of(LADDER.replace("MINOR", minor))


def with_days(plan, name, off=(), until=date(2026, 12, 31)):
    days = DayData(name, {"CN": CodeDays(dict.fromkeys((date(2026, 11, day) for day in off), ""), {}, until)})
    return replace(plan, editions={**plan.editions, name: days})


def open_under(plan, edition):
    story = Story(plan)
    story._run(Command("T1", DESK, at("11-16 09:00"), commands.Open("matter", {}, "desk", plan.version, edition)))
    return story


def rungs(story, since):
    return [event.rung for event in story.events(events.Raised) if event.effective_at >= at(since)]


# ---- a due that moves -------------------------------------------------------------------------------------------------


def test_a_due_that_moves_forgets_the_repeats_and_the_acknowledgement_of_the_one_before():
    story = Story(ladder("1 working day")).open("11-16 09:00").until("11-17 17:30")
    story.send("11-17 17:31", commands.Ack("finish", "most"))
    story.send("11-17 17:32", commands.SetFacts({"severity": "major"}, "r"))
    climb = story.run("finish").climb
    assert (climb.last, climb.repeats, climb.acked) == (None, 0, None)
    assert [timer.name for timer in agenda(story.plan, story.family)] == ["half", "most", "due"]
    story.until("11-23 17:00")
    assert rungs(story, "11-17 17:32") == ["half", "most"], "each again, and the repeats with it"


def test_who_was_told_of_a_due_that_moved_since_gets_the_all_clear():
    story = Story(ladder("1 working day")).open("11-16 09:00").until("11-17 15:00")
    story.send("11-17 15:45", commands.SetFacts({"severity": "major"}, "r")).do("11-17 16:00", "finish")
    assert [event.told for event in story.events(events.LadderStopped)] == [("role:desk",)]


@pytest.mark.parametrize("how", ["days", "plan"])
def test_of_the_rungs_that_a_moved_due_has_passed_only_the_last_is_raised(how):
    if how == "days":
        plan = with_days(with_days(ladder(), "off", off=(17, 18, 19, 20)), "on")
        story, act = open_under(plan, "off"), commands.ApplyCalendar("on")
    else:
        story, act = Story(ladder("6 working days")).open("11-16 09:00"), commands.Migrate(ladder().version)
    story.until("11-19 14:59")
    story.plan = plan if how == "days" else ladder()
    story.send("11-19 15:00", act).until("11-19 15:30")
    assert rungs(story, "11-19 15:00") == ["most"]


# ---- overdue, and not overdue after all -------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["corrected, then done", "done, then corrected"])
def test_facts_that_were_recorded_wrongly_are_corrected_with_the_same_verdict_before_and_after(order):
    story = Story(ladder("2 working hours")).open("11-16 09:00").until("11-16 13:30")
    correct = commands.CorrectFacts({"severity": "major"}, "photo", "typed wrongly")
    if order == "corrected, then done":
        story.send("11-16 14:00", correct)
        assert (story.run("finish").status, story.due("finish")) == ("running", "11-24 18:00")
        story.do("11-16 15:00", "finish")
    else:
        story.do("11-16 15:00", "finish").send("11-16 15:30", correct)
    assert story.run("finish").status == "met"


def test_what_is_late_by_the_right_limit_too_stays_overdue():
    story = Story(ladder("2 working hours")).open("11-16 09:00").until("11-30 13:30")
    story.send("11-30 14:00", commands.CorrectFacts({"severity": "major"}, "photo", "typed wrongly"))
    assert story.run("finish").status == "breached"


def test_a_breach_that_new_days_take_back_stands_still_where_its_ticket_does():
    plan = with_days(with_days(ladder(), "guess", until=date(2026, 11, 16)), "final", off=(18,))
    story = open_under(plan, "guess").until("11-19 18:30").do("11-19 19:00", "suspend")
    assert story.run("finish").status == "breached"
    story.send("11-20 09:00", commands.ApplyCalendar("final")).until("11-23 10:00")
    assert story.run("finish").status == "paused"


# ---- another plan or category -----------------------------------------------------------------------------------------

KINDS = """
categories:
  matter: {title: 事项, workflow: flow}
  other: {title: 其他, workflow: flow}
  third: {title: 另外, workflow: plain}
workflows:
  flow:
    title: 流程
    initial: todo
    states:
      todo: {title: 待办, owner: desk}
      waiting: {title: 等, owner: desk, pauses: all, at_most: 5 working days}
      done: {title: 完成, final: true}
    moves:
      finish: {title: 完成, from: todo, to: done}
      suspend: {title: 挂起, from: todo, to: waiting}
      resume: {title: 恢复, from: waiting, to: todo}
  plain:
    title: 流程
    initial: todo
    states:
      todo: {title: 待办, owner: desk}
      waiting: {title: 等, owner: desk}
      done: {title: 完成, final: true}
    moves:
      finish: {title: 完成, from: [todo, waiting], to: done}
      park: {title: 放, from: todo, to: waiting}
      back: {title: 回, from: waiting, to: todo}
deadlines:
  first: {title: 甲, of: matter, from: opened, until: finish, limit: 2 working days}
  second: {title: 乙, of: other, from: opened, until: finish, limit: 1 working day}
  shared: {title: 丙, of: [matter, third], from: opened, until: finish, limit: 2 working days}
"""
NO_PAUSE = KINDS.replace("pauses: all, at_most: 5 working days", "unlimited: somebody else has it")


def test_what_only_the_new_category_promises_starts_when_a_ticket_becomes_one():
    story = Story(plan_of(KINDS)).open("11-16 09:00").send("11-16 10:00", commands.Recategorise("other"))
    assert {name: local(run.due) for name, run in story.ticket.runs.items()} == {"second": "11-17 18:00"}


def test_a_ticket_that_becomes_one_whose_state_does_not_pause_runs_again():
    story = Story(plan_of(KINDS)).open("11-16 09:00").do("11-16 10:00", "suspend")
    story.send("11-16 11:00", commands.Recategorise("third"))
    assert {name: run.status for name, run in story.ticket.runs.items()} == {"shared": "running"}


@pytest.mark.parametrize(("old", "new", "status"), [(KINDS, NO_PAUSE, "running"), (NO_PAUSE, KINDS, "paused")])
def test_a_migrated_ticket_stands_still_by_its_new_plan(old, new, status):
    story = Story(plan_of(old)).open("11-16 09:00").do("11-16 10:00", "suspend")
    story.plan = plan_of(new)
    story.send("11-16 11:00", commands.Migrate(story.plan.version, added=("waiting",)))
    assert story.run("first").status == status
    assert agenda(story.plan, story.family)


def test_the_cap_of_a_pause_is_not_excused_while_nothing_else_runs():
    story = Story(plan_of(KINDS)).open("11-16 09:00").do("11-16 10:00", "suspend")
    asked = Command("T1", DESK, at("11-16 11:00"), commands.Excuse("waiting", "r"))
    refused = decide(story.plan, story.family, asked)
    assert isinstance(refused, Refusal)
    assert refused.code == "last_clock"


BY_ROUND = LADDER.replace("{severity: minor}", "{round: 1}").replace("{severity: major}", "{round: at least 2}")


def test_a_deadline_that_a_migration_keeps_is_kept_though_its_limit_reads_what_the_engine_knows():
    old, new = (plan_of(BY_ROUND.replace("MINOR", limit)) for limit in ("3 working days", "2 working days"))
    story = Story(old).open("11-16 09:00")
    story.plan = new
    story.send("11-16 10:00", commands.Migrate(new.version, modes={"finish": "keep"}))
    assert story.due("finish") == "11-19 18:00"


def test_a_late_report_of_a_time_whose_state_the_plan_no_longer_has_is_refused():
    old = plan_of(LADDER.replace("MINOR", "3 working days"))
    new = plan_of(LADDER.replace("MINOR", "3 working days").replace("todo", "doing"))
    story = Story(old).open("11-16 09:00")
    story.plan = new
    story.send("11-16 10:00", commands.Migrate(new.version, {"todo": "doing"}))
    asked = Command("T1", DESK, at("11-16 10:30"), commands.Do("finish"), at("11-16 09:30"))
    refused = decide(new, story.family, asked)
    assert not isinstance(refused, Outcome)
    assert refused.code == "state"


# ---- when something is said to have happened --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("act", "occurred", "code"),
    [
        pytest.param(commands.Note("x"), "11-16 09:30", None, id="a note of what was seen"),
        pytest.param(commands.Note("x"), "11-16 08:59", "before_opening", id="a note of before the ticket"),
        pytest.param(commands.Note("x"), "11-17 09:00", "future", id="a note of tomorrow"),
        pytest.param(commands.Assign(None, "desk"), "11-16 09:30", "decision", id="a decision"),
        pytest.param(commands.SetFacts({"severity": "major"}, "r"), "11-16 09:30", "decision", id="changed facts"),
    ],
)
def test_of_the_standing_moves_only_a_note_tells_of_the_past(act, occurred, code):
    story = Story(ladder()).open("11-16 09:00")
    outcome = decide(story.plan, story.family, Command("T1", DESK, at("11-16 10:00"), act, at(occurred)))
    assert (outcome.code if isinstance(outcome, Refusal) else None) == code


def test_what_the_door_found_too_late_leaves_no_event():
    story = Story(ladder()).open("11-16 09:00")
    told = Command("T1", DESK, at("11-16 12:00"), commands.Do("finish"), at("11-16 09:30"), late=True)
    assert decide(story.plan, story.family, told) == Refusal("late", "occurred_at")
