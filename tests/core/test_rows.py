"""Facts about single steps, as rows of given, when, then."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.core import (
    Actor,
    Command,
    Finding,
    History,
    Outcome,
    Refusal,
    Row,
    Rule,
    Table,
    advance,
    agenda,
    commands,
    decide,
    events,
    findings,
    liable,
    liable_of_site,
    notices,
)
from engine.core.conditions import All, Any, OneOf
from engine.core.guards import accepts
from engine.core.plan import Party
from engine.worktime import overlay
from tests.core.harness import DAYS, DESK, Story, at, local, plan_of
from tests.core.small_site import fact
from tests.core.test_invariants import RICH
from tests.core.test_semantics_examples import ARRIVE, GRADED, LATE, ROUNDS, WAITING


def rich() -> Story:
    return Story(plan_of(RICH)).open("11-16 09:00").do("11-16 09:10", "accept")


def ask(story: Story, when: str, act: commands.Act, actor: Actor = DESK, occurred: str | None = None):
    story.until_before(when)
    command = Command("T1", actor, at(when), act, None if occurred is None else at(occurred))
    return decide(story.plan, story.family, command)


STRANGER = Actor("stranger", frozenset({"guest"}))


@pytest.mark.parametrize(
    ("when", "act", "actor", "code", "detail"),
    [
        pytest.param("11-16 10:00", commands.Do("satisfied"), DESK, "state", "handling", id="not from this state"),
        pytest.param("11-16 10:00", commands.Do("fly"), DESK, "unknown", "fly", id="no such move"),
        pytest.param("11-16 10:00", commands.Do("contact"), STRANGER, "by", "stranger", id="not his to make"),
        pytest.param("11-16 10:00", commands.Do("regrade"), DESK, "missing", "severity", id="a fact is missing"),
        pytest.param(
            "11-16 10:00", commands.Do("contact", {"result": "x"}), DESK, "unknown", "result", id="not asked for"
        ),
        pytest.param(
            "11-16 10:00", commands.Do("regrade", {"severity": "odd"}), DESK, "value", "severity", id="no such value"
        ),
        pytest.param(
            "11-16 10:00", commands.Do("contact", {}, "x"), DESK, "unknown", "assignee", id="nobody is assigned here"
        ),
        pytest.param(
            "11-16 10:00", commands.Ack("resolve", "half"), DESK, "unknown", "resolve.half", id="not raised yet"
        ),
        pytest.param("11-16 10:00", commands.Escalate("nothing"), DESK, "unknown", "nothing", id="no such clock"),
        pytest.param("11-16 10:00", commands.Excuse("follow_up", "r"), DESK, "unknown", "follow_up", id="never ran"),
        pytest.param("11-16 10:00", commands.Unlink("r"), DESK, "unknown", "group", id="not linked"),
        pytest.param("11-16 10:00", commands.SetFacts({"no": "x"}, "r"), DESK, "unknown", "no", id="no such fact"),
        pytest.param(
            "11-16 10:00", commands.SetFacts({"result": "x"}, "r"), STRANGER, "by", "stranger", id="facts by a stranger"
        ),
        pytest.param(
            "11-16 10:00", commands.Recategorise("task"), DESK, "state", "handling", id="no such state over there"
        ),
        pytest.param("11-16 10:00", commands.Recategorise("odd"), DESK, "unknown", "odd", id="no such category"),
        pytest.param("11-16 10:00", commands.ApplyCalendar("odd"), DESK, "unknown", "odd", id="no such edition"),
        pytest.param("11-16 10:00", commands.Migrate("odd"), DESK, "unknown", "odd", id="no such version"),
        pytest.param(
            "11-16 10:00", commands.CorrectVerdict("x", "met", "e", "r"), DESK, "unknown", "x", id="no such run"
        ),
        pytest.param(
            "11-16 10:00", commands.PartMove("finish", "G"), DESK, "state", "handling", id="no member of that group"
        ),
    ],
)
def test_refused(when, act, actor, code, detail):
    story = rich()
    before = story.family
    answer = ask(story, when, act, actor)
    assert isinstance(answer, Refusal)
    assert (answer.code, answer.detail) == (code, detail)
    assert story.family.steps >= before.steps


def test_a_refusal_names_the_legal_moves():
    answer = ask(rich(), "11-16 10:00", commands.Do("satisfied"))
    assert "suspend" in answer.legal
    assert "satisfied" not in answer.legal


@pytest.mark.parametrize(
    "act",
    [
        commands.Do("contact"),
        commands.Assign("desk", "x"),
        commands.SetFacts({"result": "x"}, "r"),
        commands.Recategorise("task"),
        commands.Ack("contact", "due"),
        commands.Escalate("contact"),
        commands.Merge("T0"),
        commands.ApplyCalendar(DAYS.id),
    ],
    ids=lambda act: type(act).__name__,
)
def test_a_ticket_that_is_over_refuses_all_but_what_sets_its_record_right(act):
    answer = ask(rich().until("11-16 12:00").do("11-16 12:30", "withdraw"), "11-16 13:00", act)
    assert (answer.code, answer.detail) == ("closed", "withdrawn")


def test_open_parts_block_the_move_that_waits_for_them():
    story = rich().do("11-16 10:00", "involve")
    assert story.refused("11-16 11:00", "resolve").code == "when"
    story.do("11-16 12:00", "finish", ticket="T1.1").do("11-16 12:01", "resolve")
    assert story.ticket.state == "resolved"
    assert story.events(events.PartEnded)


BY_PARENT = RICH.replace(
    "moves: {finish: {title: 完成, from: todo, to: done}}",
    "moves: {finish: {title: 完成, from: todo, to: done}, cancel: {title: 撤销, from: todo, to: done, by: parent}}",
)


def test_what_only_the_parent_may_do_is_refused_even_to_who_has_the_parent_in_hand():
    story = Story(plan_of(BY_PARENT)).open("11-16 09:00").do("11-16 09:10", "accept").do("11-16 10:00", "involve")
    answer = decide(story.plan, story.family, Command("T1.1", DESK, at("11-16 11:00"), commands.Do("cancel")))
    assert isinstance(answer, Refusal)
    assert (answer.code, answer.legal, answer.whose) == ("by", ("finish",), ("parent",))


@pytest.mark.parametrize(
    ("by", "whose"),
    [
        ("boss", ("boss",)),
        ("[owner, first_contact]", ("desk", "first_contact")),
        ("[assignee, boss]", ("desk", "boss")),  # nobody has it in hand, so whose role it is
    ],
)
def test_who_may_not_make_a_move_is_told_whose_it_is_and_no_name(by, whose):
    text = RICH.replace("contact: {title: 联系, from", f"contact: {{title: 联系, by: {by}, from")
    story = Story(plan_of(text)).open("11-16 09:00").do("11-16 09:10", "accept")
    assert ask(story, "11-16 10:00", commands.Do("contact"), STRANGER).whose == whose


def test_a_move_on_the_parts_is_made_on_the_open_parts_of_this_ticket():
    text = BY_PARENT.replace("from: open, to: withdrawn}", "from: open, to: withdrawn, on_parts: cancel}")
    story = Story(plan_of(text)).open("11-16 09:00").do("11-16 09:10", "accept")
    for minute in (20, 30, 40):
        story.do(f"11-16 09:{minute}", "involve")
    story.do("11-16 10:00", "finish", ticket="T1.2").do("11-16 11:00", "withdraw")
    moved = [(event.ticket, event.move) for event in story.steps[-1].events if isinstance(event, events.Moved)]
    assert moved == [("T1", "withdraw"), ("T1.1", "cancel"), ("T1.3", "cancel")]


def test_a_move_of_the_group_reaches_a_member_only_where_its_own_plan_lets_the_parent_make_it():
    story = Story(plan_of(BY_PARENT)).open("11-16 09:00", category="task").send("11-16 09:10", commands.Link("G"))
    assert ask(story, "11-16 09:20", commands.PartMove("finish", "G")) == Refusal("state", "todo", ())
    assert ask(story, "11-16 09:20", commands.PartMove("fly", "G")) == Refusal("state", "todo", ())
    story.send("11-16 09:30", commands.PartMove("cancel", "G"))
    assert (story.ticket.state, story.events(events.Moved)[-1].by) == ("done", "parent")
    assert ask(story, "11-16 09:40", commands.PartMove("cancel", "G")) == Refusal("state", "done", ())


def test_a_final_state_ends_what_runs_void_and_what_is_overdue_missed():
    story = rich().until("11-16 12:00").do("11-16 12:30", "withdraw")
    assert story.run("contact").status == "missed"
    assert story.run("resolve").status == "void"
    assert story.ticket.closed == at("11-16 12:30")
    assert agenda(story.plan, story.family) == ()
    assert ask(story, "11-16 13:00", commands.Do("contact")).code == "closed"


@pytest.mark.parametrize(
    ("when", "code"),
    [
        pytest.param("11-16 10:30", None, id="soon after"),
        pytest.param("11-23 18:00", None, id="on the last minute"),
        pytest.param("11-23 18:01", "before", id="a minute too late"),
    ],
)
def test_a_guard_with_an_instant(when, code):
    story = rich().do("11-16 10:00", "resolve").do("11-16 10:05", "satisfied")
    answer = ask(story, when, commands.Do("reopen"))
    assert (answer.code if isinstance(answer, Refusal) else None) == code


def test_a_reopened_ticket_begins_a_round_and_is_open_again():
    story = rich().do("11-16 10:00", "resolve").do("11-16 10:05", "satisfied").do("11-17 09:00", "reopen")
    assert story.ticket.round == 2
    assert story.ticket.closed is None
    assert story.run("resolve").key == "resolve#2.1"


def test_a_path_has_each_stay_with_the_round_in_which_it_began():
    story = rich().do("11-16 10:00", "resolve").do("11-16 10:05", "dissatisfied").do("11-16 11:00", "resolve")
    assert [(stay.state, local(stay.since), stay.round) for stay in story.ticket.path] == [
        ("new", "11-16 09:00", 1),
        ("handling", "11-16 09:10", 1),
        ("resolved", "11-16 10:00", 1),
        ("handling", "11-16 10:05", 2),
        ("resolved", "11-16 11:00", 2),
    ]


def test_a_promise_renewed_while_it_runs_moves_and_after_its_breach_begins_anew():
    story = (
        rich()
        .do("11-16 10:00", "explain", promised_at="11-16 12:00")
        .do("11-16 11:00", "explain", promised_at="11-16 13:00")
    )
    assert story.run("promise").key == "promise#1.1"
    assert story.due("promise") == "11-16 13:00"
    assert story.ticket.promises == 2
    story.do("11-16 14:00", "explain", promised_at="11-16 16:00")
    assert [run.status for run in story.ticket.all_runs() if run.deadline == "promise"] == ["missed", "running"]


def test_a_promise_in_the_past_is_breached_at_once():
    story = rich().do("11-16 10:00", "explain", promised_at="11-16 09:30").until("11-16 10:00")
    breach = [event for event in story.events(events.Breached) if event.key.startswith("promise")]
    assert [local(event.effective_at) for event in breach] == ["11-16 09:30"]


def test_an_instant_limit_is_not_breached_while_paused_but_at_the_resume():
    story = (
        rich().do("11-16 10:00", "explain", promised_at="11-16 12:00").do("11-16 11:00", "suspend").until("11-16 13:00")
    )
    assert story.run("promise").status == "paused"
    story.do("11-16 14:00", "resume").until("11-16 14:00")
    assert story.run("promise").status == "breached"
    assert [local(e.effective_at) for e in story.events(events.Breached) if e.key.startswith("promise")] == [
        "11-16 14:00"
    ]


def test_done_while_paused_is_on_time():
    story = rich().do("11-16 10:00", "suspend").do("11-16 11:00", "report_progress")
    assert story.run("progress").key == "progress#1.2"
    assert [run.status for run in story.ticket.ended if run.deadline == "progress"] == ["met"]


def test_a_run_born_in_a_pausing_state_starts_paused():
    story = rich().do("11-16 10:00", "suspend").do("11-16 11:00", "report_progress")
    assert story.run("progress").status == "paused"
    assert story.run("progress").due is None


def test_the_engine_makes_the_move_that_a_cap_names():
    story = rich().do("11-16 10:00", "suspend").until("11-18 18:00")
    assert story.ticket.state == "handling"
    move = story.events(events.Moved)[-1]
    assert (move.move, move.by, local(move.effective_at)) == ("resume", "engine", "11-18 18:00")
    assert [run.status for run in story.ticket.ended if run.deadline == "waiting"] == ["missed"]


def test_repeats_follow_their_rung_until_the_next_one():
    story = rich().until("11-16 18:00")
    lines = [line.split(" | ", 1)[1] for line in story.lines("contact")]
    assert lines[1:] == [
        "11-16 10:46 | raised contact#1.1 soon",
        "11-16 11:10 | breached contact#1.1",
        "11-16 11:10 | raised contact#1.1 due",
        "11-16 13:10 | repeated contact#1.1 due 1",
        "11-16 14:10 | raised contact#1.1 boss",
    ]


def test_an_acknowledgement_stops_the_repeats_and_not_the_next_rung():
    story = rich().until("11-16 11:10").send("11-16 12:00", commands.Ack("contact", "due")).until("11-16 18:00")
    kinds = [line.rsplit(" | ", 1)[1] for line in story.lines("contact")]
    assert "repeated contact#1.1 due 1" not in kinds
    assert "raised contact#1.1 boss" in kinds


def test_an_old_acknowledgement_does_not_silence_a_newer_rung():
    story = rich().until("11-16 10:46").send("11-16 11:20", commands.Ack("contact", "soon")).until("11-16 13:10")
    assert story.lines("contact")[-1].endswith("repeated contact#1.1 due 1")


def test_escalating_by_hand_raises_the_next_rung_once():
    story = rich().until("11-16 11:10").send("11-16 11:30", commands.Escalate("contact"))
    raised = [event for event in story.events(events.Raised) if event.rung == "boss"]
    assert [(local(event.effective_at), event.early) for event in raised] == [("11-16 11:30", True)]
    story.until("11-16 18:00")
    assert (
        len([event for event in story.events(events.Raised) if event.rung == "boss" and event.key == "contact#1.1"])
        == 1
    )


def test_escalating_over_a_rung_that_was_passed_has_no_effect():
    story = rich().until("11-16 14:10")
    answer = ask(story, "11-16 14:20", commands.Escalate("contact", if_rung="due"))
    assert isinstance(answer, Outcome)
    assert answer.step.events == ()


def test_a_message_that_nobody_got_raises_the_next_rung():
    story = rich().until("11-16 11:10")
    story.send("11-16 11:20", commands.ReportDelivery("contact#1.1", "due", "undeliverable"))
    assert [event.rung for event in story.events(events.Raised)][-1] == "boss"


def test_an_exhausted_ladder_says_so_with_its_last_rung():
    story = rich().until("11-16 14:10")
    assert [(event.key, local(event.effective_at)) for event in story.events(events.LadderExhausted)] == [
        ("contact#1.1", "11-16 14:10")
    ]
    assert story.run("contact").climb.exhausted


def test_a_rung_whose_condition_does_not_hold_is_skipped():
    story = rich().until("11-18 19:00")
    skipped = [(event.rung, event.cause) for event in story.events(events.RungSkipped) if event.key == "resolve#1.1"]
    assert skipped == [("major", "condition")]


def test_when_a_due_moves_nearer_only_the_last_rung_passed_fires():
    story = Story(plan_of(RICH)).open("11-16 09:00", severity="major").do("11-16 09:10", "accept").until("11-20 12:00")
    story.do("11-20 16:30", "regrade", severity="general")
    events_ = story.steps[-1].events
    assert local(story.run("resolve").due) == "11-20 18:00"
    assert [e.rung for e in events_ if isinstance(e, events.RungSkipped)] == ["half"]
    assert [e.rung for e in events_ if isinstance(e, events.Raised)] == ["before"]


def test_an_excuse_ends_a_breach_and_its_ladder():
    story = rich().until("11-16 12:00").send("11-16 12:10", commands.Excuse("contact", "台风"))
    assert story.run("contact").status == "excused"
    assert story.lines("contact")[-1].endswith("ladder_stopped contact#1.1")


def test_an_excuse_of_a_verdict_names_its_reason():
    story = (
        rich().until("11-16 12:00").do("11-16 12:10", "contact").send("11-16 13:00", commands.Excuse("contact", "台风"))
    )
    (corrected,) = story.events(events.VerdictCorrected)
    assert (corrected.old, corrected.new, corrected.evidence, corrected.cause) == ("late", "excused", "台风", "excuse")


@pytest.mark.parametrize(
    ("act", "evidence"),
    [
        pytest.param(commands.SetFacts({"result": "x"}, "台风"), "", id="facts changed"),
        pytest.param(commands.CorrectFacts({"result": "x"}, "录音", "台风"), "录音", id="facts corrected"),
        pytest.param(commands.CorrectFacts({"result": "x"}, "台风", "台风"), "", id="its own evidence"),
        pytest.param(commands.CorrectVerdict("contact#1.1", "late", "录音", "台风"), "", id="verdict corrected"),
        pytest.param(commands.Excuse("contact", "台风"), "", id="open run excused"),
    ],
)
def test_a_reason_that_is_asked_for_stands_in_the_history(act, evidence):
    story = rich().until("11-16 12:00").send("11-16 12:10", act)
    (reasoned,) = story.events(events.Reasoned)
    assert (reasoned.reason, reasoned.evidence) == ("台风", evidence)
    assert reasoned == story.steps[-1].events[0]


def test_the_last_clock_of_a_ticket_cannot_be_excused():
    story = Story(plan_of(GRADED)).open("11-16 09:00", severity="general").until("11-20 09:00")
    story.send("11-20 10:00", commands.Excuse("answer", "r"))
    assert ask(story, "11-20 10:01", commands.Excuse("resolve", "r")).code == "last_clock"


def test_an_excuse_ends_a_duty_and_leaves_any_other_ticket_where_it_stands():
    """Even one whose workflow happens to have a state of that name."""
    text = LIABLE.replace(
        "done: {title: 完成, final: true}}", "done: {title: 完成, final: true}, excused: {title: 免, final: true}}"
    )
    text = text.replace("correct: {by: boss}", "let_off: {title: 免, from: todo, to: excused}, correct: {by: boss}")
    for category, deadline, state in (("matter", "finish", "todo"), ("rounds", "rounds", "excused")):
        story = Story(plan_of(text)).open("11-16 09:00", category=category)
        story.send("11-16 09:10", commands.Excuse(deadline, "r"))
        assert story.ticket.state == state


@pytest.mark.parametrize("to", ["met", "missed"])
def test_a_settled_verdict_is_corrected_with_evidence(to):
    story = rich().until("11-16 12:00").do("11-16 12:10", "contact")
    story.send("11-16 13:00", commands.CorrectVerdict("contact#1.1", to, "录音", "核对"))
    assert story.run("contact").status == to


def test_correcting_a_verdict_stops_the_ladder_of_what_is_still_owed_and_nothing_of_what_is_settled():
    owed = rich().until("11-16 12:00").send("11-16 12:10", commands.CorrectVerdict("contact#1.1", "met", "e", "r"))
    assert [line.rsplit(" | ", 1)[1] for line in owed.lines("contact")][-2:] == [
        "corrected contact#1.1 breached to met",
        "ladder_stopped contact#1.1",
    ]
    settled = rich().until("11-16 12:00").do("11-16 12:10", "contact")
    settled.send("11-16 12:20", commands.CorrectVerdict("contact#1.1", "met", "e", "r"))
    assert settled.lines("contact")[-1].endswith("corrected contact#1.1 late to met")


def test_the_last_clock_of_a_ticket_cannot_be_corrected_away_while_it_is_owed():
    story = Story(plan_of(GRADED)).open("11-16 09:00", severity="general").until("11-20 09:00")
    story.send("11-20 10:00", commands.Excuse("answer", "r"))
    met = commands.CorrectVerdict("resolve#1.1", "met", "e", "r")
    assert ask(story, "11-20 10:01", met).code == "last_clock"
    assert isinstance(ask(story.do("11-20 11:00", "finish"), "11-20 11:01", met), Outcome)


@pytest.mark.parametrize(
    ("key", "to", "verdict"),
    [
        pytest.param("contact#1.1", "late", "late", id="what it says already"),
        pytest.param("contact#1.1", "back", "late", id="back from an excuse there never was"),
        pytest.param("resolve#1.1", "met", "running", id="still running"),
        pytest.param("progress#1.1", "met", "excused", id="an excuse is taken back, not judged over"),
    ],
)
def test_a_verdict_that_cannot_be_corrected_so(key, to, verdict):
    story = rich().until("11-16 12:00").do("11-16 12:10", "contact")
    story.send("11-16 12:20", commands.Excuse("progress", "r"))
    answer = ask(story, "11-16 13:00", commands.CorrectVerdict(key, to, "e", "r"))
    assert (answer.code, answer.detail) == ("verdict", verdict)


def test_correcting_facts_changes_settled_verdicts_in_favour_only():
    """Answered after 30 hours as a general matter; it had been a major one all along, with 48."""
    story = Story(
        plan_of(
            RICH.replace(
                "major: {when: {severity: major}, is: 30 hours}", "major: {when: {severity: major}, is: 60 hours}"
            )
        )
    )
    story.open("11-16 09:00").do("11-16 09:10", "accept").until("11-18 09:00").do("11-18 09:30", "resolve")
    assert story.run("answer").status == "late"
    story.send("11-18 10:00", commands.CorrectFacts({"severity": "major"}, "原单", "登记错误"))
    assert story.run("answer").status == "met"


def test_a_transfer_touches_no_clock():
    story = rich()
    before = {name: run.due for name, run in story.ticket.runs.items()}
    story.do("11-16 10:00", "transfer")
    assert {name: run.due for name, run in story.ticket.runs.items()} == before


def test_facts_by_themselves_start_nothing():
    story = rich().send("11-16 10:00", commands.SetFacts({"visit_at": at("11-16 15:00")}, "r"))
    assert "visit" not in story.ticket.runs


VISITS = """
facts: {visit_at: {title: 上门, type: time}}
categories: {matter: {title: 事项, workflow: flow}}
workflows:
  flow:
    title: 流程
    initial: todo
    states: {todo: {title: 待办, owner: desk}, done: {title: 完成, final: true}}
    moves:
      arrange: {title: 约定, from: todo, ask: [visit_at]}
      visit: {title: 上门, from: todo}
      finish: {title: 完成, from: todo, to: done}
