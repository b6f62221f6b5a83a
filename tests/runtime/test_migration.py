"""Open tickets on their way to another version: the preview says what happens, nothing happens to what it refuses."""

from __future__ import annotations

import pytest

from engine.core import Command, Refusal, agenda, commands
from engine.runtime import Plans, Roster, Service, Site, index_of
from engine.runtime.migration import Migration, migrate, preview
from engine.store import Done, MemoryStore, Query, StoreError
from tests.core.harness import DAYS, DESK, at, local, plan_of

OLD = """
categories:
  matter: {title: 事项, workflow: flow}
  part: {title: 分项, workflow: small}
workflows:
  flow:
    title: 流程
    initial: todo
    states:
      todo: {title: 待办, owner: desk}
      waiting: {title: 等待, owner: desk, pauses: all, at_most: 5 calendar days}
      done: {title: 完成, final: true}
    moves:
      split: {title: 分派, from: todo, opens: part}
      suspend: {title: 挂起, from: todo, to: waiting}
      resume: {title: 恢复, from: waiting, to: todo}
      finish: {title: 完成, from: todo, to: done}
  small:
    title: 分项
    initial: begun
    states: {begun: {title: 开始, owner: desk}, over: {title: 结束, final: true}}
    moves: {end: {title: 结束, from: begun, to: over}}
deadlines:
  finish: {title: 完成, of: matter, from: opened, until: finish, limit: 8 hours}
  reply: {title: 答复, of: matter, from: opened, until: finish, limit: 4 hours}
  end: {title: 结束, of: part, from: opened, until: end, limit: 6 hours}
escalations:
  default: {due: {at: due, notify: owner, every: 1 hour, times: 3}, boss: {at: 6 hours after due, notify: boss}}
"""
NEW = OLD.replace("limit: 8 hours", "limit: 6 hours").replace("reply: {title: 答复", "check: {title: 核对")
START = at("11-16 09:00")
NOON = at("11-16 12:00")


def site(*texts, store=None):
    plans = tuple(plan_of(text) for text in texts)
    return Service(
        Site(Plans.of(*plans), Roster(Plans.of(*plans), DAYS.id, complete=False), DAYS.id),
        store or MemoryStore(),
        START,
    )


def opened(new=NEW, tickets=1):
    """A site on which tickets were opened under the old plan, and which runs by another now."""
    service = site(OLD)
    for n in range(1, tickets + 1):
        do(service, START, commands.Open("matter", {}, "desk", "", DAYS.id), f"T{n}")
    service.adopt(START + 60, plan_of(new))
    return service


def do(service, instant, act, ticket="T1"):
    done = service.handle(Command(ticket, DESK, instant, act))
    assert isinstance(done, Done), done
    return done


def log_of(service):
    return {family.id: service.store.steps(family.id) for family in service.store.families()}


def dues(change):
    shown = {True: "-", False: ""}
    return {
        due.deadline: f"{due.what} {shown[due.old is None] or local(due.old)} {shown[due.new is None] or local(due.new)}"
        for due in change.dues
    }


@pytest.mark.parametrize(
    ("mode", "finish"),
    [
        ("keep", "kept 11-16 17:00 11-16 17:00"),
        ("recompute", "moved 11-16 17:00 11-16 15:00"),
        ("restart", "moved 11-16 17:00 11-16 18:00"),
    ],
)
def test_a_preview_lists_what_becomes_of_each_deadline(mode, finish):
    service = opened()
    before = log_of(service)
    (change,) = preview(service, Migration(plan_of(NEW).version, mode), NOON)
    assert dues(change) == {
        "finish": finish,
        "reply": "ended 11-16 13:00 -",
        "check": "started - 11-16 16:00",
    }
    assert change.moves
    assert change.refused is None
    assert log_of(service) == before


@pytest.mark.parametrize("mode", ["keep", "recompute", "restart"])
def test_what_is_done_is_what_the_preview_said(mode):
    service = opened(tickets=3)
    migration = Migration(plan_of(NEW).version, mode)
    said = preview(service, migration, NOON)
    assert migrate(service, migration, NOON) == said
    for change in said:
        family = service.store.load(change.ticket)
        assert family.root.plan == plan_of(NEW).version
        new = {due.deadline: due.new for due in change.dues if due.what != "ended"}
        assert {name: run.due for name, run in family.root.runs.items()} == new
        assert service.store.timers(family.id) == agenda(plan_of(NEW), family)
    assert {row.plan for row in service.store.rows(Query(open=True))} == {plan_of(NEW).version}


def test_single_deadlines_may_be_migrated_otherwise():
    service = opened()
    (change,) = preview(service, Migration(plan_of(NEW).version, "keep", {"finish": "restart"}), NOON)
    assert dues(change)["finish"] == "moved 11-16 17:00 11-16 18:00"


