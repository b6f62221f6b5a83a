"""Disks that are full, files that are locked: a clear error, nothing half-written, and it goes on afterwards."""

from __future__ import annotations

import sqlite3
import subprocess
import sys

import pytest

from engine.core import Rule
from engine.store import Database, Query, SiteEvent, StoreError, verify, verify_file
from tests.store.histories import commits, opened


@pytest.fixture
def path(tmp_path):
    return tmp_path / "huiyin.db"


def big(n: int) -> SiteEvent:
    return SiteEvent(n, "filed", Rule("r"), {"text": "x" * 100_000}, "k")


def test_on_a_full_disk_nothing_is_half_written_and_it_works_again_after_space_returns(path):
    with Database.open(path, lambda: 1) as database:
        store = database.site("lakeside")
        store.write(lambda tx: tx.commit(next(commits(opened("T1")))))
        _limit(database, pages=_pages(database) + 4)
        commit = next(commits(opened("T2")))
        with pytest.raises(StoreError, match=r"huiyin.db: nothing was written: database or disk is full"):
            store.write(lambda tx: (tx.commit(commit), tx.set_mark("seen", 1), tx.record(big(1))))
        assert (store.load("T2"), store.steps("T2"), store.timers("T2"), store.mark("seen")) == (None, (), (), None)
        assert [row.ticket for row in store.rows(Query())] == ["T1"]
        assert store.load("T1") is not None
        _limit(database, pages=1_000_000)
        store.write(lambda tx: (tx.commit(commit), tx.record(big(1))))
        assert store.load("T2") == commit.family
        assert verify(database) == []


def test_a_full_disk_that_a_job_kept_to_itself_is_told_all_the_same(path):
    with Database.open(path, lambda: 1) as database:
        store = database.site("lakeside")
        _limit(database, pages=_pages(database) + 4)

        def run(tx):
            tx.set_mark("seen", 1)
            try:
                tx.record(big(1))
            except sqlite3.Error:
                return "all is well"

        with pytest.raises(StoreError, match="rolled back"):
            store.write(run)
        assert store.mark("seen") is None


def _pages(database: Database) -> int:
    with database.read() as connection:
        return connection.execute("PRAGMA page_count").fetchone()[0]


def _limit(database: Database, pages: int) -> None:
    database.write(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages}"))


LIMITED = """
import os, resource, signal, sys
from engine.core import Rule
from engine.store import Database, SiteEvent, StoreError, verify
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Database.open(sys.argv[1], lambda: 1) as database:
    store = database.site("lakeside")
    room = os.path.getsize(sys.argv[1] + "-wal") + 300_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    done = 0
    try:
        for n in range(100):
            store.write(lambda tx: (tx.set_mark("done", n), tx.record(SiteEvent(n, "filed", Rule("r"), {"x": "y" * 50_000}))))
            done = n
    except StoreError as error:
        print(error)
    assert store.mark("done") == done == len(store.site_events()) - 1, (store.mark("done"), done)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    store.write(lambda tx: (tx.set_mark("done", 100), tx.record(SiteEvent(1, "filed", Rule("r"), {}))))
    assert verify(database) == []
print(done)
"""


def test_a_write_that_the_system_refuses_is_an_error_and_not_the_end(path):
    said = subprocess.run([sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    message, done = said.stdout.splitlines()
    assert "huiyin.db: nothing was written: " in message
    with Database.open(path, lambda: 1) as database:
        store = database.site("lakeside")
        assert store.mark("done") == 100
        assert len(store.site_events()) == int(done) + 2


def test_a_file_that_somebody_locked_from_outside_is_an_error_and_works_again_when_free(path):
    with Database.open(path, lambda: 1, busy_timeout=0.02) as database:
        store = database.site("lakeside")
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="nothing was written: database is locked"):
            store.write(lambda tx: tx.set_mark("seen", 1))
        assert store.mark("seen") is None
        other.execute("ROLLBACK")
        other.close()
        store.write(lambda tx: tx.set_mark("seen", 2))
        assert store.mark("seen") == 2


def test_a_file_whose_pages_are_damaged_says_so(path):
    with Database.open(path, lambda: 1) as database:
        store = database.site("lakeside")
        for number in range(20):
            store.write(lambda tx, number=number: tx.record(big(number)))
    with path.open("r+b") as file:
        for offset in range(1_000_000, 1_500_000, 4096):
            file.seek(offset // 4096 * 4096)
            file.write(b"\xff" * 4096)
    with Database.open(path, lambda: 1) as database, pytest.raises(StoreError, match=r"cannot be read: .*malformed"):
        database.site("lakeside").site_events()


def test_a_file_that_was_moved_while_it_was_open_takes_nothing_until_it_is_back(path, tmp_path):
    with Database.open(path, lambda: 1) as database:
        store = database.site("lakeside")
        elsewhere = path.rename(tmp_path / "elsewhere.db")
        for _ in range(2):  # it is gone; then another one has its name
            with pytest.raises(StoreError, match="was moved or replaced"):
                store.write(lambda tx: tx.set_mark("seen", 1))
            with pytest.raises(StoreError, match="was moved or replaced"), database.read(), database.read():
                pass
            path.write_bytes(b"")
        elsewhere.replace(path)
        store.write(lambda tx: tx.set_mark("seen", 2))
        assert store.mark("seen") == 2


@pytest.mark.parametrize("damage", [b"CREATE \xd0ABLE step", b"CREATE TABLE \xd0tep"])
def test_a_file_whose_schema_is_damaged_says_so_even_where_it_is_no_text(path, damage):
    Database.open(path, lambda: 1).close()
    whole = path.read_bytes()
    assert whole.count(b"CREATE TABLE step") == 1
    path.write_bytes(whole.replace(b"CREATE TABLE step", damage))
    for use in (lambda: Database.open(path, lambda: 1), lambda: verify_file(path)):
        with pytest.raises(StoreError, match="malformed"):
            use()