deadlines:
  visit: {title: 上门, of: matter, from: visit_at, until: visit, limit: 30 minutes, escalate: none}
  whole: {title: 全程, of: matter, from: opened, until: finish, limit: 9 hours, escalate: none}
"""


def test_the_move_that_first_gives_a_time_starts_what_runs_from_it_and_none_after_that():
    story = Story(plan_of(VISITS)).open("11-16 09:00").do("11-16 09:10", "arrange", visit_at="11-16 10:00")
    assert (local(story.run("visit").start), story.due("visit")) == ("11-16 10:00", "11-16 10:30")
    story.do("11-16 10:10", "visit").do("11-16 10:20", "arrange", visit_at="11-16 15:00")
    assert "visit" not in story.ticket.runs


def test_merging_ends_the_younger_ticket_and_points_to_the_older():
    story = rich().send("11-16 10:00", commands.Merge("T0"))
    assert story.ticket.state == "merged"
    assert story.ticket.closed == at("11-16 10:00")
    assert ask(story, "11-16 10:10", commands.Do("contact")) == Refusal("merged", "T0")


def test_linking_changes_no_clock_and_can_be_undone():
    story = rich()
    dues = {name: run.due for name, run in story.ticket.runs.items()}
    story.send("11-16 10:00", commands.Link("G"))
    assert story.ticket.ties.group == "G"
    story.send("11-16 10:05", commands.Unlink("r"))
    assert story.ticket.ties.group is None
    assert {name: run.due for name, run in story.ticket.runs.items()} == dues


def test_a_note_is_kept_and_changes_nothing():
    story = rich().send("11-16 10:00", commands.Note("听取意见"))
    assert [event.text for event in story.events(events.Noted)] == ["听取意见"]


def test_restart_forgets_the_time_before_and_keep_ignores_the_change():
    for mode, due in (("restart", "11-18 10:00"), ("keep", "11-17 09:00"), ("recompute", "11-18 09:00")):
        text = GRADED.replace(
            "major: {when: {severity: major}, is: 48 hours}}\n    escalate: none",
            f"major: {{when: {{severity: major}}, is: 48 hours}}}}\n    changes: {mode}\n    escalate: none",
        )
        story = (
            Story(plan_of(text)).open("11-16 09:00", severity="general").do("11-16 10:00", "regrade", severity="major")
        )
        assert story.due("answer") == due, mode


def test_a_paused_length_is_clamped_as_if_it_were_resumed_now():
    """Lowered while suspended: half an hour is left at the least, however long ago the new limit ran out."""
    text = RICH.replace(
        "general: {when: {severity: general}, is: 10 working hours}", "general: {when: {severity: general}, is: 1 hour}"
    )
    story = (
        Story(plan_of(text))
        .open("11-16 09:00", severity="major")
        .do("11-16 09:10", "accept")
        .do("11-16 15:00", "suspend")
    )
    story.do("11-16 16:00", "regrade", severity="general").do("11-16 17:00", "resume")
    assert story.due("answer") == "11-16 17:30"


def test_a_breached_run_is_settled_and_a_change_does_not_unbreach_it():
    story = Story(plan_of(GRADED)).open("11-16 09:00", severity="general").until("11-17 10:00")
    story.do("11-17 11:00", "regrade", severity="major")
    assert story.run("answer").status == "breached"


def test_a_late_report_beyond_its_opening_is_refused():
    story = Story(plan_of(LATE)).open("11-16 09:10")
    assert ask(story, "11-16 09:20", commands.Do("arrive"), occurred="11-16 09:00").code == "before_opening"
    assert ask(story, "11-16 09:20", commands.Do("arrive"), occurred="11-16 09:21").code == "future"


def test_a_late_report_of_an_ended_run_corrects_its_verdict():
    story = Story(plan_of(LATE)).open("11-16 09:10").do("11-16 10:20", "suspend").do("11-16 10:21", "resume")
    story.do("11-16 10:30", "arrive").do("11-16 10:31", "suspend")
    story.do("11-16 10:35", "arrive", occurred="11-16 10:08")
    assert story.run("arrive").status == "met"


def test_a_breach_that_falls_takes_what_it_started_with_it_and_stops_both_ladders():
    text = RICH.replace("limit: 2 hours, escalate: none}", "limit: 2 hours, escalate: climb}")
    story = Story(plan_of(text)).open("11-16 09:00").do("11-16 09:10", "accept").until("11-18 19:00")
    story.do("11-18 19:30", "resolve", occurred="11-18 17:50")
    assert [line.rsplit(" | ", 1)[1] for line in story.lines("resolve", "explanation")][-4:] == [
        "corrected resolve#1.1 breached to met",
        "ladder_stopped resolve#1.1",
        "void explanation#1.1",
        "ladder_stopped explanation#1.1",
    ]


def test_verdicts_of_an_instant_stand_before_its_rungs_in_the_order_of_the_plan():
    story = Story(plan_of(ROUNDS)).open("11-16 09:00").do("11-16 09:00", "accept").until("11-17 09:00")
    assert [line.rsplit(" | ", 1)[1] for line in story.lines("resolve", "progress")][2:] == [
        "breached resolve#1.1",
        "breached progress#1.1",
        "raised resolve#1.1 due",
        "raised progress#1.1 due",
    ]


def test_new_day_data_moves_a_provisional_due_and_ends_its_being_provisional():
    plan = plan_of(GRADED)
    days = [{"name": "元旦", "date": f"2027-01-0{n}", "isOffDay": True} for n in (1, 2, 3)]
    data = overlay(
        DAYS, {"year": 2027, "days": [*days, {"name": "元旦", "date": "2027-01-09", "isOffDay": False}]}, "2027"
    )
    plan = replace(plan, editions={**plan.editions, data.id: data})
    story = Story(plan).open("12-30 10:00", severity="general")
    assert story.run("resolve").provisional
    before = story.due("resolve")
    story.send("12-30 11:00", commands.ApplyCalendar("2027"))
    assert not story.run("resolve").provisional
    assert story.ticket.edition == "2027"
    assert before != ""


def test_new_day_data_counts_from_the_old_start():
    plan = plan_of(TWO_KINDS.replace("limit: 4 hours", "limit: 6 working hours"))
    days = [{"name": "元旦", "date": f"2027-01-0{n}", "isOffDay": True} for n in (1, 2, 3, 4)]
    data = overlay(DAYS, {"year": 2027, "days": days}, "2027")
    story = Story(replace(plan, editions={**plan.editions, data.id: data})).open("12-31 15:00", category="enquiry")
    assert story.due("reply") == "01-04 12:00"
    story.send("12-31 16:00", commands.ApplyCalendar("2027"))
    assert story.due("reply") == "01-05 12:00"


def test_messages_name_the_rule_and_the_addressee():
    story = Story(plan_of(ARRIVE)).open("11-16 09:00")
    outcomes = advance(story.plan, story.family, at("11-16 12:00"))
    messages = [message for outcome in outcomes for message in notices(story.plan, outcome.family, outcome.step)]
    assert [(message.to, [cause.name for cause in message.causes]) for message in messages] == [
        ("role:desk", ["arrive.due"]),
        ("role:boss", ["arrive.leader"]),
    ]
    assert messages[0].causes[0].rule.path == "escalations.default.due"


def test_a_message_of_a_rung_that_the_plan_has_no_more_is_told_in_standard_words():
    story = Story(plan_of(ARRIVE)).open("11-16 09:00").until("11-16 12:00")
    bare = replace(story.plan, ladders={}, deadlines=())
    raised = next(step for step in story.steps if any(isinstance(event, events.Raised) for event in step.events))
    ((cause,),) = [message.causes for message in notices(bare, story.family, raised)]
    assert (cause.name, cause.text, cause.loud) == ("arrive.due", None, False)


def test_suspending_at_the_very_due_leaves_nothing_and_the_resume_is_the_due():
    story = Story(plan_of(WAITING)).open("11-17 10:00").do("11-20 10:00", "suspend").do("11-20 12:00", "resume")
    assert local(story.run("resolve").due) == "11-20 12:00"
    story.do("11-20 12:00", "finish")
    assert story.run("resolve").status == "met"


TWO_KINDS = """
facts:
  severity: {title: 等级, values: {general: 一般, major: 重大}, default: general}
  place: 地点
