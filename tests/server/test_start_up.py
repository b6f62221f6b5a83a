"""A daemon with a hundred thousand open tickets is ready at once after a kill: nothing at the start looks at each."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing

import pytest

from engine.core import Actor, Command, commands
from engine.runtime import Entry, now
from engine.server import read_config
from engine.server.daemon import build
from engine.server.health import troubles
from engine.store import Done, Query, database
from tests.core.harness import HEAD
from tests.server.serving import furnish, served

POLICY = (
    HEAD.replace("policy: test", "policy: site")
    + """
facts: {unit: 房号}
categories: {matter: {title: 事项, workflow: flow, record: [unit]}}
workflows:
  flow:
    title: 流程
    initial: todo
    states: {todo: {title: 待办, owner: desk}, done: {title: 完成, final: true}}
    moves: {finish: {title: 完成, from: todo, to: done, by: desk}}
deadlines:
  finish: {title: 完成, of: matter, from: opened, until: finish, limit: 30 calendar days}
files: {unit: {title: 一户一档, per: unit, holds: [unit]}}
"""
)
DESK = Actor("小李", frozenset({"desk"}))
MANY = 100_000
BATCH = 500


def fill(folder, many):
    """Open so many tickets, some hundreds in each transaction."""
    furnish(folder, POLICY, {}, [Entry("小李", "desk"), Entry("老陈", "boss")], {})
    daemon = build(read_config(folder / "huiyin.yaml"))
    try:
        (service,) = daemon.engine.services.values()
        plan, edition, at = service.site.plan.version, service.site.edition, now()
        for first in range(0, many, BATCH):
            numbers = range(first, min(first + BATCH, many))

            def opened(turn, numbers=numbers):
                for number in numbers:
                    act = commands.Open("matter", {"unit": f"{number % 5000}"}, "小李", plan, edition)
                    done = turn.apply(Command(f"old-{number}", DESK, at, act))
                    assert isinstance(done, Done), done

            service.turn(opened)
    finally:
        daemon.database.close()


def restarted(folder):
    """A daemon that was killed, and started again: seconds until it was ready then, bytes it holds."""
    with served(folder) as daemon:
        daemon.start()
        daemon.kill()
        seconds = daemon.start()
        held = daemon.memory()
        daemon.stop()
    return seconds, held


def opened_in(folder):
    with closing(sqlite3.connect(folder / "data" / "huiyin.db")) as connection:
        return connection.execute("SELECT count(*) FROM ticket WHERE closed IS NULL").fetchone()[0]


@pytest.fixture
def looked(monkeypatch):
    """Counts what databases do, in steps of their machine."""
    connect, count = database.connect, Counter()

    def counted(*args):
        connection = connect(*args)
        connection.set_progress_handler(lambda: count.update(steps=1), 10)
        return connection

    monkeypatch.setattr(database, "connect", counted)
    return count


def test_start_opening_and_lists_cost_as_much_with_many_tickets_as_with_few(tmp_path, looked):
    cost = {}
    for many in (10, 1000):
        folder = tmp_path / str(many)
        folder.mkdir()
        fill(folder, many)
        looked.clear()
        daemon = build(read_config(folder / "huiyin.yaml"))
        daemon.engine.tick()
        assert list(troubles(daemon)) == []
        cost["start", many] = looked.pop("steps")
        (service,) = daemon.engine.services.values()
        for number in range(20):
            act = commands.Open(
                "matter", {"unit": f"{number}"}, "小李", service.site.plan.version, service.site.edition
            )
            assert isinstance(service.handle(Command(f"new-{number}", DESK, now(), act)), Done)
        cost["open", many] = looked.pop("steps")
        for open_only in (True, None):
            assert len(service.store.rows(Query(open=open_only, limit=20))) == 20
        cost["list", many] = looked.pop("steps")
        daemon.database.close()
    for what in ("start", "open", "list"):
        assert cost[what, 1000] <= 1.1 * cost[what, 10], what


@pytest.mark.slow
def test_with_a_hundred_thousand_open_tickets_it_is_ready_five_seconds_after_a_kill(tmp_path, capsys):
    fill(tmp_path, MANY)
    seconds, held = zip(*(restarted(tmp_path) for _ in range(3)), strict=True)
    with capsys.disabled():
        print(f"\n{MANY} open tickets: ready {min(seconds):.1f} s after a kill, {max(held) / 2**20:.0f} MB")
    assert opened_in(tmp_path) == MANY
    assert min(seconds) <= 5  # of three: others work on this machine, too
    assert max(held) < 200 * 2**20