@pytest.mark.parametrize("mode", ["keep", "recompute"])
def test_i21_migrating_to_a_plan_with_the_same_limits_changes_no_due(mode):
    same = OLD.replace("title: 完成, of", "title: 办结, of")
    service = opened(same, tickets=2)
    do(service, START + 3600, commands.Do("suspend"), "T2")
    found = preview(service, Migration(plan_of(same).version, mode), NOON)
    assert [change.ticket for change in found] == ["T1", "T2"]
    assert not any(change.moves for change in found)
    assert migrate(service, Migration(plan_of(same).version, mode), NOON) == found


def test_a_migration_that_is_asked_for_again_finds_nothing_left():
    service = opened()
    migration = Migration(plan_of(NEW).version)
    assert migrate(service, migration, NOON)
    before = log_of(service)
    assert migrate(service, migration, NOON + 60) == ()
    assert preview(service, migration, NOON + 60) == ()
    assert log_of(service) == before


def test_it_goes_there_and_back_and_there_again():
    service = opened()
    there, back = Migration(plan_of(NEW).version), Migration(plan_of(OLD).version)
    for n, migration in enumerate((there, back, there)):
        assert len(migrate(service, migration, NOON + n)) == 1
    assert service.store.load("T1").root.plan == plan_of(NEW).version


def test_a_state_without_a_mapping_is_listed_and_left_as_it_is():
    renamed = NEW.replace("waiting", "parked")
    service = opened(renamed, tickets=2)
    do(service, START + 3600, commands.Do("suspend"))
    before = service.store.steps("T1")
    free, stuck = migrate(service, Migration(plan_of(renamed).version), NOON)
    assert (stuck.ticket, stuck.refused, stuck.dues) == ("T1", Refusal("state", "waiting"), ())
    assert service.store.steps("T1") == before
    assert (free.ticket, free.refused) == ("T2", None)
    (mapped,) = migrate(service, Migration(plan_of(renamed).version, states={"waiting": "parked"}), NOON + 60)
    assert (mapped.refused, mapped.state, mapped.new_state) == (None, "waiting", "parked")
    assert service.store.load("T1").root.state == "parked"


def test_a_ticket_and_its_parts_migrate_together():
    service = opened()
    do(service, START + 3600, commands.Do("split"))
    both = migrate(service, Migration(plan_of(NEW).version), NOON)
    assert [change.ticket for change in both] == ["T1", "T1.1"]
    family = service.store.load("T1")
    assert {ticket.plan for ticket in family.tickets.values()} == {plan_of(NEW).version}


def test_a_part_that_cannot_migrate_keeps_its_ticket_back():
    renamed = NEW.replace("begun", "started")
    service = opened(renamed)
    do(service, START + 3600, commands.Do("split"))
    before = log_of(service)
    both = migrate(service, Migration(plan_of(renamed).version), NOON)
    assert [(change.ticket, change.refused.detail) for change in both] == [("T1", "begun"), ("T1.1", "begun")]
    assert log_of(service) == before


def test_only_some_tickets_are_migrated_if_so_wished():
    service = opened(tickets=3)
    assert [change.ticket for change in migrate(service, Migration(plan_of(NEW).version), NOON, ["T2"])] == ["T2"]
    assert service.store.load("T1").root.plan == plan_of(OLD).version


def test_what_was_due_before_is_applied_first_by_the_old_plan():
    service = opened()
    late = at("11-16 17:10")
    said = preview(service, Migration(plan_of(NEW).version, "restart"), late)
    assert migrate(service, Migration(plan_of(NEW).version, "restart"), late) == said
    root = service.store.load("T1").root
    assert [(run.key, run.status) for run in root.ended] == [("reply#1.1", "missed")]  # breached at 13:00
    assert root.runs["finish"].status == "breached"  # at 17:00, and settled: no limit of the new plan un-breaches it
    assert dues(said[0])["finish"] == "kept 11-16 17:00 11-16 17:00"


@pytest.mark.parametrize("ladder", ["none", "other"])
def test_a_ladder_outlives_a_rung_that_the_new_plan_does_not_have(ladder):
    """What was raised stays raised; the rungs that exist go on at their own instants (SEMANTICS §11)."""
    new = NEW.replace("due: {at: due, notify: owner, every: 1 hour, times: 3}, ", "")
    if ladder == "none":
        new = new.replace("limit: 6 hours}\n  check", "limit: 6 hours, escalate: none}\n  check")
    service = opened(new)
    migrate(service, Migration(plan_of(new).version), at("11-16 17:10"))
    service.advance(at("11-17 09:00"))
    run = service.store.load("T1").root.runs["finish"]
    assert run.status == "breached"
    assert list(run.climb.raised) == (["due"] if ladder == "none" else ["due", "boss"])