categories:
  enquiry: {title: 咨询, workflow: asked}
  repair: {title: 报修, workflow: fixed, record: [place]}
workflows:
  asked:
    title: 咨询
    initial: todo
    states: {todo: {title: 待办, owner: desk}, done: {title: 完成, final: true}}
    moves: {finish: {title: 完成, from: todo, to: done}}
  fixed:
    title: 报修
    initial: booked
    states: {booked: {title: 已登记, owner: desk}, todo: {title: 待办, owner: boss}, done: {title: 完成, final: true}}
    moves: {send: {title: 派工, from: booked, to: todo}, finish: {title: 完成, from: [booked, todo], to: done}}
deadlines:
  reply: {title: 答复, of: enquiry, from: opened, until: finish, limit: 4 hours}
  finish:
    title: 完成
    of: [enquiry, repair]
    from: opened
    until: finish
    limit: {enquiry: {when: {category: enquiry}, is: 8 hours}, repair: {when: {category: repair}, is: 24 hours}}
escalations: {default: {soon: {at: 50%, notify: owner}, due: {at: due, notify: owner}}}
"""


@pytest.mark.parametrize(
    ("rungs", "exhausted"),
    [
        pytest.param("due: {at: due, notify: owner}", "11-16 13:00", id="at its last rung"),
        pytest.param("due: {at: due, notify: owner, every: 2 hours, times: 2}", "11-16 17:00", id="its last repeat"),
        pytest.param("soon: {at: 50%, notify: owner}", "11-16 13:00", id="at the breach: every rung was before it"),
        pytest.param(
            "soon: {at: 50%, notify: owner}, boss: {at: 1 hour after due, when: {severity: major}, notify: boss}",
            "11-16 14:00",
            id="at a last rung that is not for this ticket",
        ),
        pytest.param(
            "boss: {at: due, when: {severity: major}, notify: boss}", "11-16 13:00", id="without having raised anything"
        ),
        pytest.param(
            "due: {at: due, notify: owner, every: 20 minutes, times: 2}, boss: {at: 1 hour after due, notify: boss}",
            "11-16 14:00",
            id="not by the repeats of a rung that another follows",
        ),
    ],
)
def test_when_a_ladder_is_exhausted(rungs, exhausted):
    plan = plan_of(TWO_KINDS.partition("escalations:")[0] + f"escalations: {{default: {{{rungs}}}}}")
    story = Story(plan).open("11-16 09:00", category="enquiry").until("11-17 00:00")
    found = [local(event.effective_at) for event in story.events(events.LadderExhausted) if "reply" in event.key]
    assert found == [exhausted]


def test_recategorising_keeps_what_both_know_and_ends_what_the_new_kind_has_not():
    story = Story(plan_of(TWO_KINDS)).open("11-16 09:00", category="enquiry").until("11-16 11:30")
    story.send("11-16 12:00", commands.Recategorise("repair", {"place": "A"}))
    assert story.ticket.category == "repair"
    assert story.run("reply").status == "void"
    assert [event.key for event in story.events(events.LadderStopped)] == ["reply#1.1"]
    assert (story.run("finish").status, story.due("finish")) == ("running", "11-17 09:00")
    assert story.ticket.fact("place") == "A"


AGAIN = TWO_KINDS.replace(
    "limit: 4 hours}", "limit: {again: {when: {repeats: at least 1}, is: 1 hour}, once: {is: 4 hours}}}"
) + (
    "detections: {again: {title: 重复, of: enquiry, same: place, count: 2, within: 9 calendar days, link: repeat_of}}\n"
)


@pytest.mark.parametrize(
    ("done", "due"),
    [
        pytest.param(None, "11-16 10:30", id="running: it is asked again"),
        pytest.param("09:20", "11-16 13:00", id="over: it stands"),
    ],
)
def test_a_detection_that_finds_a_repetition_may_shorten_a_limit(done, due):
    story = Story(plan_of(AGAIN)).open("11-16 09:00", category="enquiry", place="A")
    if done:
        story.do(f"11-16 {done}", "finish")
    story.send("11-16 10:00", commands.Detected("again", ("T0", "T1"), True))
    assert story.due("reply") == due
    assert (story.ticket.ties.repeat_of, story.ticket.ties.repeats) == ("T0", 1)


def test_recategorising_needs_the_facts_of_the_new_kind():
    story = Story(plan_of(TWO_KINDS)).open("11-16 09:00", category="enquiry")
    answer = ask(story, "11-16 09:10", commands.Recategorise("repair"))
    assert (answer.code, answer.detail) == ("missing", "place")


def test_a_state_of_another_name_is_mapped():
    story = Story(plan_of(TWO_KINDS)).open("11-16 09:00", category="enquiry")
    story.send("11-16 09:10", commands.Recategorise("repair", {"place": "A"}, {"todo": "booked"}))
    assert story.ticket.state == "booked"


def test_a_stated_value_can_be_taken_back_and_the_default_counts_again():
    story = rich().do("11-16 10:00", "regrade", severity="major")
    assert story.ticket.fact("severity") == "major"
    story.send("11-16 10:10", commands.SetFacts({"severity": None}, "r"))
    assert story.ticket.fact("severity") == "general"
    assert "severity" not in story.ticket.stated


def test_migrating_maps_states_ends_what_is_gone_and_starts_what_was_added():
    old = plan_of(TWO_KINDS)
    new = plan_of(
        TWO_KINDS.replace(
            "  reply: {title: 答复, of: enquiry, from: opened, until: finish, limit: 4 hours}",
            "  check: {title: 核对, of: enquiry, from: opened, until: finish, limit: 2 hours}",
        ).replace("is: 8 hours", "is: 6 hours")
    )
    story = Story(old).open("11-16 09:00", category="enquiry").until_before("11-16 10:00")
    act = commands.Migrate(new.version, {}, {"finish": "recompute"}, added=("check",))
    outcome = decide(new, story.family, Command("T1", DESK, at("11-16 10:00"), act))
    ticket = outcome.family.root
    assert ticket.plan == new.version
    assert {run.deadline: run.status for run in ticket.ended} == {"reply": "void"}
    assert local(ticket.runs["finish"].due) == "11-16 15:00"
    assert local(ticket.runs["check"].due) == "11-16 12:00"


@pytest.mark.parametrize(
    ("mode", "due"), [("keep", "11-16 17:00"), ("recompute", "11-16 15:00"), ("restart", "11-16 16:00")]
)
def test_a_migration_keeps_recomputes_or_restarts_each_deadline(mode, due):
    old, new = plan_of(TWO_KINDS), plan_of(TWO_KINDS.replace("is: 8 hours", "is: 6 hours"))
    story = Story(old).open("11-16 09:00", category="enquiry")
    act = commands.Migrate(new.version, {}, {"finish": mode})
    outcome = decide(new, story.family, Command("T1", DESK, at("11-16 10:00"), act))
    assert local(outcome.family.root.runs["finish"].due) == due


def test_a_migration_moves_a_limit_that_is_an_instant():
    old, new = plan_of(MOMENTS), plan_of(MOMENTS.replace("2 hours after check due", "3 hours after check due"))
    story = Story(old).open("11-16 09:00")
    outcome = decide(new, story.family, Command("T1", DESK, at("11-16 10:00"), commands.Migrate(new.version, {}, {})))
    run = outcome.family.root.runs["report"]
    assert (local(run.due), run.provisional) == ("11-16 13:00", False)


def test_a_migration_that_ends_a_limit_gives_the_all_clear_to_who_was_warned():
    old = plan_of(TWO_KINDS)
    new = plan_of(TWO_KINDS.replace("{category: enquiry}, is", "{category: enquiry, severity: major}, is"))
    story = Story(old).open("11-16 09:00", category="enquiry").until("11-16 13:30")
    outcome = decide(new, story.family, Command("T1", DESK, at("11-16 14:00"), commands.Migrate(new.version)))
    stopped = [event.key for event in outcome.step.events if isinstance(event, events.LadderStopped)]
    assert stopped == ["finish#1.1"]
    assert {run.deadline: run.status for run in outcome.family.root.ended}["finish"] == "void"


def test_who_is_told_when_a_breach_falls_and_when_a_ladder_stops():
    story = Story(plan_of(LATE)).open("11-16 09:10").do("11-16 10:20", "arrive", occurred="11-16 10:05")
    messages = notices(story.plan, story.family, story.steps[-1])
    assert [(message.to, [cause.kind for cause in message.causes]) for message in messages] == [
        ("role:desk", ["all-clear"])
    ]


SAME_INSTANT = """
categories: {matter: {title: 事项, workflow: flow}}
workflows:
  flow:
    title: 流程
    initial: todo
    states: {todo: {title: 待办, owner: desk}, done: {title: 完成, final: true}}
    moves: {lapse: {title: 过期, from: todo, to: done}, answer: {title: 答复, from: todo}}
