"""The service on its store: one step per key, stamps that never fall, engines dropped and rebuilt, subjects erased."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.core import Command, Refusal, agenda, commands, events, replay
from engine.runtime import Door, Entry, Plans, Roster, Service, Site, Staff, list_staff, permit_reveal
from engine.runtime.turn import body_of, system
from engine.store import Answered, Commit, ConflictError, Done, Errand, MemoryStore, Query
from tests.conftest import examples
from tests.core.harness import DAYS, DESK, at, plan_of

PLAN = """
facts:
  name: 姓名
  place: 地点
  unit: 房号
  priority: {title: 优先级, values: {normal: 普通, high: 高}, default: normal}
categories:
  matter: {title: 事项, workflow: flow, record: [(place), (name), (unit)]}
  gathering: {title: 合并, workflow: joint, record: [(place)]}
workflows:
  flow:
    title: 流程
    initial: todo
    states:
      todo: {title: 待办, owner: desk}
      waiting: {title: 等待, owner: desk, pauses: all, at_most: 2 calendar days}
      done: {title: 完成, final: true}
    moves:
      suspend: {title: 挂起, from: todo, to: waiting}
      resume: {title: 恢复, from: waiting, to: todo}
      answered: {title: 统一答复, from: [todo, waiting], to: done, by: parent}
      finish: {title: 完成, from: todo, to: done}
  joint:
    title: 合并
    initial: drafting
    states: {drafting: {title: 起草, owner: desk}, published: {title: 公布, final: true}}
    moves: {publish: {title: 公布, from: drafting, to: published, on_parts: answered}}
deadlines:
  finish: {title: 完成, of: [matter], from: opened, until: [finish, answered], limit: 6 hours}
  publish: {title: 公布, of: gathering, from: opened, until: publish, limit: 1 working day}
escalations:
  default: {soon: {at: 50%, notify: owner}, due: {at: due, notify: owner, every: 2 hours, times: 3}, boss: {at: 8 hours after due, notify: boss}}
detections:
  shared: {title: 同一地点, of: matter, same: place, different: unit, count: 3, within: 24 hours, set: {priority: high}, opens: gathering, notify: boss}
duties:
  rounds: {title: 巡查, every: day, at: ["08:00", "20:00"], within: 2 hours, owner: desk}
