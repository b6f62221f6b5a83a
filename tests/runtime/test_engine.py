"""All sites of a database under one loop: policies by revision, day data by edition, and what outlives a restart."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from threading import Barrier, Thread

import pytest

from engine.core import Command, agenda, commands, timetable
from engine.runtime import Engine, Entry, Prepared, VirtualClock, change_roster, service
from engine.runtime.editions import take_up
from engine.runtime.people import Handover
from engine.runtime.turn import Turn
from engine.store import Database, Done, HalfDoneError, StoreError, revisions_of
from engine.worktime import CalendarError
from tests.core.harness import DESK, HEAD, at
from tests.runtime.running import BODY, START, open_ticket, prepared, root
from tests.store.crowd import Crowd

POWER = {"days": [{"name": "停电", "date": "2026-11-17", "isOffDay": True}]}


@pytest.fixture
def release(monkeypatch, tmp_path):
    """Starts an engine on the same file as a release with some day data; the one before is stopped."""
    clock = VirtualClock(START)
    running: list[Engine] = []
    read: list[int] = []

    def start(package="holidays-1", off=(), text=BODY, refused=lambda text: False):
        stop()
        read.clear()
        database = Database.open(tmp_path / "huiyin.db", clock)
        engine = Engine(database, clock)
        running.append(engine)

        def restore(revision):
            read.append(revision.number)
            if refused(revision.files["test"]):
                return Prepared(None, (), revision.files)
            return prepared(revision.files["test"][len(HEAD) :], package, off)

        monkeypatch.setattr("engine.runtime.engine.restore", restore)
        engine.apply("test", prepared(text, package, off), "chief")
        return engine

    def stop():
        while running:
            engine = running.pop()
            with suppress(StoreError):  # some tests close the file themselves
                engine.stop()
            engine.database.close()

    start.clock = clock
    start.read = read  # the revisions that were compiled since the start
    yield start
    stop()


def test_a_ticket_outlives_an_upgrade_that_brings_other_days(release):
    opened = open_ticket(release("holidays-1"))
    assert (opened.edition, opened.runs["finish"].due) == ("holidays-1", at("11-19 18:00"))
    engine = release("holidays-2", off=[date(2026, 11, 18)])
    assert root(engine).edition == "holidays-1"  # it is read by its own days until it is told of the new ones
    plan = engine.services["test"].site.plan
    days = {edition: timetable(plan, "office", edition).is_open(at("11-18 10:00")) for edition in plan.editions}
    assert days == {"holidays-1": True, "holidays-2": False}
    assert take_up(engine.services["test"], START + 60)
    assert (root(engine).edition, root(engine).runs["finish"].due) == ("holidays-2", at("11-20 18:00"))
    assert open_ticket(engine, "T2").edition == "holidays-2"


def test_what_fires_before_the_new_days_reach_a_ticket_goes_by_the_old_ones(release):
    """The rungs of a downtime are those that would have been raised without it."""
    engine = release("holidays-1")
    open_ticket(engine)
    release.clock.move(at("11-19 18:01"))
    engine = release("holidays-2", off=[date(2026, 11, 18)])
    engine.tick()
    assert root(engine).runs["finish"].status == "breached"


def test_new_days_are_taken_up_once(release):
    release("holidays-1")
    engine = release("holidays-2")
    assert take_up(engine.services["test"], START + 60)
    assert not take_up(engine.services["test"], START + 60)
    engine = release("holidays-2")
    assert not take_up(engine.services["test"], START + 60)


def test_the_loop_takes_up_new_days_at_its_start(release):
    open_ticket(release("holidays-1"))
    engine = release("holidays-2")
    engine.start()
    engine.stop()
    assert root(engine).edition == "holidays-2"


def test_days_that_were_published_stay_laid_over_those_of_another_release(release):
    open_ticket(release("holidays-1"))
    engine = release("holidays-1")
    engine.services["test"].publish_calendar(START + 60, "power", POWER)
    assert root(engine).runs["finish"].due == at("11-20 18:00")
    engine = release("holidays-2", off=[date(2026, 11, 18)])
    take_up(engine.services["test"], START + 120)
    assert root(engine).edition == "power on holidays-2"
    assert root(engine).runs["finish"].due == at("11-23 18:00")
    engine = release("holidays-3")
    take_up(engine.services["test"], START + 180)
    assert root(engine).edition == "power on holidays-3"


def test_under_one_name_a_site_gets_days_once_and_no_others(release):
    service = release().services["test"]
    for _ in range(2):
        service.publish_calendar(START + 60, "power", POWER)
    assert len(service.store.site_events("calendar_published")) == 1
    other = {"days": [{"name": "停水", "date": "2026-11-18", "isOffDay": True}]}
    with pytest.raises(CalendarError, match="test has an edition power already"):
        service.publish_calendar(START + 60, "power", other)


def test_a_ticket_that_is_reopened_goes_by_the_days_that_were_published_meanwhile(release):
    again = BODY.replace("moves: {", "moves: {again: {title: 重开, from: done, to: todo, rework: true, by: desk}, ")
    engine = release(text=again.replace("from: opened", "from: [opened, again]"))
    service = engine.services["test"]
    open_ticket(engine)
    assert isinstance(service.handle(Command("T1", DESK, START, commands.Do("finish"))), Done)
    service.publish_calendar(START + 60, "power", POWER)
    assert root(engine).edition == "holidays-1"  # it is over
    done = service.handle(Command("T1", DESK, START + 120, commands.Do("again")))
    assert done.family.root.edition == "power"
    assert done.family.root.runs["finish"].due == at("11-20 18:00")
    assert service.store.timers("T1") == agenda(service.site.plan, done.family)


def test_a_revision_is_rolled_back_by_applying_it_again(release):
    engine = release()
    first = engine.services["test"].site.plan.version
    engine.apply("test", prepared(BODY.replace("3 working", "2 working")), "chief", "quicker")
    assert open_ticket(engine).runs["finish"].due == at("11-18 18:00")
    made = engine.rollback("test", 1, "chief", "too quick")
    assert (made.number, made.version, made.why) == (3, first, "too quick")
    assert engine.services["test"].site.plan.version == first
    assert open_ticket(engine, "T2").runs["finish"].due == at("11-19 18:00")
    assert root(engine).plan != first  # open tickets keep theirs
    assert engine.rollback("test", 1, "chief") is None


@pytest.mark.parametrize("fails", ["advance", "turn.record"])
def test_a_revision_that_was_only_written_down_runs_when_it_is_applied_again(release, monkeypatch, fails):
    engine = release()
    service = engine.services["test"]
    quicker = prepared(BODY.replace("3 working", "2 working"))
    with monkeypatch.context() as world:
        world.setattr(service if fails == "advance" else Turn, fails.rpartition(".")[2], full)
        with pytest.raises(HalfDoneError, match="full"):
            engine.apply("test", quicker, "chief")
    assert open_ticket(engine).runs["finish"].due == at("11-19 18:00")
    assert engine.apply("test", quicker, "chief").number == 2
    assert len(service.store.site_events("plan_published")) == 1
    assert open_ticket(engine, "T2").runs["finish"].due == at("11-18 18:00")
    assert engine.apply("test", quicker, "chief") is None
    assert len(revisions_of(engine.database, "test")) == 2


def test_a_policy_runs_though_the_days_of_the_release_cannot_be_taken_up_yet(release, monkeypatch):
    release("holidays-1")
    engine = release("holidays-2")
    with monkeypatch.context() as world:
        world.setattr("engine.runtime.engine.take_up", full)
        assert engine.apply("test", prepared(BODY.replace("3 working", "2 working"), "holidays-2"), "chief").number == 2
    assert engine.services["test"].site.edition == "holidays-1"
    engine.start()
    engine.stop()
    assert engine.services["test"].site.edition == "holidays-2"


def full(*_):
    raise StoreError("database or disk is full")


def test_a_revision_that_never_was_is_not_rolled_back_to(release):
    engine = release()
    with pytest.raises(StoreError, match="test has no revision 7"):
        engine.rollback("test", 7, "chief")


def test_after_a_restart_the_newest_revision_runs_and_open_tickets_find_theirs(release):
    engine = release()
    opened = open_ticket(engine)
    quicker = BODY.replace("3 working", "2 working")
    engine.apply("test", prepared(quicker), "chief")
    engine = release(text=quicker)
    release.clock.move(at("11-19 18:01"))
    engine.tick()
    assert root(engine).plan == opened.plan
    assert root(engine).runs["finish"].status == "breached"
    assert engine.services["test"].site.plan.version != opened.plan


def within(hours):
    return BODY.replace("3 working days", f"{hours} hours")


def test_of_forty_revisions_only_those_are_compiled_by_which_a_ticket_that_is_touched_goes(release):
    engine = release(text=within(1))
    for hours in range(2, 41):
        engine.apply("test", prepared(within(hours)), "chief")
        if hours in (7, 20):
            open_ticket(engine, f"T{hours}")
    open_ticket(engine, "T40")
    engine = release(text=within(40))
    assert release.read == [40]
    assert root(engine, "T7").runs["finish"].due == START + 7 * 3600  # a history is read without its plan
    open_ticket(engine, "new")
    engine.tick()
    assert release.read == [40]
    release.clock.move(START + 7 * 3600 + 2)
    engine.tick()
    assert release.read == [40, 7]
    release.clock.move(START + 20 * 3600 + 2)
    engine.tick()
    engine.tick()
    assert release.read == [40, 7, 20]
    assert {id: root(engine, id).runs["finish"].status for id in ("T7", "T20", "T40")} == {
        "T7": "breached",
        "T20": "breached",
        "T40": "running",
    }
    done = engine.services["test"].handle(Command("T7", DESK, engine.clock(), commands.Do("finish")))
    assert isinstance(done, Done)
    assert release.read == [40, 7, 20]


def test_threads_that_ask_at_once_get_one_plan_and_compile_it_once(release):
    first = open_ticket(release()).plan
    engine = release(text=within(2))
    engine = release(text=within(2))
    found = []
    gate = Barrier(8)

    def ask():
        gate.wait()
        found.append(engine.services["test"].site.version(first))

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert release.read == [2, 1]
    assert len(found) == 8
    assert len(set(map(id, found))) == 1


def test_an_old_version_that_is_read_late_has_the_days_that_were_published_meanwhile(release):
    open_ticket(release())
    engine = release(text=within(50))
    engine = release(text=within(50))
    service = engine.services["test"]
    change_roster(service, START, [Entry("小李", "desk")])
    service.change_days(START + 60, [("calendar_published", {"edition": "power", "days": POWER})])
    assert root(engine).runs["finish"].due == at("11-20 18:00")
    assert release.read == [2, 1]


def test_a_version_that_is_no_longer_understood_parks_only_the_families_that_go_by_it(release, caplog):
    engine = release(text=within(1))
    open_ticket(engine, "old")
    engine.apply("test", prepared(within(2)), "chief")
    open_ticket(engine, "next")
    engine = release(text=within(3), refused=lambda text: "1 hours" in text)
    open_ticket(engine, "new")
    assert "not understood" not in caplog.text  # nobody needed it yet
    release.clock.move(START + 4 * 3600)
    engine.tick()
    service = engine.services["test"]
    old = root(engine, "old")
    assert service.parked == {"old": f"it goes by version {old.plan} of the plan, which this release cannot read"}
    statuses = {id: root(engine, id).runs["finish"].status for id in ("old", "next", "new")}
    assert statuses == {"old": "running", "next": "breached", "new": "breached"}
    assert service.site.wording(old.plan) is service.site.plan
    assert caplog.text.count("revision 1 of test is not understood by this version") == 1
    assert release.read.count(1) == 1


def test_what_no_longer_reads_is_passed_over_at_the_start_for_the_one_before(release):
    release(text=within(1))
    release(text=within(2))
    engine = release(text=within(1), refused=lambda text: "2 hours" in text)
    assert engine.services["test"].site.plan.version == prepared(within(1)).plan.version


def test_policies_applied_at_once_become_revisions_one_after_the_other(release):
    engine = release()
    texts = [BODY.replace("3 working days", f"{n} hours") for n in range(2, 8)]
    threads = [Thread(target=engine.apply, args=("test", prepared(text), "chief")) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = revisions_of(engine.database, "test")
    assert [one.number for one in found] == list(range(1, 8))
    assert engine.services["test"].site.plan.version == found[-1].version


def test_nobody_who_writes_meanwhile_puts_back_the_plan_before(release):
    engine = release()
    service = engine.services["test"]
    stop = []

    def write():
        while not stop:
            service.record(START, "noted", service.site.plan.rule, {})

    writers = [Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        for n in range(2, 12):
            applied = engine.apply("test", prepared(BODY.replace("3 working days", f"{n} hours")), "chief")
            assert service.site.plan.version == applied.version
            service.record(START, "noted", service.site.plan.rule, {})
            assert service.site.plan.version == applied.version
    finally:
        stop.append(True)
        for writer in writers:
            writer.join()


def test_a_site_is_what_was_committed_also_when_others_of_the_same_commit_fail(release):
    engine = release()
    service = engine.services["test"]

    def broken(_):
        raise KeyError("mine")

    def takes_over(turn, name):
        data = Handover(START + 60, "desk", "小陈", name)._asdict()
        turn.change_site(START + 60, "handed_over", service.site.plan.rule, data)

    crowd = Crowd(engine.database)
    for name in ("小张", "小周"):
        crowd.add(name, lambda turn, name=name: takes_over(turn, name), service.turn)
    crowd.add("broken", broken)
    assert isinstance(crowd.go()["broken"], KeyError)
    assert len(service.store.site_events("handed_over")) == 2
    assert [handover.taker for handover in service.site.roster.handovers] == ["小张", "小周"]


def test_each_round_of_the_loop_is_told(release):
    engine = release()
    beats = []
    engine.after_round = beats.append
    engine.tick()
    assert beats == [engine.beat]


def test_a_downtime_is_noted_once_however_often_the_file_is_opened(release, tmp_path):
    killed = release()
    killed.tick()
    killed.database.close()
    for minutes in (30, 60, 90):
        release.clock.move(START + minutes * 60)
        with Database.open(tmp_path / "huiyin.db", release.clock) as database:
            engine = Engine(database, release.clock)
            engine.open_site("test")
            assert engine.services["test"].downtime(START, START + 86400) == minutes * 60


def test_a_start_looks_for_duties_and_empty_posts_only_from_where_the_engine_was_last_seen(release, monkeypatch):
    looked = []
    found = service.occurrences
    monkeypatch.setattr(
        service, "occurrences", lambda site, start, end: looked.append(start) or found(site, start, end)
    )
    engine = release()
    for _ in range(3):
        engine.tick()
        release.clock.move(release.clock.at + 86400)
    seen = release.clock.at - 86400
    looked.clear()
    release().tick()
    assert looked[0] == seen


def test_a_timer_that_nobody_derived_does_not_keep_the_loop_busy(release):
    """The index may lie: the loop finds out, and mends it at once."""
    engine = release()
    ticket = open_ticket(engine)
    service = engine.services["test"]
    lie = "UPDATE timer SET fire = fire - 5000000"
    engine.database.write(lambda connection: connection.execute(lie))
    release.clock.move(START + 60)
    assert not engine.tick()
    assert service.store.timers(ticket.id) == agenda(service.site.plan, service.store.load(ticket.id))
    assert [event.key for event in service.store.site_events("index_repaired")] == [ticket.id]
