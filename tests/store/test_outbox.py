"""The rows of the outbox: made once, taken by one, finished by who holds them, looked up by indexes."""

from __future__ import annotations

import pytest

from engine.store import Database
from engine.store.tables import deliveries, outbox
from engine.store.tables.deliveries import Deliveries, End, New
from engine.store.tables.outbox import Climbed, Finding, Outbox
from tests.store.histories import commits, long_story

NOW = 1_794_800_000


@pytest.fixture
def database(tmp_path):
    with Database.open(tmp_path / "huiyin.db", lambda: NOW, synchronous="NORMAL") as database:
        yield database


@pytest.fixture
def messages(database):
    """The seqs of the messages of a long story."""
    store = database.site("park")
    for commit in commits(long_story("T1")):
        store.write(lambda tx, commit=commit: tx.commit(commit))
    with database.read() as connection:
        return [one.seq for one in Outbox(connection).unseen(99)]


def new(id="a", **more):
    given = {
        "kind": "message",
        "site": "park",
        "message": 1,
        "ticket": "T1",
        "at": NOW,
        "person": "小王",
        "role": "boss",
        "mailbox": "小王",
        "critical": False,
        "rank": 0,
        "next_at": NOW,
        "made_at": NOW,
        "channel": "chat",
        "destination": "robot",
    }
    return New(**{**given, **more}, id=id)


def write(database, work):
    return database.write(lambda connection: work(Deliveries(connection)))


def rows(database):
    with database.read() as connection:
        return {one.id: one for one in Deliveries(connection).listed(deliveries.Filter())}


def test_messages_are_seen_once_in_the_order_of_the_log(database, messages):
    def settle(connection):
        box = Outbox(connection)
        first, second, *_ = box.unseen(99)
        box.settle(first.seq, "released", "", NOW)
        box.hold(second.seq, NOW + 60, "quiet hours")
        return [one.seq for one in box.unseen(99)], box.held(NOW + 59, 9), [one.seq for one in box.held(NOW + 60, 9)]

    assert database.write(settle) == (messages[2:], [], [messages[1]])


def test_a_row_is_made_once(database):
    assert write(database, lambda box: box.make(new()))
    assert not write(database, lambda box: box.make(new()))
    assert len(rows(database)) == 1


def test_what_says_the_same_to_the_same_is_merged_and_shares_the_fate_of_its_letter(database):
    write(database, lambda box: (box.know("robot", "wecom", 20), box.make(new("a")), box.make(new("b", critical=True))))
    assert [(one.state, one.into, one.critical) for one in rows(database).values()] == [
        ("pending", None, True),
        ("merged", "a", True),
    ]
    taken = write(database, lambda box: box.take(1, "me", NOW, NOW + 45))
    write(database, lambda box: box.finish(taken, End("sent", "sent"), NOW))
    assert {one.state for one in rows(database).values()} == {"sent"}


@pytest.mark.parametrize("other", [{"ticket": "T2"}, {"at": NOW + 1}, {"mailbox": "小赵"}, {"destination": "mail"}])
def test_what_differs_in_ticket_instant_reader_or_place_is_a_letter_of_its_own(database, other):
    write(database, lambda box: (box.make(new("a")), box.make(new("b", **other))))
    assert {one.state for one in rows(database).values()} == {"pending"}


def test_what_is_merged_stands_in_order_of_its_rungs(database):
    write(
        database, lambda box: [box.make(new(id, ticket=id, rank=rank)) for id, rank in (("a", 1), ("b", 0), ("c", 2))]
    )
    database.write(lambda connection: connection.execute("UPDATE delivery SET state = 'merged', \"into\" = 'letter'"))
    assert [one.id for one in write(database, lambda box: box.members("letter"))] == ["c", "a", "b"]


def test_a_row_is_taken_by_one(database):
    write(database, lambda box: box.make(new()))
    assert write(database, lambda box: box.take(1, "me", NOW - 1, NOW + 45)) is None
    assert write(database, lambda box: box.take(1, "me", NOW, NOW + 45)).attempt == 1
    assert write(database, lambda box: box.take(1, "you", NOW, NOW + 45)) is None
    assert write(database, lambda box: box.take(1, "you", NOW + 45, NOW + 90)).attempt == 2


