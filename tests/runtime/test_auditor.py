"""Whatever is done to the indexes behind the engine's back is found and mended within one look, and nothing else."""

from __future__ import annotations

import sqlite3
import time

import pytest

from engine.core import Command, commands
from engine.runtime import Auditor, Engine, VirtualClock, auditor, index_of, indexes
from engine.store import Database, StoreError, verify
from tests.core.harness import DESK, at
from tests.runtime.running import START, open_ticket, prepared

INDEXES = ("timer", "ticket", "link", "family", "part")


@pytest.fixture
def engine(tmp_path):
    clock = VirtualClock(START)
    with Database.open(tmp_path / "huiyin.db", clock, synchronous="NORMAL") as database:
        engine = Engine(database, clock)
        engine.apply("test", prepared(), "chief")
        for n in range(1, 4):
            open_ticket(engine, f"T{n}")
        yield engine


def tamper(engine, *statements):
    with sqlite3.connect(engine.database.path) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount, f"{statement} changed nothing"
    connection.close()


def dump(engine, *tables):
    with engine.database.read() as connection:
        return {table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3").fetchall() for table in tables}


def said(engine, kind="index_repaired"):
    return [dict(event.data) for event in engine.services["test"].store.site_events(kind)]


@pytest.mark.parametrize(
    ("statement", "wrong"),
    [
        ("DELETE FROM timer WHERE family = 'T2'", {"missing": ["T2/finish#1.1/due/due/0"]}),
        ("DELETE FROM timer", {"missing": ["T2/finish#1.1/due/due/0"]}),
        ("UPDATE timer SET fire = fire + 60 WHERE family = 'T2'", {"missing": ["T2/finish#1.1/due/due/0"], "extra": ["T2/finish#1.1/due/due/0"]}),
        ("UPDATE timer SET name = 'due2' WHERE family = 'T2'", {"missing": ["T2/finish#1.1/due/due/0"], "extra": ["T2/finish#1.1/due/due2/0"]}),
        ("INSERT INTO timer SELECT site, family, 7, fire, rank, place, \"order\", round, n, ordinal, ticket, key, 'rung', 'x', due FROM timer WHERE family = 'T2'", {"extra": ["T2/finish#1.1/rung/x/0"]}),
        ("DELETE FROM ticket WHERE ticket = 'T2'", {"rows": ["T2"]}),
        ("UPDATE ticket SET state = 'done' WHERE ticket = 'T2'", {"rows": ["T2"]}),
        ("UPDATE ticket SET due = NULL, overdue = 3 WHERE ticket = 'T2'", {"rows": ["T2"]}),
        ("UPDATE ticket SET closed = 5 WHERE ticket = 'T2'", {"rows": ["T2"]}),
        ("UPDATE ticket SET family = 'T1' WHERE ticket = 'T2'", {"rows": ["T2"]}),
    ],
)  # fmt: skip
def test_rows_deleted_and_altered_are_mended_within_one_look(engine, statement, wrong):
    audit = Auditor(engine)
    before = dump(engine, *INDEXES)
    steps = dump(engine, "step")
    tamper(engine, statement)
    audit.look()
    assert dump(engine, *INDEXES) == before
    assert dump(engine, "step") == steps
    assert {"family": "T2", **wrong} in said(engine)
    assert audit.repaired["test"] == len(said(engine))
    assert audit.troubles == {}
    audit.look()
    assert audit.repaired["test"] == len(said(engine))


def test_a_ticket_about_which_we_are_wrong_keeps_no_other_from_being_mended(engine, monkeypatch, caplog):
    def wrong(site, reader, family):
        return index_of(site, reader, family if family != "T1" else 1 / 0)

    monkeypatch.setattr(auditor, "index_of", wrong)
    monkeypatch.setattr(indexes, "index_of", wrong)
    audit = Auditor(engine)
    tamper(engine, "DELETE FROM timer WHERE family = 'T2'")
    for _ in range(2):
        audit.look()
        assert [one.why for one in audit.troubles.values()] == ["ZeroDivisionError"]
    assert audit.repaired == {"test": 1}
    assert audit.at == engine.clock()
    assert caplog.text.count("the auditor cannot look at a ticket") == 1
    monkeypatch.undo()
    audit.look()
    assert audit.troubles == {}


def test_what_only_seems_wrong_while_others_write_is_not_told(engine, monkeypatch):
    monkeypatch.setattr(auditor, "index_of", lambda *_: 1 / 0)
    audit = Auditor(engine)
    audit.look()
    assert (audit.troubles, audit.repaired) == ({}, {"test": 0})
    assert said(engine, "audit_found") == []


def test_where_everything_agrees_nothing_is_written(engine):
    audit = Auditor(engine)
    audit.look()  # which seals
    before = dump(engine, *INDEXES, "site_event", "site", "seal")
    audit.look()
    assert dump(engine, *INDEXES, "site_event", "site", "seal") == before


def test_what_changed_is_looked_at_whatever_its_turn(engine, monkeypatch):
    monkeypatch.setattr(auditor, "open_families", lambda *_: ([], ("", 0)))
    audit = Auditor(engine)
    tamper(engine, "DELETE FROM timer WHERE family = 'T3'")
    audit.look()
    assert said(engine) == []
    engine.services["test"].handle(Command("T3", DESK, START + 60, commands.Note("seen")))
    tamper(engine, "UPDATE ticket SET state = 'done' WHERE ticket = 'T3'")
    audit.look()
    assert [one["family"] for one in said(engine)] == ["T3"]


def test_all_open_families_are_looked_at_in_turn(engine, monkeypatch):
    monkeypatch.setattr(auditor, "SWEEP", 2)
    audit = Auditor(engine)
    tamper(engine, "DELETE FROM timer WHERE family = 'T3'")
    audit.look()
    assert said(engine) == []
    audit.look()
    assert [one["family"] for one in said(engine)] == ["T3"]
    tamper(engine, "DELETE FROM timer WHERE family = 'T1'")
    audit.look()
    assert [one["family"] for one in said(engine)] == ["T3", "T1"]


def test_a_sweep_over_a_hundred_thousand_takes_less_than_a_day():
    assert 100_000 / auditor.SWEEP * auditor.LOOK_EVERY < 86_400


def test_a_timer_that_nobody_derived_is_taken_away_from_a_closed_ticket(engine, monkeypatch):
    """It would be due for ever, and the loop would never come to rest."""
    monkeypatch.setattr(auditor, "open_families", lambda *_: ([], ("", 0)))
    audit = Auditor(engine)
    tamper(engine, "CREATE TABLE kept AS SELECT * FROM timer WHERE family = 'T1'")
    engine.services["test"].handle(Command("T1", DESK, START + 60, commands.Do("finish")))
    audit.look()
    tamper(engine, "INSERT INTO timer SELECT * FROM kept")
    engine.clock.move(at("11-19 18:02"))
    audit.look()
    assert [one["family"] for one in said(engine)] == ["T1"]
    assert not engine.services["test"].store.timers("T1")


def test_a_timer_that_a_running_loop_passes_over_is_told_once_and_forgotten_when_it_fires(engine):
    audit = Auditor(engine)
    engine.clock.move(at("11-19 18:02"))
    engine.beat = engine.beat._replace(at=engine.clock())  # it came round, and they did not fire
    audit.look()
    audit.look()
    assert [(one.what, one.family, one.why) for one in audit.troubles.values()] == [
        ("overdue", f"T{n}", "a timer is 120 s overdue") for n in range(1, 4)
    ]
    assert [one["family"] for one in said(engine, "audit_found")] == ["T1", "T2", "T3"]
    engine.tick()
    audit.look()
    assert audit.troubles == {}


def test_while_the_loop_does_not_run_nothing_is_called_overdue(engine):
    audit = Auditor(engine)
    engine.clock.move(at("11-19 18:02"))
    audit.look()
    assert audit.troubles == {}


def test_a_damaged_history_is_told_and_keeps_no_other_from_being_mended(engine):
    audit = Auditor(engine)
    tamper(
        engine,
        "UPDATE step SET body = replace(body, 'desk', 'boss') WHERE family = 'T1'",
        "DELETE FROM timer WHERE family = 'T2'",
    )
    with engine.database.read() as connection:
        before = connection.execute("SELECT * FROM step").fetchall()
    audit.look()
    assert [(one.what, one.site, one.family) for one in audit.troubles.values()] == [("damage", "test", "T1")]
    assert [one["family"] for one in said(engine)] == ["T2"]
    assert [one["what"] for one in said(engine, "audit_found")] == ["damage"]
    with engine.database.read() as connection:
        assert connection.execute("SELECT * FROM step").fetchall() == before


def test_a_history_that_cannot_be_read_is_told(engine):
    tamper(engine, "UPDATE step SET body = '[]' WHERE family = 'T1'")
    engine.database.families = type(engine.database.families)(100)  # as after a restart
    engine.services["test"].store = engine.database.site("test")
    audit = Auditor(engine)
    audit.look()
    assert {(one.what, one.family) for one in audit.troubles.values()} == {("damage", "T1"), ("unreadable", "T1")}


def test_chains_are_verified_slice_by_slice(engine, monkeypatch):
    monkeypatch.setattr(auditor, "CHAINS", 2)
    audit = Auditor(engine)
    tamper(engine, "UPDATE step SET hash = zeroblob(32) WHERE family = 'T3'", "DELETE FROM site_event WHERE number = 1")
    audit.look()
    assert audit.troubles == {}
    audit.look()
    assert {(one.what, one.site, one.family) for one in audit.troubles.values()} == {
        ("damage", "test", "T3"),
        ("damage", "test", ""),
    }
    audit.look()
    assert len(audit.troubles) == 2  # nobody looked at them again


def test_every_damage_that_verify_finds_is_found_in_slices(engine, monkeypatch):
    monkeypatch.setattr(auditor, "CHAINS", 1)
    audit = Auditor(engine)
    audit.look()
    tamper(
        engine,
        "DELETE FROM family WHERE id = 'T2'",
        "DELETE FROM step WHERE family = 'T3'",
        "UPDATE seal SET at = at + 1",
    )
    for _ in range(4):
        audit.look()
    places = {(one.site, one.family) for one in verify(engine.database)}
    assert {(one.site, one.family) for one in audit.troubles.values() if one.what == "damage"} == places


def test_all_is_sealed_every_hour(engine):
    audit = Auditor(engine)
    for minutes in (0, 1, 59, 60, 61):
        engine.clock.move(START + minutes * 60)
        engine.services["test"].record(engine.clock(), "noted", engine.services["test"].site.plan.rule, {})
        audit.look()
    with engine.database.read() as connection:
        assert connection.execute("SELECT at FROM seal ORDER BY number").fetchall() == [(START,), (START + 3600,)]


def test_it_looks_in_a_thread_and_its_silence_can_be_seen(engine, monkeypatch):
    audit = Auditor(engine)
    engine.clock.move(START + 10)
    audit.start()
    for _ in range(200):
        if audit.at == START + 10:
            break
        time.sleep(0.01)
    audit.stop()
    assert audit.at == START + 10

    def full(*_):
        raise StoreError("disk full")

    silent = Auditor(engine)
    monkeypatch.setattr(auditor, "changed_since", full)
    engine.clock.move(START + 20)
    silent.start()
    silent.stop()
    assert silent.at == START + 10
    assert [one.why for one in silent.troubles.values()] == ["StoreError: disk full"]
