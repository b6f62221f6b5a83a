"""What `make bench` holds the store against writes the same rows: a comparison that no longer does is no comparison."""

from __future__ import annotations

from benchmarks import store
from benchmarks.sample import DESK, START, serving
from engine.core import Command, commands
from engine.store import Done


def test_the_store_and_sqlite_by_hand_write_the_same_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "COMMANDS", 4)
    what, *_ = store._against_sqlite(tmp_path, "NORMAL", 0.8)
    assert what == "single commands against sqlite3 by hand, NORMAL"


def test_many_threads_are_held_against_one(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "COMMANDS", 20)
    assert store._together(tmp_path, threads=2)[2] > 0


def test_the_next_due_timer_is_the_one_that_the_query_finds(tmp_path):
    assert len(store._next_due(tmp_path, few=10, many=20)) == 2


def test_the_service_that_is_measured_opens_tickets(tmp_path):
    with serving(tmp_path / "ours.db") as service:
        act = commands.Open("matter", {}, "desk", service.site.plan.version, service.site.edition)
        assert isinstance(service.handle(Command("T1", DESK, START, act)), Done)
