"""The worked examples of the semantics, second by second."""

from __future__ import annotations

import pytest

from engine.core import Command, Refusal, commands, decide
from tests.core.harness import DESK, Story, at, local, plan_of

#: A ticket that may be suspended; arrive within an hour, told at the due and two hours later.
ARRIVE = """
facts: {note: 备注}
categories: {matter: {title: 事项, workflow: flow}}
workflows:
  flow:
    title: 流程
    initial: todo
    states:
      todo: {title: 待办, owner: desk}
      done: {title: 完成, final: true}
    moves:
      arrive: {title: 到场, from: todo}
      finish: {title: 完成, from: todo, to: done}
deadlines:
  arrive: {title: 到场, of: matter, from: opened, until: arrive, limit: 1 hour}
  finish: {title: 完成, of: matter, from: opened, until: finish, limit: 30 calendar days, escalate: none}
escalations:
  default:
    due: {at: due, notify: owner}
    leader: {at: 2 hours after due, notify: boss}
"""


def test_example_1_rungs_stand_at_their_own_instants():
    """Whoever looks at 15:10 for the first time finds the breach at 10:00 and the leader's rung at 12:00."""
    story = Story(plan_of(ARRIVE)).open("11-16 09:00").do("11-16 15:10", "arrive")
    assert story.lines("arrive") == [
        "11-16 09:00 | 11-16 09:00 | started arrive#1.1 due 11-16 10:00",
        "11-16 10:00 | 11-16 10:00 | breached arrive#1.1",
        "11-16 10:00 | 11-16 10:00 | raised arrive#1.1 due",
        "11-16 12:00 | 11-16 12:00 | raised arrive#1.1 leader",
        "11-16 15:10 | 11-16 15:10 | late arrive#1.1",
        "11-16 15:10 | 11-16 15:10 | ladder_stopped arrive#1.1",
    ]


WAITING = """
facts: {note: 备注}
categories: {matter: {title: 事项, workflow: flow}}
workflows:
  flow:
    title: 流程
    initial: todo
    states:
      todo: {title: 待办, owner: desk}
      waiting: {title: 等待, owner: desk, pauses: [resolve], at_most: 24 hours}
      done: {title: 完成, final: true}
    moves:
      suspend: {title: 挂起, from: todo, to: waiting}
      resume: {title: 恢复, from: waiting, to: todo}
      answer: {title: 答复, from: open}
      finish: {title: 完成, from: todo, to: done}
deadlines:
  answer: {title: 答复, of: matter, from: opened, until: answer, limit: 48 hours, escalate: none}
  resolve: {title: 办结, of: matter, from: opened, until: finish, limit: 72 hours, escalate: none}
escalations: {default: {due: {at: due, notify: owner}}}
"""


def test_example_2_a_command_comes_before_the_timers_of_its_instant():
    story = Story(plan_of(WAITING)).open("11-17 10:00").do("11-18 10:00", "suspend")
    story.do("11-19 10:00", "answer").until("11-19 10:00")
    assert story.lines("answer", "waiting", "resolve")[-4:] == [
        "11-19 10:00 | 11-19 10:00 | met answer#1.1",
        "11-19 10:00 | 11-19 10:00 | breached waiting#1.1",
        "11-19 10:00 | 11-19 10:00 | resumed resolve#1.1 due 11-21 10:00",
        "11-19 10:00 | 11-19 10:00 | raised waiting#1.1 due",
    ]


def test_example_2_without_the_command_both_are_breached_and_verdicts_come_first():
    story = Story(plan_of(WAITING)).open("11-17 10:00").do("11-18 10:00", "suspend").until("11-19 10:00")
    assert [line.split("| ")[2] for line in story.lines("answer", "waiting", "resolve")[-4:]] == [
        "breached answer#1.1",
        "breached waiting#1.1",
        "resumed resolve#1.1 due 11-21 10:00",
        "raised waiting#1.1 due",
    ]