deadlines:
  whole: {title: 全程, of: matter, from: opened, until: answer, limit: 1 hour, then: lapse, escalate: none}
  answer: {title: 答复, of: matter, from: opened, until: answer, limit: 1 hour, escalate: none}
"""


def test_no_consequence_of_an_instant_changes_a_verdict_of_the_same_instant():
    """`whole` stands first in the plan, but its move would close the ticket: the plain verdict comes before it."""
    story = Story(plan_of(SAME_INSTANT)).open("11-16 09:00").until("11-16 10:00")
    assert [line.rsplit(" | ", 1)[1] for line in story.lines()][2:] == [
        "breached answer#1.1",
        "breached whole#1.1",
        "missed whole#1.1",
        "missed answer#1.1",
    ]
    assert story.ticket.state == "done"


MOMENTS = """
facts: {day_on: {title: 日期, type: date}}
categories: {matter: {title: 事项, workflow: flow, record: [(day_on)]}}
workflows:
  flow:
    title: 流程
    initial: todo
    states: {todo: {title: 待办, owner: desk}, held: {title: 搁置, owner: desk}, done: {title: 完成, final: true}}
    moves:
      check: {title: 检查, from: [todo, held]}
      hold: {title: 搁置, from: todo, to: held}
      ask_more: {title: 申请, from: todo, before: check due}
      object: {title: 异议, from: [todo, held], before: 1 hour after check breached}
      praise: {title: 表扬, from: [todo, held], before: 1 hour after check met}
      retract: {title: 收回, from: held, before: 30 minutes after held}
      redo: {title: 重做, from: [todo, held], before: 10 minutes after hold}
      finish: {title: 完成, from: [todo, held], to: done}