@pytest.mark.parametrize("stolen", [{"owner": "you"}, {"attempt": 2}, {"state": "pending"}])
def test_only_who_holds_a_lease_finishes_it(database, stolen):
    write(database, lambda box: box.make(new()))
    taken = write(database, lambda box: box.take(1, "me", NOW, NOW + 45))
    (name, value), *_ = stolen.items()
    database.write(lambda connection: connection.execute(f"UPDATE delivery SET {name} = ?", (value,)))
    before = rows(database)
    assert not write(database, lambda box: box.finish(taken, End("sent", "sent"), NOW))
    assert rows(database) == before


def test_a_lease_that_is_given_back_can_be_taken_at_once(database):
    write(database, lambda box: box.make(new()))
    taken = write(database, lambda box: box.take(1, "me", NOW, NOW + 45))
    assert write(database, lambda box: box.give_back(taken, NOW, begun=False))
    assert not write(database, lambda box: box.give_back(taken, NOW, begun=False))
    assert write(database, lambda box: box.letters_at("robot", 0)) == 0
    assert write(database, lambda box: box.take(1, "you", NOW, NOW + 45)).attempt == 2


def test_who_opens_the_file_ends_the_leases_of_all_others(database):
    write(database, lambda box: (box.make(new("a")), box.make(new("b", ticket="T2"))))
    write(database, lambda box: (box.take(1, "dead", NOW, NOW + 45), box.take(2, "me", NOW, NOW + 45)))
    assert write(database, lambda box: box.reclaim("me", NOW)) == 1
    assert write(database, lambda box: box.take(1, "me", NOW, NOW + 45)).attempt == 2


def test_a_repeat_waits_behind_the_message_of_its_rung(database, messages):
    rung = Climbed("park", "T1", "answer#1.1", NOW, messages[0], "boss", False, "role:boss", NOW)
    repeat = rung._replace(at=NOW + 60, message=messages[1], repeats=True)

    def run(connection):
        box = Outbox(connection)
        box.climb(rung)
        box.hold(rung.message, NOW + 600, "")
        waits = box.waiting_rung(repeat)
        before = box.before(repeat._replace(at=NOW + 120))
        box.settle(rung.message, "released", "", NOW + 600)
        return waits, before, box.waiting_rung(repeat)

    assert database.write(run) == (True, [outbox.Before(messages[0], NOW + 60, NOW + 600, None)], False)


def test_a_finding_stays_until_it_was_told(database):
    finding = Finding("nobody", "park", "T1", "m", "boss", "", "", NOW)
    database.write(lambda connection: Outbox(connection).find(finding))
    with database.read() as connection:
        assert Outbox(connection).findings() == [(1, finding)]
    database.write(lambda connection: Outbox(connection).found(1))
    with database.read() as connection:
        assert Outbox(connection).findings() == []


#: What is asked all the time, and must not read what is over.
HOT = {
    "unseen": (outbox._UNSEEN, 1),
    "held": (outbox._HELD, 2),
    "before": (outbox._BEFORE, 4),
    "told": (outbox._TOLD, 4),
    "any due": (deliveries._ANY_DUE, 1),
    "due": (deliveries._DUE, 4),
    "lanes": (deliveries._LANES, 5),
    "open digest": (deliveries._OPEN_DIGEST, 3),
    "same letter": (deliveries._SAME, 5),
    "letters to": (deliveries._LETTERS_TO, 3),
    "letters at": (deliveries._LETTERS_AT, 2),
    "members": (deliveries._MEMBERS, 1),
    "waiting": (deliveries._WAITING, 0),
    "dead": (deliveries._DEAD, 0),
}


@pytest.mark.parametrize("name", HOT)
def test_what_is_asked_all_the_time_is_looked_up_by_an_index(database, name):
    sql, count = HOT[name]
    with database.read() as connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", (1,) * count)]
    indexed = (
        "SEARCH",
        "USE TEMP",
        "SCALAR",
        "CORRELATED",
        "LIST",
        "SCAN delivery USING INDEX delivery_next",
        "SCAN CONSTANT",
    )
    partial = ("SCAN delivery USING INDEX delivery_dead", "SCAN delivery USING COVERING INDEX delivery_next")
    assert all(step.startswith((*indexed, *partial)) for step in plan), plan
