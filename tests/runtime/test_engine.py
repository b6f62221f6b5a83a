"""All sites of a database under one loop: policies by revision, day data by edition, and what outlives a restart."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from threading import Thread

import pytest

from engine.core import agenda, timetable
from engine.runtime import Engine, VirtualClock
from engine.runtime.editions import take_up
from engine.store import Database, StoreError, revisions_of
from tests.core.harness import HEAD, at
from tests.runtime.running import BODY, START, open_ticket, prepared, root


@pytest.fixture
def release(monkeypatch, tmp_path):
    """Starts an engine on the same file as a release with some day data; the one before is stopped."""
    clock = VirtualClock(START)
    running: list[Engine] = []

    def start(package="holidays-1", off=(), text=BODY):
        stop()
        database = Database.open(tmp_path / "huiyin.db", clock)
        engine = Engine(database, clock)
        running.append(engine)
        monkeypatch.setattr(
            "engine.runtime.engine.restore", lambda one: prepared(one.files["test"][len(HEAD) :], package, off)
        )
        engine.apply("test", prepared(text, package, off), "chief")
        return engine

    def stop():
        while running:
            engine = running.pop()
            with suppress(StoreError):  # some tests close the file themselves
                engine.stop()
            engine.database.close()

    start.clock = clock
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
    notice = {"days": [{"name": "停电", "date": "2026-11-17", "isOffDay": True}]}
    engine.services["test"].publish_calendar(START + 60, "power", notice)
    assert root(engine).runs["finish"].due == at("11-20 18:00")
    engine = release("holidays-2", off=[date(2026, 11, 18)])
    take_up(engine.services["test"], START + 120)
    assert root(engine).edition == "power on holidays-2"
    assert root(engine).runs["finish"].due == at("11-23 18:00")
    engine = release("holidays-3")
    take_up(engine.services["test"], START + 180)
    assert root(engine).edition == "power on holidays-3"


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