deadlines:
  check: {title: 检查, of: matter, from: opened, until: check, limit: 1 hour, escalate: none}
  report: {title: 汇报, of: matter, from: opened, until: finish, limit: 2 hours after check due, escalate: none}
  by_day: {title: 当日, of: matter, from: opened, until: finish, limit: day_on, escalate: none}
"""


@pytest.mark.parametrize(
    ("move", "last", "late"),
    [
        pytest.param("ask_more", "11-16 10:00", "11-16 10:01", id="a due"),
        pytest.param("object", "11-16 11:00", "11-16 11:01", id="after a breach"),
    ],
)
def test_a_guard_up_to_a_moment_of_a_deadline(move, last, late):
    story = Story(plan_of(MOMENTS)).open("11-16 09:00")
    assert isinstance(ask(story, last, commands.Do(move)), Outcome)
    assert ask(Story(plan_of(MOMENTS)).open("11-16 09:00"), late, commands.Do(move)).code == "before"


def test_a_guard_up_to_a_moment_that_has_not_come_refuses_nothing():
    story = Story(plan_of(MOMENTS)).open("11-16 09:00")
    for move in ("object", "praise", "redo"):
        assert isinstance(ask(story, "11-16 09:30", commands.Do(move)), Outcome), move


def test_a_guard_after_a_deadline_was_met():
    story = Story(plan_of(MOMENTS)).open("11-16 09:00").do("11-16 09:20", "check")
    assert isinstance(ask(story, "11-16 10:20", commands.Do("praise")), Outcome)
    assert ask(story, "11-16 10:21", commands.Do("praise")).code == "before"


def test_what_was_done_late_was_not_met():
    story = Story(plan_of(MOMENTS)).open("11-16 09:00").do("11-16 10:30", "check")
    assert isinstance(ask(story, "11-16 14:00", commands.Do("praise")), Outcome)


def test_a_guard_after_a_state_and_after_a_move():
    story = Story(plan_of(MOMENTS)).open("11-16 09:00").do("11-16 09:20", "hold")
    assert isinstance(ask(story, "11-16 09:30", commands.Do("redo")), Outcome)
    assert ask(story, "11-16 09:31", commands.Do("redo")).code == "before"
    assert isinstance(ask(story, "11-16 09:50", commands.Do("retract")), Outcome)
    assert ask(story, "11-16 09:51", commands.Do("retract")).code == "before"


def test_a_limit_after_the_due_of_another_deadline():
    assert Story(plan_of(MOMENTS)).open("11-16 09:00").due("report") == "11-16 12:00"


@pytest.mark.parametrize(("day", "due"), [("2026-11-18", "11-18 18:00"), ("2026-11-21", "11-23 18:00")])
def test_a_bare_date_means_its_close_of_business(day, due):
    assert Story(plan_of(MOMENTS)).open("11-16 09:00", day_on=day).due("by_day") == due


@pytest.mark.parametrize(
    "act",
    [
        commands.Assign("desk", "x"),
        commands.SetFacts({"result": "x"}, "r"),
        commands.CorrectFacts({"result": "x"}, "e", "r"),
        commands.CorrectVerdict("contact#1.1", "met", "e", "r"),
        commands.Excuse("contact", "r"),
        commands.Recategorise("task"),
        commands.Ack("contact", "due"),
        commands.Escalate("contact"),
        commands.Note("x"),
        commands.Link("G"),
        commands.Unlink("r"),
        commands.Merge("T0"),
    ],
    ids=lambda act: type(act).__name__,
)
def test_a_stranger_may_make_no_standing_move(act):
    answer = ask(rich().until("11-16 12:00"), "11-16 12:10", act, STRANGER)
    assert (answer.code, answer.detail) == ("by", "stranger")


def test_a_command_may_stand_beside_a_command_but_only_after_a_timer():
    assert rich().family.floor == at("11-16 09:10")
    assert rich().until("11-16 11:10").family.floor == at("11-16 11:10") + 1


def test_steps_are_counted_from_one():
    story = rich().until("11-16 12:00")
    assert [step.number for step in story.steps] == list(range(1, len(story.steps) + 1))
    assert story.family.steps == len(story.steps)


LIABLE = """
categories: {matter: {title: 事项, workflow: flow}}
workflows:
  flow:
    title: 流程
    initial: todo
    states: {todo: {title: 待办, owner: desk}, done: {title: 完成, final: true}}
    moves: {finish: {title: 完成, from: todo, to: done}, correct: {by: boss}, excuse: {by: boss}}
