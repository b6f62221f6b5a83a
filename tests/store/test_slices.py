"""What is thrown away goes in slices: others write between them."""

from __future__ import annotations

import pytest

from engine.store import Database
from engine.store.slices import SLICE, forget_answers, forget_looks

NOW = 1_794_800_000
ANSWER = "INSERT INTO answer VALUES (?1, 'desk', ?2, '', 'T1', 1, ?3)"
LOOK = (
    "INSERT INTO access_log (site, object, at, principal, address, action, outcome, purpose, request)"
    " VALUES (?1, ?2, ?3, '', '', '', '', '', '')"
)


@pytest.fixture
def database(tmp_path):
    with Database.open(tmp_path / "huiyin.db", lambda: NOW, synchronous="NORMAL") as database:
        yield database


KINDS = pytest.mark.parametrize(
    ("forget", "table", "insert"),
    [(forget_answers, "answer", ANSWER), (forget_looks, "access_log", LOOK)],
)


@KINDS
@pytest.mark.parametrize("old", [0, 1, SLICE, 2 * SLICE + 1])
def test_the_old_go_and_the_young_stay(database, forget, table, insert, old):
    fill(database, insert, [NOW - 1] * old + [NOW, NOW + 1])
    found = list(forget(database, NOW))
    assert sum(found) == old
    assert max(found) <= SLICE
    assert database.fetch(f"SELECT count(*), min(at_) FROM (SELECT {at_of(table)} AS at_ FROM {table})") == [(2, NOW)]


@KINDS
def test_others_write_between_two_slices_and_who_stops_goes_on_later(database, forget, table, insert):
    fill(database, insert, [NOW - 1] * (SLICE + 5))
    assert next(forget(database, NOW)) == SLICE
    fill(database, insert, [NOW], first=10_000)
    assert list(forget(database, NOW)) == [5]
    assert database.fetch(f"SELECT count(*) FROM {table}") == [(1,)]


@KINDS
def test_a_slice_is_found_by_its_instant(database, forget, table, insert):
    said = []
    database.write(lambda c: c.set_trace_callback(said.append))
    fill(database, insert, [NOW - 1])
    list(forget(database, NOW))
    database.write(lambda c: c.set_trace_callback(None))
    (sql,) = (text for text in said if text.startswith("DELETE"))
    plan = [row[3] for row in database.fetch(f"EXPLAIN QUERY PLAN {sql}")]
    assert not any(step.startswith("SCAN") for step in plan), plan


def fill(database, insert, instants, first=0):
    database.write(lambda c: c.executemany(insert, [("park", str(n), at) for n, at in enumerate(instants, first)]))


def at_of(table):
    return {"answer": "created_at", "access_log": "at"}[table]