def test_a_second_visit_to_a_state_whose_cap_is_used_up_pauses_nothing():
    story = Story(plan_of(WAITING)).open("11-17 10:00").do("11-18 10:00", "suspend").until("11-19 10:00")
    story.do("11-19 11:00", "resume").do("11-19 12:00", "suspend").until("11-19 12:00")
    assert story.run("resolve").status == "running"
    assert story.lines("waiting")[-3:] == [
        "11-19 12:00 | 11-18 10:00 | started waiting#1.2 due 11-19 10:00",
        "11-19 12:00 | 11-19 10:00 | breached waiting#1.2",
        "11-19 12:00 | 11-19 10:00 | raised waiting#1.2 due",
    ]


PAUSED_DAYS = """
categories: {matter: {title: 事项, workflow: flow}}
workflows:
  flow:
    title: 流程
    initial: todo
    states:
      todo: {title: 待办, owner: desk}
      waiting: {title: 等待, owner: desk, pauses: all, at_most: 30 calendar days}
      done: {title: 完成, final: true}
    moves:
      suspend: {title: 挂起, from: todo, to: waiting}
      resume: {title: 恢复, from: waiting, to: todo}
      finish: {title: 完成, from: todo, to: done}
deadlines: {resolve: {title: 办结, of: matter, from: opened, until: finish, limit: 3 working days, escalate: half}}
escalations: {half: {half: {at: 50%, notify: owner}}, default: {due: {at: due, notify: owner}}}
"""


def test_example_3_a_pause_of_two_thirds_of_a_working_day_moves_the_due_by_as_much():
    story = Story(plan_of(PAUSED_DAYS)).open("09-30 10:00")
    assert story.due("resolve") == "10-10 18:00"
    story.do("10-08 14:30", "suspend")
    assert story.lines("resolve")[-1].endswith("paused resolve#1.1, 2 7/15 working days left")
    story.do("10-09 10:30", "resume").until("10-12 15:30")
    assert story.lines("resolve")[-3:] == [
        "10-09 10:30 | 10-09 10:30 | resumed resolve#1.1 due 10-12 15:30",
        "10-10 10:15 | 10-10 10:15 | raised resolve#1.1 half",
        "10-12 15:30 | 10-12 15:30 | breached resolve#1.1",
    ]


GRADED = """
facts: {severity: {title: 等级, values: {general: 一般, major: 重大}, default: general}}
categories: {matter: {title: 事项, workflow: flow, record: [severity]}}
workflows:
  flow:
    title: 流程
    initial: todo
    states: {todo: {title: 待办, owner: desk}, done: {title: 完成, final: true}}
    moves:
      regrade: {title: 定级, from: todo, ask: [severity]}
      finish: {title: 完成, from: todo, to: done}
deadlines:
  answer:
    title: 答复
    of: matter
    from: opened
    until: finish
    limit: {general: {when: {severity: general}, is: 24 hours}, major: {when: {severity: major}, is: 48 hours}}
    escalate: none
  resolve:
    title: 办结
    of: matter
    from: opened
    until: finish
    limit: {general: {when: {severity: general}, is: 3 working days}, major: {when: {severity: major}, is: 7 working days}}
    escalate: none
"""


def test_example_4_a_grade_raised_and_lowered_again():
    """Lowered on Friday the general limit has long passed: nobody is made late at once, the next close is the due."""
    story = Story(plan_of(GRADED)).open("11-16 09:00", severity="general")
    assert (story.due("answer"), story.due("resolve")) == ("11-17 09:00", "11-19 18:00")
    story.do("11-16 15:00", "regrade", severity="major")
    assert (story.due("answer"), story.due("resolve")) == ("11-18 09:00", "11-25 18:00")
    story.do("11-20 10:00", "regrade", severity="general")
    assert story.due("resolve") == "11-20 18:00"
    moved = [line for line in story.lines("resolve") if "moved" in line]
    assert len(moved) == 2


