"""Families that are over are read by the figures whose periods they touch, and by no others."""

from __future__ import annotations

import pytest

from engine.core import History, Period, span
from engine.store import Database, reads, spans
from engine.store.spans import note_spans
from tests.core.harness import at
from tests.store.histories import commits, opened

NOW = 1_794_800_000


@pytest.fixture
def database(tmp_path):
    with Database.open(tmp_path / "huiyin.db", lambda: NOW, synchronous="NORMAL") as database:
        yield database


@pytest.fixture
def store(database):
    return database.site("park")


def over(ticket, day):
    """A ticket that was opened and closed on a day of November; `close` is due three working days later."""
    return opened(ticket, f"11-{day:02} 09:00").do(f"11-{day:02} 09:30", "finish_all")


def keep(store, story):
    for commit in commits(story):
        store.write(lambda tx, commit=commit: tx.commit(commit))


def note(database):
    return len(list(note_spans(database, "park")))


def read(store, first, last):
    during = [Period(at(f"11-{first:02} 00:00"), at(f"11-{last:02} 00:00"))]
    return list(store.roots(during))


def test_what_is_over_is_read_where_its_span_touches_the_period(database, store):
    for ticket, day in (("T1", 2), ("T2", 3), ("T3", 16)):
        keep(store, over(ticket, day))
    keep(store, opened("T4", "11-16 10:00"))
    assert read(store, 9, 12) == ["T1", "T2", "T3", "T4"]
    note(database)
    assert read(store, 9, 12) == ["T1", "T4"]  # the first of all, and what is open
    assert read(store, 3, 4) == ["T1", "T2", "T4"]
    assert read(store, 19, 20) == ["T1", "T3", "T4"]  # when `close` of T3 would have been due
    assert list(store.roots()) == [family.id for family in store.families()] == ["T1", "T2", "T3", "T4"]


def test_a_family_that_goes_on_after_it_was_over_is_read_until_it_is_noted_again(database, store):
    keep(store, over("T0", 2))
    keep(store, over("T1", 3))
    note(database)
    assert read(store, 16, 17) == ["T0"]
    database.write(lambda c: c.execute("UPDATE span SET steps = steps - 1 WHERE family = 'T1'"))
    assert read(store, 16, 17) == ["T0", "T1"]
    note(database)
    assert read(store, 16, 17) == ["T0"]


def test_each_family_is_worked_out_once(database, store, monkeypatch):
    monkeypatch.setattr(spans, "BATCH", 2)
    for n in range(5):
        keep(store, over(f"T{n}", 2))
    keep(store, opened("T9", "11-03 09:00"))
    assert note(database) == 3
    noted = database.fetch('SELECT family, steps, start, "end" FROM span ORDER BY family')
    assert note(database) == 0
    assert database.fetch('SELECT family, steps, start, "end" FROM span ORDER BY family') == noted
    assert noted == [(f"T{n}", 2, *span(History.of(store.steps(f"T{n}")))) for n in range(5)]


def test_a_family_that_cannot_be_read_keeps_no_other(database, store):
    for ticket in ("T1", "T2", "T3"):
        keep(store, over(ticket, 2))
    database.write(lambda c: c.execute("UPDATE step SET body = replace(body, 'T2', 'T3') WHERE family = 'T2'"))
    note(database)
    assert database.fetch("SELECT family FROM span ORDER BY family") == [("T1",), ("T3",)]


def test_other_sites_are_others(database, store):
    keep(store, over("T1", 2))
    other = database.site("lake")
    keep(other, over("T1", 2))
    keep(other, over("T2", 2))
    note(database)
    assert read(other, 16, 17) == ["T1", "T2"]
    assert database.fetch("SELECT DISTINCT site FROM span") == [("park",)]


@pytest.mark.parametrize(
    ("sql", "values"), [(reads._ROOTS_DURING, ("park", "[[1, 2]]")), (spans._UNKNOWN, ("park", "", 1))]
)
def test_spans_are_found_by_their_key(database, sql, values):
    plan = [row[3] for row in database.fetch(f"EXPLAIN QUERY PLAN {sql}", values)]
    fine = ("SEARCH", "CORRELATED", "SCALAR", "SCAN json_each")
    assert all(step.startswith(fine) for step in plan), plan