def test_a_version_that_the_site_never_ran_by_is_refused():
    service = opened()
    for ask in (preview, migrate):
        with pytest.raises(StoreError, match="test never ran by version nosuch"):
            ask(service, Migration("nosuch"), NOON)


def test_closed_tickets_are_left_alone():
    service = opened(tickets=2)
    do(service, START + 3600, commands.Do("finish"))
    assert [change.ticket for change in migrate(service, Migration(plan_of(NEW).version), NOON)] == ["T2"]


def test_a_closed_part_comes_along_so_that_its_family_goes_by_one_plan():
    service = opened()
    do(service, START + 3600, commands.Do("split"))
    do(service, START + 3660, commands.Do("end"), "T1.1")
    assert [change.ticket for change in migrate(service, Migration(plan_of(NEW).version), NOON)] == ["T1"]
    family = service.store.load("T1")
    assert {ticket.plan for ticket in family.tickets.values()} == {plan_of(NEW).version}
    assert family.tickets["T1.1"].closed == START + 3660


@pytest.mark.parametrize("gone", ["over", "part"])
def test_a_closed_part_for_which_the_new_plan_has_no_place_is_left_behind_and_keeps_nobody(gone):
    again = OLD.replace(
        "    moves: {end:", "    moves: {again: {title: 再次, from: over, to: begun, rework: true}, end:"
    )
    again = again.replace("of: part, from: opened", "of: part, from: [opened, again]")
    new = again.replace("8 hours", "6 hours").replace(gone, "other")
    service = site(again)
    for name in ("T1", "T2"):
        do(service, START, commands.Open("matter", {}, "desk", "", DAYS.id), name)
    do(service, START + 60, commands.Do("split"))
    do(service, START + 120, commands.Do("end"), "T1.1")
    service.adopt(START + 180, plan_of(new))
    migration = Migration(plan_of(new).version)
    said = preview(service, migration, NOON)
    assert migrate(service, migration, NOON) == said
    assert [(change.ticket, change.refused) for change in said] == [("T1", None), ("T2", None)]
    assert service.store.row("T1.1").plan == plan_of(again).version
    assert not index_of(service.site, service.store, "T1").wrong
    do(service, NOON + 60, commands.Note("x"), "T1.1")  # by the plan by which it was closed
    refusal = service.handle(Command("T1.1", DESK, NOON + 60, commands.Do("again")))
    assert refusal == Refusal("closed", "over")  # it would run by another plan than its family
    do(service, NOON + 120, commands.Do("finish"))
    assert [change.ticket for change in migrate(service, Migration(plan_of(again).version), NOON + 180)] == ["T2"]


@pytest.mark.parametrize("end", [commands.Do("finish"), commands.Merge("T1")], ids=["closed", "merged"])
def test_an_open_part_of_a_closed_ticket_migrates_with_it(end):
    service = opened(tickets=2)
    do(service, START + 3600, commands.Do("split"), "T2")
    do(service, START + 3660, end, "T2")
    found = {change.ticket: change.refused for change in migrate(service, Migration(plan_of(NEW).version), NOON)}
    assert found == {"T1": None, "T2.1": None}
    family = service.store.load("T2")
    assert {ticket.plan for ticket in family.tickets.values()} == {plan_of(NEW).version}
    assert not family.root.runs


def test_an_open_part_whose_closed_ticket_has_no_place_in_the_new_plan_says_so():
    renamed = NEW.replace("done", "finished")
    service = opened(renamed)
    do(service, START + 3600, commands.Do("split"))
    do(service, START + 3660, commands.Do("finish"))
    both = migrate(service, Migration(plan_of(renamed).version), NOON)
    assert [(change.ticket, change.refused) for change in both] == [
        ("T1", Refusal("state", "done")),
        ("T1.1", Refusal("state", "done")),
    ]
    (part,) = migrate(service, Migration(plan_of(renamed).version, states={"done": "finished"}), NOON)
    assert (part.ticket, part.refused, service.store.load("T1").root.state) == ("T1.1", None, "finished")


@pytest.mark.parametrize("states", [{}, {"waiting": "done"}])
def test_migrating_closes_nothing(states):
    new = NEW.replace("waiting: {title: 等待, owner: desk, pauses: all, at_most: 5 calendar days}",
                      "waiting: {title: 等待, final: true}")  # fmt: skip
    new = new.replace("      resume: {title: 恢复, from: waiting, to: todo}\n", "")
    service = opened(new)
    do(service, START + 3600, commands.Do("suspend"))
    (change,) = migrate(service, Migration(plan_of(new).version, states=states), NOON)
    assert change.refused == Refusal("final", "waiting")