privacy: {personal: [name, unit], see: [boss], keep: 1 year}
"""
START = at("11-16 07:00")


def service(store=None, start=START, listen=None, text=PLAN):
    plan = plan_of(text)
    roster = Roster(Plans.of(plan), DAYS.id, (Entry("desk", "desk"), Entry("boss", "boss")))
    site = Site(Plans.of(plan), roster, DAYS.id)
    return Service(site, store or MemoryStore(), start, *([listen] if listen else []))


def stamped(desk, now=0):
    return desk.store.write(lambda tx: tx.stamp(now))


def log_of(store):
    return {family.id: store.steps(family.id) for family in store.families()}


def test_i16_the_same_key_takes_effect_once():
    desk = service()
    act = commands.Open("matter", {"place": "A"}, "desk", "", DAYS.id)
    first = desk.handle(Command("T1", DESK, START, act, key="k"))
    again = desk.handle(Command("T1", DESK, START + 60, act, key="k"))
    assert isinstance(first, Done)
    assert again == first
    assert len(desk.store.steps("T1")) == 1


def test_i16_the_same_key_with_another_body_is_refused():
    desk = service()
    desk.handle(Command("T1", DESK, START, commands.Open("matter", {"place": "A"}, "desk", "", DAYS.id), key="k"))
    other = commands.Open("matter", {"place": "B"}, "desk", "", DAYS.id)
    assert desk.handle(Command("T2", DESK, START, other, key="k")) == Refusal("key_reused", "k")


TIMED = PLAN.replace("place: 地点", "place: 地点\n  called_at: {title: 来电, type: time}").replace(
    "record: [(place), (name)", "record: [(place), (called_at), (name)"
)


def told(desk, instant, **given):
    """An opening with a key, as somebody sends it at an instant."""
    request = Door(desk).request(instant, "T1", "desk", "open", {"category": "matter", **given})
    return desk.handle(request._replace(key="k"))


def test_i16_what_is_sent_again_after_midnight_is_the_same_though_a_time_of_day_is_read_as_another_day_now():
    desk = service(text="late_reports: 30 minutes\n" + TIMED)
    sent = {"occurred_at": "23:50", "called_at": "23:45"}
    first = told(desk, at("11-16 23:59"), **sent)
    assert isinstance(first, Done)
    assert told(desk, at("11-17 00:01"), **sent) == first
    assert told(desk, at("11-17 00:01"), **{**sent, "called_at": "23:46"}) == Refusal("key_reused", "k")
    assert told(desk, at("11-17 00:01"), **{**sent, "occurred_at": "23:51"}) == Refusal("key_reused", "k")


def test_i16_what_an_older_version_answered_with_instants_as_it_read_them_is_answered_again():
    desk = service(text=TIMED)
    sent = {"called_at": "06:50"}
    first = told(desk, START, **sent)
    command = Door(desk).request(START, "T1", "desk", "open", {"category": "matter", **sent})
    read = body_of(command, as_read=True)
    desk.store.write(lambda tx: tx.remember("desk", "k", Answered(read, "T1", 1)))
    assert told(desk, START + 60, **sent) == first


def test_a_number_is_taken_only_by_an_opening_and_once_per_key():
    desk = service()

    def opened(category, key):
        return desk.open(Command("", DESK, START, commands.Open(category, {}, "desk", "", DAYS.id), key=key))

    assert isinstance(opened("nothing", "a"), Refusal)
    with ThreadPoolExecutor(4) as pool:
        made = [done.family.id for done in pool.map(lambda _: opened("matter", "b"), range(8))]
    made.append(opened("matter", "c").family.id)
    assert made == [f"{desk.site.plan.id}-{n}" for n in [1] * 8 + [2]]


def test_a_refusal_is_not_remembered():
    desk = service()
    desk.handle(Command("T1", DESK, START, commands.Open("matter", {}, "desk", "", DAYS.id)))
    assert isinstance(desk.handle(Command("T1", DESK, START + 9, commands.Do("resume"), key="k")), Refusal)
    desk.handle(Command("T1", DESK, START + 10, commands.Do("suspend")))
    assert isinstance(desk.handle(Command("T1", DESK, START + 11, commands.Do("resume"), key="k")), Done)


def test_what_a_detection_found_that_the_plan_of_the_ticket_does_not_have_leaves_the_ticket_as_it_is():
    desk = service()
    opened = desk.handle(Command("T1", DESK, START, commands.Open("matter", {}, "desk", "", DAYS.id)))
    found = Command("T1", system("newer"), START, commands.Detected("newer", ("T1",), True))
    desk.store.write(lambda tx: tx.send(Errand(START, "detected", found), "T1"))
    desk.advance(START + 60)
    assert desk.parked == {}
    assert desk.store.load("T1") == opened.family
    assert desk.store.due(START + 60, 9) == []


def test_a_conflicting_commit_writes_nothing():
    desk = service()
    done = desk.handle(Command("T1", DESK, START, commands.Open("matter", {}, "desk", "", DAYS.id)))
    try:
        desk.store.write(lambda tx: tx.commit(Commit(done.family, (done.step,), ())))
    except ConflictError:
        assert len(desk.store.steps("T1")) == 1
        return
    raise AssertionError("the same step was committed twice")


acts = st.sampled_from(["open", "suspend", "resume", "finish", "publish"])
tapes = st.lists(st.tuples(st.integers(-7200, 30000), acts, st.integers(0, 5)), min_size=3, max_size=25)
LAWFUL = settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])


def run(desk, tape, rebuild=()):
    """Play a tape; `rebuild` are places at which the engine is dropped and made anew from its store."""
    instant, opened = START, 0
    for index, (gap, what, number) in enumerate(tape):
        if index in rebuild:
            desk = service(desk.store, START)
        instant += gap
        if what == "open":
            opened += 1
            facts = {"place": "AB"[number % 2], "unit": f"u{number}"}
            desk.handle(Command(f"T{opened}", DESK, instant, commands.Open("matter", facts, "desk", "", DAYS.id)))
        elif opened:
            groups = [family.id for family in desk.store.families() if family.root.category == "gathering"]
            target = groups[-1] if what == "publish" and groups else f"T{1 + number % opened}"
            desk.handle(Command(target, DESK, instant, commands.Do(what)))
    if len(tape) in rebuild:
        desk = service(desk.store, START)
    desk.advance(stamped(desk, instant) + 3 * 86400)
    return desk


@LAWFUL
@given(tapes, st.sets(st.integers(0, 25)))
def test_i1_an_engine_dropped_and_rebuilt_writes_the_same_history(tape, rebuild):
    tape = [(abs(gap), what, number) for gap, what, number in tape]
    assert log_of(run(service(), tape).store) == log_of(run(service(), tape, rebuild).store)


@LAWFUL
@given(tapes)
def test_i23_whatever_the_clock_does_stamps_do_not_fall_and_no_timer_fires_twice(tape):
    desk = run(service(), tape)
    for family in desk.store.families():
        steps = desk.store.steps(family.id)
        assert all(before.at <= step.at for before, step in pairwise(steps))
        timers = [step.cause for step in steps if step.cause != "command"]
        assert len(timers) == len(set(timers))


@LAWFUL
@given(tapes)
def test_i2_the_store_holds_exactly_what_the_plan_makes_of_each_family(tape):
    desk = run(service(), tape)
    for family in desk.store.families():
        assert replay(desk.store.steps(family.id)) == family
        assert desk.store.load(family.id) == family
        pending = agenda(desk.site.plan, family)
        assert not pending or pending[0].fire > stamped(desk)


@LAWFUL
@given(tapes)
def test_duties_open_once_an_occurrence(tape):
    desk = run(service(), tape, rebuild={1, 2, 3})
    rounds = [family.root.opened for family in desk.store.families() if family.root.category == "rounds"]
    assert len(rounds) == len(set(rounds))
    assert rounds


def test_a_round_that_was_made_while_the_engine_was_down_and_told_afterwards_was_made_in_time():
    plan = plan_of(
        "late_reports: 30 minutes\n" + PLAN.replace("within: 2 hours,", "within: 2 hours, places: [lobby, garage],")
    )
    roster = Roster(Plans.of(plan), DAYS.id, (Entry("desk", "desk"),))
    desk = Service(Site(Plans.of(plan), roster, DAYS.id), MemoryStore(), START)
    desk.was_down(at("11-16 08:05"), at("11-16 12:00"))
    desk.advance(at("11-16 12:00"))
    for move in ("lobby", "garage", "finish"):
        told = {"occurred_at": "2026-11-16 09:00"}
        desk.handle(Door(desk).request(at("11-16 12:10"), "rounds@2026-11-16T08:00", "desk", move, told))
    (run,) = desk.store.load("rounds@2026-11-16T08:00").root.all_runs()
    assert run.status == "met"


def test_i19_erasing_a_subject_leaves_history_replay_and_figures_unchanged():
    desk = service()
    door = Door(desk)
    command = door.request(START, "T1", "desk", "open", {"category": "matter", "name": "陈先生", "unit": "3-1101"})
    done = desk.handle(command)
    before = repr(desk.store.steps("T1"))
    reference = done.family.root.fact("name")
    assert "陈先生" not in before
    assert desk.store.reveal(reference) == "陈先生"
    desk.store.write(lambda tx: tx.erase(reference))
    assert desk.store.reveal(reference) is None
    assert repr(desk.store.steps("T1")) == before
    assert replay(desk.store.steps("T1")) == done.family
    later = desk.handle(door.request(START + 60, "T2", "desk", "open", {"category": "matter", "name": "陈先生"}))
    assert later.family.root.fact("name") != reference, "a later equal value gets a new reference"


def test_a_look_at_a_personal_value_needs_a_role_and_a_purpose_and_is_logged():
    desk = service()
    desk.handle(Door(desk).request(START, "T1", "desk", "open", {"category": "matter", "name": "陈先生"}))
    assert permit_reveal(desk, START, "T1", "stranger", "name", "好奇").code == "by"
    assert permit_reveal(desk, START, "T1", "boss", "name", "").code == "missing"
    assert permit_reveal(desk, START, "T1", "boss", "name", "回访") is None
    assert [event.kind for event in desk.store.site_events()] == ["revealed"]


@LAWFUL
@given(st.permutations(list(range(7))), st.lists(st.integers(0, 40 * 3600), min_size=7, max_size=7))
def test_i17_whatever_the_order_of_commits_the_same_tickets_fire(order, instants):
    from engine.core import Membership, firings

    plan = plan_of(PLAN)
    detection = plan.detections["shared"]
    members = [
        Membership(START + instant, f"T{n}", "shared", ("A",), (f"u{n % 4}",)) for n, instant in enumerate(instants)
    ]
    fired = set()
    known = []
    for index in order:
        known.append(members[index])
        fired |= {firing.ticket for firing in firings(plan, DAYS.id, detection, known)}
    assert fired == {firing.ticket for firing in firings(plan, DAYS.id, detection, members)}


def test_three_units_in_a_day_make_one_group_answered_together():
    desk = service()
    for n in range(3):
        facts = {"place": "A", "unit": f"u{n}"}
        desk.handle(Command(f"T{n}", DESK, START + n, commands.Open("matter", facts, "desk", "", DAYS.id)))
    (group,) = [family for family in desk.store.families() if family.root.category == "gathering"]
    assert desk.store.members(group.id) == ("T0", "T1", "T2")
    assert desk.store.load("T2").root.fact("priority") == "high"
    desk.handle(Command(group.id, DESK, START + 60, commands.Do("publish")))
    assert {desk.store.load(f"T{n}").root.state for n in range(3)} == {"done"}


def ticket(desk, id, now, unit, occurred=None):
    act = commands.Open("matter", {"place": "A", "unit": unit}, "desk", "", DAYS.id)
    desk.handle(Command(id, DESK, now, act, occurred))


def detected(desk):
    """Who fired, and whether as the first of a group."""
    steps = [step for family in desk.store.families() for step in desk.store.steps(family.id)]
    return {
        event.ticket: event.first for step in steps for event in step.events if isinstance(event, events.DetectionFired)
    }


def test_an_opening_that_is_told_late_joins_the_group_that_is_there():
    """It lets another opening fire, which is earlier than all that did: that begins no second group."""
    desk = service()
    for n, id in enumerate(("B", "C", "D")):
        ticket(desk, id, START + n * 3600, f"u{n}")
    ticket(desk, "A", START + 5 * 3600, "u9", START - 3600)
    groups = [family.id for family in desk.store.families() if family.root.category == "gathering"]
    assert groups == ["shared:D"]
    assert set(desk.store.members("shared:D")) == {"A", "B", "C", "D"}
    assert detected(desk) == {"C": False, "D": True}


def test_an_opening_that_is_told_late_joins_the_group_with_which_it_is_connected_now():
    """The three of the morning fire together only when the last of them is told; a day later two of them are in the
    window of one that has a group.
    """
    desk = service()
    hour = 3600
    for id, hours, unit in (("X", 24, "u1"), ("Y", 26, "u2"), ("Z", 44, "u3")):
        ticket(desk, id, START + hours * hour, unit)
    for id, minutes, unit in (("A", 0, "u1"), ("B", 30, "u2"), ("C", 60, "u3")):
        ticket(desk, id, START + 45 * hour, unit, START + minutes * 60)
    assert set(desk.store.members("shared:Z")) == set("ABCXYZ")
    assert detected(desk) == {"C": False, "X": False, "Z": True}


def test_once_a_group_is_answered_the_next_that_fires_begins_another():
    desk = service()
    for n, id in enumerate("ABC"):
        ticket(desk, id, START + n, f"u{n}")
    desk.handle(Command("shared:C", DESK, START + 60, commands.Do("publish")))
    for n, id in enumerate("DE"):
        ticket(desk, id, START + 120 + n, f"v{n}")
    assert desk.store.members("shared:D") == ("A", "B", "C", "D", "E")
    assert detected(desk) == {"C": True, "D": True, "E": False}


def test_a_group_whose_ticket_is_of_the_category_that_is_counted_makes_no_further_group():
    desk = service(text=PLAN.replace("opens: gathering", "opens: matter"))
    for n, id in enumerate("ABCD"):
        ticket(desk, id, START + n, f"u{n}")
    assert desk.store.members("shared:C") == tuple("ABCD")
    assert detected(desk) == {"C": True, "D": False}


def test_what_was_merged_or_is_of_another_category_now_is_no_member():
    desk = service()
    for n, id in enumerate("ABC"):
        ticket(desk, id, START + n, f"u{n}" if id != "C" else "u1")
    desk.handle(Command("B", DESK, START + 60, commands.Merge("A")))
    desk.handle(Command("C", DESK, START + 60, commands.Recategorise("gathering", {}, {"todo": "drafting"})))
    ticket(desk, "D", START + 120, "u3")
    assert detected(desk) == {}
    desk.handle(Command("C", DESK, START + 180, commands.Recategorise("matter", {}, {"drafting": "todo"})))
    ticket(desk, "E", START + 240, "u4")
    assert detected(desk) == {"D": True, "E": False}


def test_what_was_withdrawn_before_an_answer_is_no_member_and_what_was_answered_stays_one():
    outcome, finish = "outcome: {title: 结论, values: {solved: 已解决}}", "finish: {title: 完成, from: todo, to: done"
    moves = f"{finish}, set: {{outcome: solved}}}}\n      drop: {{title: 撤诉, from: todo, to: done}}"
    desk = service(text=PLAN.replace("facts:\n", f"facts:\n  {outcome}\n").replace(f"{finish}}}", moves))
    for n, (id, move) in enumerate({"A": "drop", "B": "finish", "C": "finish"}.items()):
        ticket(desk, id, START + n, f"u{n}" if id != "C" else "u1")
        assert isinstance(desk.handle(Command(id, DESK, START + 60 + n, commands.Do(move))), Done)
    ticket(desk, "D", START + 120, "u3")
    assert detected(desk) == {}
    ticket(desk, "E", START + 180, "u4")
    assert detected(desk) == {"E": True}


def test_what_was_withdrawn_and_goes_on_is_a_member_again():
    outcome, finish = "outcome: {title: 结论, values: {solved: 已解决}}", "finish: {title: 完成, from: todo, to: done"
    moves = f"""{finish}, set: {{outcome: solved}}}}
      drop: {{title: 撤诉, from: todo, to: done}}
      reopen: {{title: 重开, from: done, to: todo, rework: true, by: desk, before: 7 calendar days after done}}"""
    desk = service(text=PLAN.replace("facts:\n", f"facts:\n  {outcome}\n").replace(f"{finish}}}", moves))
    ticket(desk, "A", START, "u0")
    for n, move in enumerate(("drop", "reopen")):
        assert isinstance(desk.handle(Command("A", DESK, START + 60 + n, commands.Do(move))), Done)
    ticket(desk, "B", START + 120, "u1")
    ticket(desk, "C", START + 180, "u2")
    assert detected(desk) == {"C": True}


def test_whom_the_first_list_of_staff_names_is_no_newcomer_and_whoever_comes_later_is():
    training = "duties:\n  training: {title: 培训, every: new member of desk, within: 1 week, owner: boss}\n"
    plan = plan_of(PLAN.replace("duties:\n", training))
    desk = Service(Site(Plans.of(plan), Roster(Plans.of(plan), DAYS.id, complete=False), DAYS.id), MemoryStore(), START)
    list_staff(desk, START, [Staff("old", ("desk",)), Staff("chief", ("boss",))])
    assert desk.store.rows(Query(category="training")) == []
    list_staff(desk, START + 60, [Staff("old", ("desk",)), Staff("chief", ("boss",)), Staff("new", ("desk",))])
    assert [row.post for row in desk.store.rows(Query(category="training"))] == ["new"]


def test_a_ticket_is_given_only_to_somebody_of_the_list_once_there_is_one():
    desk = service()
    door = Door(desk)
    desk.handle(door.request(START, "T1", "desk", "open", {"category": "matter"}))
    refusal = door.request(START, "T1", "desk", "assign", {"assignee": "老周"})
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.detail.partition(":")[0]) == ("value", "assignee")
    assert isinstance(door.request(START, "T1", "desk", "assign", {"assignee": "boss"}), Command)
