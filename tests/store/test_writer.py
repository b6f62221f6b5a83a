"""One writer at a time, one commit for all that wait, each job for itself."""

from __future__ import annotations

import sqlite3
from collections import Counter
from threading import Thread, get_ident

import pytest

from engine.store import ConflictError, Database, StoreError
from tests.store.crowd import Crowd
from tests.store.histories import commits, long_story, opened


@pytest.fixture
def database(tmp_path):
    with Database.open(tmp_path / "huiyin.db", lambda: 1, synchronous="NORMAL") as database:
        database.write(lambda c: c.execute("CREATE TABLE note (name TEXT PRIMARY KEY) STRICT"))
        yield database


def notes(database: Database) -> set[str]:
    with database.read() as connection:
        return {name for (name,) in connection.execute("SELECT name FROM note")}


def note(name: str):
    def work(connection: sqlite3.Connection) -> str:
        connection.execute("INSERT INTO note VALUES (?)", (name,))
        return name

    return work


def test_a_job_that_raises_is_taken_back_alone_and_the_others_of_its_commit_stay(database):
    def broken(connection):
        note("lost")(connection)
        raise KeyError("mine")

    crowd = Crowd(database)
    crowd.add("a", note("a"))
    crowd.add("broken", broken)
    crowd.add("twice", note("a"))
    crowd.add("b", note("b"))
    answers = crowd.go()
    assert (answers["a"], answers["b"]) == ("a", "b")
    assert isinstance(answers["broken"], KeyError)
    assert isinstance(answers["twice"], sqlite3.IntegrityError)
    assert notes(database) == {"a", "b"}


def test_those_who_shared_a_commit_that_failed_run_again_each_in_one_of_its_own(database):
    ran: list[str] = []

    def noted(name):
        return lambda connection: (ran.append(name), note(name)(connection))

    crowd = Crowd(database)
    crowd.add("a", noted("a"))
    crowd.add("twice", noted("a"))
    crowd.add("b", noted("b"))
    crowd.go()
    assert ran == ["a", "a", "a", "a", "b"]


def test_those_who_wait_share_one_commit(database):
    statements = []
    database.write(lambda connection: connection.set_trace_callback(statements.append))
    crowd = Crowd(database)
    for name in "abcdef":
        crowd.add(name, note(name))
    crowd.go()
    assert Counter(statements)["COMMIT"] == 3  # of setting the trace, of the one who held the writer, of the crowd
    assert notes(database) == set("abcdef")


def test_a_job_sees_what_those_before_it_in_the_commit_wrote(database):
    store = database.site("lakeside")
    first, second, *_ = commits(long_story("T1"))
    crowd = Crowd(database)
    crowd.add("first", lambda tx: tx.commit(first), store.write)
    crowd.add("second", lambda tx: (tx.load("T1") == first.family, tx.commit(second))[0], store.write)
    crowd.add("again", lambda tx: tx.commit(second), store.write)
    crowd.add("load", lambda tx: tx.load("T1"), store.write)
    seen = crowd.go()
    assert seen["second"] is True
    assert isinstance(seen["again"], ConflictError)
    assert seen["load"] == second.family == store.load("T1")


def test_a_single_caller_runs_its_job_on_its_own_thread(database):
    assert database.write(lambda _: get_ident()) == get_ident()


def test_when_the_commit_fails_every_job_of_it_failed_and_none_of_it_is_there(database):
    crowd = Crowd(database)
    crowd.add("a", note("a"))
    crowd.add("full", lambda c: c.execute(f"PRAGMA max_page_count = {c.execute('PRAGMA page_count').fetchone()[0]}"))
    crowd.add("big", lambda c: c.execute("INSERT INTO note VALUES (?)", ("x" * 1_000_000,)))
    crowd.add("b", note("b"))
    answers = crowd.go()
    for name in ("a", "big", "b"):
        assert isinstance(answers[name], StoreError)
        assert "nothing was written: database or disk is full" in str(answers[name])
    assert notes(database) == set()
    database.write(lambda c: c.execute("PRAGMA max_page_count = 1000000"))
    database.write(note("a"))
    assert notes(database) == {"a"}


def test_a_write_inside_a_write_is_refused(database):
    with pytest.raises(AssertionError, match="wait for itself"):
        database.write(lambda _: database.write(note("a")))
    database.write(note("b"))
    assert notes(database) == {"b"}


def test_thirty_two_threads_lose_nothing_and_double_nothing(database):
    store = database.site("lakeside")
    given: list[int] = []

    def run(thread: int) -> None:
        for number in range(12):
            ticket = f"T{thread}-{number}"
            commit = next(commits(opened(ticket)))
            given.append(store.write(lambda tx, commit=commit: (tx.commit(commit), tx.stamp(len(given)))[1]))

    threads = [Thread(target=run, args=(n,)) for n in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert {family.id for family in store.families()} == {f"T{t}-{n}" for t in range(32) for n in range(12)}
    assert len(given) == 32 * 12


def test_closing_does_what_waits_and_lets_nobody_in_after(database):
    crowd = Crowd(database)
    crowd.add("a", note("a"))
    closer = Thread(target=database.close)
    waiting = len(database._writer._queue)
    closer.start()
    while len(database._writer._queue) == waiting:
        pass
    with pytest.raises(StoreError, match="closed"):
        database.write(note("b"))  # it would come behind the closing, where there is no connection any more
    assert crowd.go() == {"a": "a"}
    closer.join(5)
    with pytest.raises(StoreError, match="closed"):
        database.write(note("b"))


def test_nothing_of_a_transaction_touches_the_connection_afterwards(tmp_path):
    """A cursor that died later, in another thread, reset a statement under the hands of the next writer."""
    with Database.open(tmp_path / "huiyin.db", lambda: 0) as database:
        kept = database.site("lakeside").write(lambda tx: tx)
        with pytest.raises(sqlite3.ProgrammingError, match="closed cursor"):
            kept.set_mark("late", 1)
        assert database.write(lambda connection: connection.execute("SELECT 1")) is None