ROUNDS = """
categories: {matter: {title: 事项, workflow: flow}}
workflows:
  flow:
    title: 流程
    initial: new
    states:
      new: {title: 新, owner: desk}
      handling: {title: 处理, owner: desk}
      resolved: {title: 待回访, owner: desk}
      closed: {title: 闭环, final: true}
    moves:
      accept: {title: 受理, from: new, to: handling}
      report_progress: {title: 反馈, from: handling}
      resolve: {title: 办结, from: handling, to: resolved}
      satisfied: {title: 满意, from: resolved, to: closed}
      dissatisfied: {title: 不满意, from: resolved, to: handling, rework: true}
deadlines:
  intake: {title: 受理, of: matter, from: opened, until: accept, limit: 1 hour}
  resolve: {title: 办结, of: matter, from: [accept, dissatisfied], until: resolve, limit: 24 hours}
  progress: {title: 进展, of: matter, from: [accept, dissatisfied, report_progress], until: report_progress, void: resolve, limit: 24 hours}
  follow_up: {title: 回访, of: matter, from: resolve, until: [satisfied, dissatisfied], limit: 24 hours}
escalations: {default: {due: {at: due, notify: owner}}}
"""


def test_example_5_rework_begins_a_round_with_its_own_deadlines():
    story = Story(plan_of(ROUNDS)).open("11-16 09:00").do("11-16 09:00", "accept").do("11-17 11:00", "resolve")
    story.do("11-17 15:00", "dissatisfied").do("11-18 14:00", "resolve")
    assert [line.split(" | ", 1)[0] + " " + line.split(" | ")[2] for line in story.lines()][2:] == [
        "11-16 09:00 started resolve#1.1 due 11-17 09:00",
        "11-16 09:00 started progress#1.1 due 11-17 09:00",
        "11-17 09:00 breached resolve#1.1",
        "11-17 09:00 breached progress#1.1",
        "11-17 09:00 raised resolve#1.1 due",
        "11-17 09:00 raised progress#1.1 due",
        "11-17 11:00 late resolve#1.1",
        "11-17 11:00 missed progress#1.1",
        "11-17 11:00 started follow_up#1.1 due 11-18 11:00",
        "11-17 11:00 ladder_stopped resolve#1.1",
        "11-17 11:00 ladder_stopped progress#1.1",
        "11-17 15:00 met follow_up#1.1",
        "11-17 15:00 started resolve#2.1 due 11-18 15:00",
        "11-17 15:00 started progress#2.1 due 11-18 15:00",
        "11-18 14:00 met resolve#2.1",
        "11-18 14:00 void progress#2.1",
        "11-18 14:00 started follow_up#2.1 due 11-19 14:00",
    ]


MEETING = """
facts:
  meeting_at: {{title: 会议, type: time}}
categories: {{matter: {{title: 会议, workflow: flow, record: [meeting_at]}}}}
workflows:
  flow:
    title: 流程
    initial: todo
    states: {{todo: {{title: 待办, owner: desk}}, done: {{title: 完成, final: true}}}}
    moves:
      move: {{title: 改期, from: todo, ask: [meeting_at]}}
      check: {{title: 检查, from: todo}}
      finish: {{title: 完成, from: todo, to: done}}
deadlines:
  check: {{title: 检查, of: matter, from: [opened, move], until: check, limit: {limit}, escalate: none}}
  finish: {{title: 完成, of: matter, from: opened, until: finish, limit: 30 calendar days, escalate: none}}
"""
PLAIN = MEETING.format(limit="1 hour before meeting_at")
FLOOR = MEETING.format(limit="{all: {is: 1 hour before meeting_at, at_least: 20 minutes}}")


