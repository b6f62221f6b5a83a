"""What was told long ago is forgotten, and nothing that is still asked for."""

from __future__ import annotations

from itertools import islice

import pytest

from engine.notify import refused
from engine.store import Database, told
from tests.notify.office import PLAN, SITE, Office

DAY = 86_400
LOUD = PLAN.replace("notify: supervisor}", "notify: supervisor, quiet: ignore}")
TABLES = ("message", "outbox", "climbed", "delivery", "attempt")


@pytest.fixture
def office(make):
    return make(LOUD)


def past(office, ticket="T1", *, closed=True):
    """A ticket that was reminded of, and was closed an hour later."""
    office.open(ticket)
    office.clock.now += 3600 + 1
    office.service.advance(office.clock.now - 1)
    office.works()
    office.clock.now += 3600
    if closed:
        office.move("finish", ticket)
        office.works()


def forget(office, days=90):
    for _ in told.forget_told(office.database, office.clock.now - days * DAY):
        pass


def left(office):
    return {table: office.rows(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}


def tickets_told(office):
    return {one.ticket for one in office.deliveries(limit=1000)}


def test_what_a_closed_ticket_told_goes_when_all_of_it_is_old(office):
    past(office, "T1")
    office.clock.now += 50 * DAY
    past(office, "T2")
    office.clock.now += 50 * DAY
    forget(office)
    assert tickets_told(office) == {"T2"}
    assert office.rows("SELECT DISTINCT ticket FROM message") == [("T2",)]
    assert office.rows("SELECT count(*) FROM attempt WHERE delivery NOT IN (SELECT seq FROM delivery)") == [(0,)]
    assert office.rows("SELECT DISTINCT ticket FROM climbed") == [("T2",)]


def test_what_was_told_long_ago_stays_while_its_ticket_was_open_lately(office):
    past(office, "T1", closed=False)
    office.clock.now += 100 * DAY
    office.move("finish", "T1")
    office.works()
    past(office, "T2")
    everything = left(office)
    forget(office)
    assert left(office) == everything
    office.clock.now += 91 * DAY
    forget(office)
    assert "T1" not in tickets_told(office)


def test_a_young_message_stays_though_it_was_told_to_nobody_and_its_ticket_is_long_over(office):
    past(office, "T1")
    past(office, "T2")
    office.clock.now += 100 * DAY
    office.database.write(lambda c: c.execute("DELETE FROM delivery WHERE message = 1"))
    office.database.write(lambda c: c.execute("UPDATE message SET at = ? WHERE seq = 1", (office.clock.now,)))
    forget(office)
    assert office.rows("SELECT seq FROM message WHERE seq = 1") == [(1,)]


def test_a_second_time_there_is_nothing_left_to_forget(office):
    past(office, "T1")
    past(office, "T2")
    office.clock.now += 100 * DAY
    forget(office)
    before = left(office)
    forget(office)
    assert left(office) == before


def test_the_newest_message_stays_so_that_no_number_is_given_again_and_what_is_new_is_told(office):
    past(office)
    (newest,) = office.rows("SELECT max(seq) FROM message")
    office.clock.now += 100 * DAY
    forget(office)
    assert office.rows("SELECT seq FROM message") == [newest]
    office.post.sent.clear()
    past(office, "T2", closed=False)
    assert office.told() == ["小王"]
    assert office.rows("SELECT min(seq) FROM message WHERE ticket = 'T2'")[0] > newest


def test_who_was_told_of_an_open_ticket_gets_its_all_clear_however_late(office):
    past(office, "T1", closed=False)
    past(office, "T2")
    past(office, "T3")
    office.clock.now += 100 * DAY
    forget(office)
    assert "T2" not in tickets_told(office)
    office.town.on_duty["supervisor"] = ["小赵"]  # who takes over was never told
    office.post.sent.clear()
    office.move("arrive", "T1")
    office.works()
    assert "小王" in office.told()
    assert "小赵" not in office.told()


@pytest.mark.parametrize("state", ["pending", "leased", "merged"])
def test_a_letter_that_is_under_way_keeps_its_message(office, state):
    past(office, "T1")
    past(office, "T2")
    sql = "UPDATE delivery SET state = ?, ended_at = NULL WHERE ticket = 'T1'"
    office.database.write(lambda connection: connection.execute(sql, (state,)))
    office.clock.now += 100 * DAY
    forget(office)
    assert office.rows("SELECT DISTINCT ticket FROM message ORDER BY 1") == [("T1",), ("T2",)]
    assert "T1" in tickets_told(office)


def test_what_was_given_up_lately_can_still_be_sent_again(office):
    office.post.says = lambda letter, where: refused("wrong address", 400)
    past(office, "T1")
    past(office, "T2")
    office.clock.now += 50 * DAY
    sql = "UPDATE delivery SET ended_at = ? WHERE ticket = 'T1' AND state = 'dead'"
    office.database.write(lambda connection: connection.execute(sql, (office.clock.now,)))
    office.clock.now += 50 * DAY
    forget(office)
    assert {one.ticket for one in office.deliveries(state="dead")} >= {"T1"}
    office.clock.now += 50 * DAY
    forget(office)
    assert not office.rows("SELECT 1 FROM message WHERE ticket = 'T1'")


def test_a_message_that_is_held_is_never_forgotten(office):
    past(office, "T1")
    past(office, "T2")
    sql = "UPDATE outbox SET state = 'held', look_at = ? WHERE message = 1"
    office.database.write(lambda connection: connection.execute(sql, (office.clock.now + 900 * DAY,)))
    office.clock.now += 100 * DAY
    forget(office)
    assert office.rows("SELECT seq FROM message WHERE seq = 1") == [(1,)]


def merged(office, *tickets):
    """Letters of several tickets that went out as one digest."""
    for ticket in tickets:
        office.open(ticket)
    office.clock.now += 3 * 3600
    office.service.advance(office.clock.now - 1)
    office.works()
    office.runs(5)
    (digest,) = office.rows("SELECT id FROM delivery WHERE kind = 'digest' AND state = 'sent' LIMIT 1")
    return digest[0]


def test_a_digest_stays_as_long_as_one_of_its_parts(office):
    merged(office, "T1", "T2")
    office.move("finish", "T1")
    office.works()
    office.clock.now += 100 * DAY
    forget(office)
    assert "T1" not in {one.ticket for one in office.deliveries(limit=1000)}
    assert office.rows("SELECT count(*) FROM delivery WHERE kind = 'digest'")[0][0] > 0
    office.post.sent.clear()
    office.move("arrive", "T2")
    office.works()
    assert "小王" in office.told()
    office.move("finish", "T2")
    past(office, "T3")
    office.clock.now += 100 * DAY
    forget(office)
    assert tickets_told(office) <= {"T3"}


def test_the_daily_digests_go_too(office):
    past(office)
    insert = """INSERT INTO delivery (kind, id, site, ticket, at, person, role, mailbox, channel, others, destination,
        critical, rank, state, made_at, ended_at)
        VALUES ('daily', ?, ?, '', ?, '陈总', 'boss', '陈总', 'chat', '[]', 'chat', 0, 0, 'sent', ?, ?)"""
    now = office.clock.now
    for name, at in (("old", now), ("new", now + 50 * DAY)):
        office.database.write(lambda c, name=name, at=at: c.execute(insert, (name, SITE, at, at, at)))
    office.clock.now += 100 * DAY
    forget(office)
    assert office.rows("SELECT id FROM delivery WHERE kind = 'daily'") == [("new",)]


def test_whoever_stops_half_way_goes_on_another_day(office, monkeypatch):
    monkeypatch.setattr(told, "SLICE", 2)
    for n in range(6):
        past(office, f"T{n}")
    office.clock.now += 100 * DAY
    before = left(office)["message"]
    for _ in islice(told.forget_told(office.database, office.clock.now - 90 * DAY), 1):
        pass
    assert left(office)["message"] == before - 2
    forget(office)
    assert left(office)["message"] == 1


def test_where_young_messages_begin_nobody_looks_further(office, monkeypatch):
    monkeypatch.setattr(told, "SLICE", 2)
    for n in range(6):
        past(office, f"T{n}")
    assert len(list(told.forget_told(office.database, office.clock.now - 90 * DAY))) == 2


def test_a_file_of_long_ago_is_tidied_and_an_empty_one_does_no_harm(tmp_path):
    office = Office(tmp_path / "old.db", LOUD, start="01-04 09:00")
    past(office, "T1")
    past(office, "T2")
    office.database.close()
    with Database.open(tmp_path / "old.db", lambda: 0) as database:
        for _ in told.forget_told(database, office.clock.now + 3000 * DAY):
            pass
        assert database.fetch("SELECT count(*) FROM message") == [(1,)]
    with Database.open(tmp_path / "fresh.db", lambda: 0) as database:
        assert len(list(told.forget_told(database, office.clock.now))) == 2


@pytest.mark.parametrize(
    ("sql", "values"),
    [
        (told._MESSAGES.next, (1, 1)),
        (told._MESSAGES.over, {"after": 1, "until": 1, "before": 1}),
        (told._LETTERS.next, (1, 1)),
        (told._LETTERS.over, {"after": 1, "until": 1, "before": 1}),
        *((sql, ("[]",)) for sql in (*told._MESSAGES.gone, *told._LETTERS.gone)),
    ],
)
def test_what_is_over_is_found_by_indexes(office, sql, values):
    plan = [row[3] for row in office.rows(f"EXPLAIN QUERY PLAN {sql}", *values)] if isinstance(values, tuple) else None
    if plan is None:
        with office.database.read() as connection:
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
    fine = ("SEARCH", "LIST", "SCALAR", "CORRELATED", "SCAN json_each", "USING ROWID SEARCH")
    assert all(step.startswith(fine) for step in plan), plan