deadlines:
  finish: {title: 完成, of: matter, from: opened, until: finish, limit: 1 hour, escalate: none}
  whole: {title: 全程, of: matter, from: opened, until: finish, limit: 9 hours, escalate: none}
duties: {rounds: {title: 巡查, every: day, at: "08:00", within: 1 hour, owner: desk, escalate: none}}
liability:
  late: {when: {finding: breach, deadline: finish}, is: custodian}
  rounds: {when: {finding: breach, duty: rounds}, is: first_contact}
  empty: {when: {finding: empty_post}, is: custodian}
  otherwise: {is: owner}
"""


@pytest.mark.parametrize(
    ("category", "until", "who", "rule"),
    [
        pytest.param("matter", "11-16 10:00", ["keeper"], "liability.late", id="the holder of the post"),
        pytest.param("matter", "11-16 18:00", ["keeper", "desk"], "liability.otherwise", id="the rest row: the owner"),
        pytest.param("rounds", "11-16 10:00", ["desk"], "liability.rounds", id="a duty, by its own row"),
    ],
)
def test_who_answers_for_a_breach(category, until, who, rule):
    story = Story(plan_of(LIABLE)).open("11-16 09:00", category=category).until(until)
    found = [
        liable(story.plan, History(story.family, story.steps), story.ticket, finding, lambda role, instant: "keeper")
        for event in story.events(events.Breached)
        for finding in findings(story.plan, story.ticket, event)
    ]
    assert [one.who for one in found] == who
    assert found[-1].rule.path == rule


@pytest.mark.parametrize(
    ("name", "of_duty", "rule"),
    [
        ("finish", False, "liability.late"),
        ("finish", True, "liability.otherwise"),
        ("rounds", True, "liability.rounds"),
        ("rounds", False, "liability.otherwise"),
    ],
)
def test_a_breach_is_of_a_deadline_or_of_a_duty_whatever_they_are_called(name, of_duty, rule):
    story = Story(plan_of(LIABLE)).open("11-16 09:00")
    finding = Finding("breach", name, at("11-16 10:00"), "role:desk", of_duty)
    assert (
        liable(
            story.plan, History(story.family, story.steps), story.ticket, finding, lambda role, at: "keeper"
        ).rule.path
        == rule
    )


def test_nobody_answers_for_an_excused_breach():
    story = (
        Story(plan_of(LIABLE))
        .open("11-16 09:00")
        .until("11-16 10:00")
        .send("11-16 10:10", commands.Excuse("finish", "r"))
    )
    (event,) = story.events(events.Breached)
    (finding,) = findings(story.plan, story.ticket, event)
    assert (
        liable(story.plan, History(story.family, story.steps), story.ticket, finding, lambda role, instant: "keeper")
        is None
    )


HELD = """
facts: {crew: {title: 班组, type: role, default: desk}}
categories: {matter: {title: 事项, workflow: flow}}
workflows:
  flow:
    title: 流程
    initial: todo
    states: {todo: {title: 待办, owner: crew}, done: {title: 完成, final: true}}
    moves:
      hand_on: {title: 转派, from: todo, by: [desk, boss], ask: [crew]}
      finish: {title: 完成, from: todo, to: done, by: [desk, boss]}
      assign: {by: [desk, boss]}
      correct: {by: boss}