@pytest.mark.parametrize(
    ("text", "due"),
    [
        pytest.param(PLAIN, "11-16 14:15", id="past the instant: the event itself"),
        pytest.param(FLOOR, "11-16 13:50", id="with a floor: twenty minutes from the move"),
    ],
)
def test_example_6_a_meeting_moved_nearer(text, due):
    story = Story(plan_of(text)).open("11-16 09:00", meeting_at="11-16 15:00")
    assert story.due("check") == "11-16 14:00"
    story.do("11-16 13:30", "move", meeting_at="11-16 14:15")
    assert story.due("check") == due


def test_example_6_a_meeting_moved_after_the_check_was_done_is_checked_again():
    story = Story(plan_of(PLAIN)).open("11-16 09:00", meeting_at="11-16 15:00").do("11-16 13:50", "check")
    story.do("11-16 13:55", "move", meeting_at="11-16 17:00")
    assert story.run("check").key == "check#1.2"
    assert story.due("check") == "11-16 16:00"


LATE = """
late_reports: 30 minutes
categories: {matter: {title: 事项, workflow: flow}}
workflows:
  flow:
    title: 流程
    initial: todo
    states:
      todo: {title: 待办, owner: desk}
      waiting: {title: 等待, owner: desk, pauses: [finish], at_most: 2 calendar days}
      done: {title: 完成, final: true}
    moves:
      arrive: {title: 到场, from: todo}
      explain: {title: 说明, from: todo}
      suspend: {title: 挂起, from: todo, to: waiting}
      resume: {title: 恢复, from: waiting, to: todo}
      finish: {title: 完成, from: todo, to: done}
deadlines:
  arrive: {title: 到场, of: matter, from: opened, until: arrive, limit: 1 hour}
  explanation: {title: 说明, of: matter, from: arrive breached, until: explain, limit: 2 hours}
  finish: {title: 完成, of: matter, from: [arrive, opened], until: finish, limit: 8 hours}
escalations: {default: {due: {at: due, notify: owner}}}
"""


def test_example_7_a_late_report_takes_effect_at_its_own_time():
    story = Story(plan_of(LATE)).open("11-16 09:10").do("11-16 10:20", "arrive", occurred="11-16 10:05")
    assert story.lines("arrive", "explanation")[1:] == [
        "11-16 10:10 | 11-16 10:10 | breached arrive#1.1",
        "11-16 10:10 | 11-16 10:10 | started explanation#1.1 due 11-16 12:10",
        "11-16 10:10 | 11-16 10:10 | raised arrive#1.1 due",
        "11-16 10:20 | 11-16 10:05 | corrected arrive#1.1 breached to met",
        "11-16 10:20 | 11-16 10:05 | ladder_stopped arrive#1.1",
        "11-16 10:20 | 11-16 10:05 | void explanation#1.1",
    ]


def test_example_7_after_a_change_of_state_a_late_report_is_testimony():
    story = Story(plan_of(LATE)).open("11-16 09:10").do("11-16 10:15", "suspend")
    story.do("11-16 10:20", "arrive", occurred="11-16 10:05")
    assert story.run("arrive").status == "met"
    assert story.ticket.state == "waiting"


def test_a_decision_is_never_back_dated():
    story = Story(plan_of(LATE)).open("11-16 09:10")
    answer = decide(
        story.plan, story.family, Command("T1", DESK, at("11-16 09:30"), commands.Do("finish"), at("11-16 09:20"))
    )
    assert isinstance(answer, Refusal)
    assert answer.code == "decision"


def test_a_call_typed_late_is_already_late():
    """The intake limit runs from the call, not from the typing."""
    text = ROUNDS.replace(
        "from: opened, until: accept, limit: 1 hour", "from: called_at, until: accept, limit: 10 minutes"
    )
    text = text.replace(
        "\ncategories:", "\nfacts: {called_at: {title: 来电, type: time, default: opened}}\ncategories:", 1
    )
    story = Story(plan_of(text)).open("11-16 10:00", called_at="11-16 09:40").do("11-16 10:00", "accept")
    assert local(story.run("intake").due) == "11-16 09:50"
    assert story.run("intake").status == "late"