deadlines: {finish: {title: 完成, of: matter, from: opened, until: finish, limit: 1 hour, escalate: none}}
liability: {otherwise: {is: %s}}
"""


def answers(story):
    """Who answers for each breach of a story that is over."""
    history = History(story.family, story.steps)
    return [
        found and found.who
        for event in story.events(events.Breached)
        for finding in findings(story.plan, story.ticket, event)
        for found in [liable(story.plan, history, story.ticket, finding, lambda role, at: None)]
    ]


@pytest.mark.parametrize(
    ("when", "who"),
    [("11-16 09:59", "boss"), ("11-16 10:00", "desk"), ("11-16 10:01", "desk")],
    ids=["before the due", "in its very second", "after it"],
)
@pytest.mark.parametrize("party", ["owner", "custodian"])
def test_for_a_breach_answers_who_held_the_matter_immediately_before(party, when, who):
    story = Story(plan_of(HELD % party)).open("11-16 09:00").do(when, "hand_on", crew="boss").until("11-16 12:00")
    assert answers(story) == [who]


@pytest.mark.parametrize("party", ["assignee", "custodian"])
def test_for_a_breach_answers_who_was_assigned_then_and_not_who_is_today(party):
    story = Story(plan_of(HELD % party)).open("11-16 09:00")
    story.send("11-16 09:30", commands.Assign("desk", "甲")).send("11-16 11:00", commands.Assign("desk", "乙"))
    assert answers(story) == ["甲"]


def test_nobody_answers_for_a_breach_that_was_none():
    story = Story(plan_of(HELD % "owner")).open("11-16 09:00").do("11-16 11:00", "finish")
    assert answers(story) == ["desk"]
    story.send("11-16 12:00", commands.CorrectVerdict("finish#1.1", "met", "tape", "misheard"))
    assert answers(story) == [None]


def test_for_a_detection_its_owner_answers():
    plan = plan_of(HELD % "owner")
    story = Story(plan).open("11-16 09:00")
    table = Table((Row(Rule("liability.it"), OneOf("detection", frozenset({"again"})), Party("word", "owner")),))
    (finding,) = findings(
        plan, story.ticket, events.DetectionFired("T1", at("11-16 09:00"), Rule("r"), "again", ("T0", "T1"), True, ())
    )
    found = liable(
        replace(plan, liability=table), History(story.family, story.steps), story.ticket, finding, lambda role, at: None
    )
    assert found.who == "desk"


OF_THE_CATEGORY = OneOf("category", frozenset({"matter"}))
OF_THE_DETECTION = OneOf("detection", frozenset({"again"}))


@pytest.mark.parametrize(
    ("when", "is_named"),
    [
        pytest.param(None, False, id="the rest row"),
        pytest.param(OF_THE_CATEGORY, False, id="a row about something else that holds, too"),
        pytest.param(OF_THE_DETECTION, True, id="a row of its own"),
        pytest.param(All((OF_THE_CATEGORY, OF_THE_DETECTION)), True, id="with more that must hold"),
        pytest.param(Any((OF_THE_CATEGORY, OF_THE_DETECTION)), True, id="one of several"),
    ],
)
def test_for_a_detection_somebody_answers_only_where_a_row_names_it(when, is_named):
    story = Story(plan_of(LIABLE)).open("11-16 09:00")
    table = Table((Row(Rule("liability.it"), when, Party("word", "owner")),))
    finding = Finding("detection", "again", at("11-16 09:00"), "role:desk")
    found = liable(
        replace(story.plan, liability=table),
        History(story.family, story.steps),
        story.ticket,
        finding,
        lambda role, at: "keeper",
    )
    assert (found and found.who) == ("desk" if is_named else None)


def test_an_empty_post_is_asked_of_the_same_table():
    plan = plan_of(LIABLE)
    found = liable_of_site(
        plan, Finding("empty_post", "desk", at("11-16 12:00"), "role:desk"), lambda role, instant: "keeper"
    )
    assert (found.who, found.rule.path) == ("keeper", "liability.empty")


@pytest.mark.parametrize(
    ("type", "good", "bad"),
    [
        ("choice", ["noise"], ["loud", None]),
        ("flag", [True, False], [1, 0, "yes"]),
        ("number", [0, -3, 2.5], [True, "3"]),
        ("score", [0, 100, 62.5], [-1, 101, True, "62"]),
        ("time", [0, 1_790_000_000], [2.5, True, "2026-11-16"]),
        ("role", ["desk"], ["stranger", 1]),
        ("text", ["", "x"], [1, True]),
        ("date", ["2026-11-16"], [1_790_000_000]),
    ],
)
def test_a_fact_takes_values_of_its_type_only(type, good, bad):
    asked = fact("it", type, "noise dirt")
    assert [accepts(asked, value, {"desk"}) for value in good] == [True] * len(good)
    assert [accepts(asked, value, {"desk"}) for value in bad] == [False] * len(bad)
