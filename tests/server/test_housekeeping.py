"""What is thrown away in time."""

from __future__ import annotations

from dataclasses import replace
from threading import Event

import pytest

from engine.server import housekeeping
from engine.server.entry.access_log import AccessLog
from engine.server.housekeeping import DAY, Housekeeping, tidy
from engine.store import StoreError
from engine.store.tables.evidence import Evidence


@pytest.mark.parametrize(("days", "left"), [(90, 1), (400, 2)])
def test_messages_are_forgotten_after_as_many_days_as_the_settings_say(new_house, days, left):
    new_house.daemon.config = replace(new_house.daemon.config, message_days=days)
    desk = new_house.desk("小李")
    for _ in range(2):
        ticket = desk.ticket()
        new_house.pass_time(4 * 3600)  # it is reminded of
        desk.do(ticket, "withdraw", reason="已自行解决")
        while new_house.daemon.postman.release(new_house.clock()):
            pass
    database = new_house.daemon.database
    now = new_house.clock()
    database.write(lambda c: c.execute("UPDATE delivery SET state = 'sent', next_at = NULL, ended_at = ?", (now,)))
    new_house.clock.at += 100 * DAY
    for _ in tidy(new_house.daemon):
        pass
    # the newest message of all stays, and it is of the second ticket
    assert len(database.fetch("SELECT DISTINCT ticket FROM message WHERE ticket LIKE 'lakeside-%'")) == left


def failing(error):
    def fail(*_):
        raise error

    return fail


def test_what_fails_is_said_and_keeps_nothing_else_from_being_done(new_house, monkeypatch, caplog):
    """Nobody's words stand in the log; what the world does not let us stands there as it says it."""
    database = new_house.daemon.database
    database.write(lambda c: c.execute("INSERT INTO answer VALUES ('lakeside', 'x', 'y', '', '', 1, 0)"))
    database.write(lambda c: c.execute("INSERT INTO failure VALUES (x'00', 1, 0)"))
    monkeypatch.setattr(Evidence, "sweep", failing(StoreError("the disk is gone")))
    monkeypatch.setattr(AccessLog, "record", failing(ValueError("王女士")))
    for _ in tidy(new_house.daemon):
        pass
    assert caplog.messages == ["files wait: the disk is gone", "looks wait: ValueError"]
    assert database.fetch("SELECT (SELECT count(*) FROM answer), (SELECT count(*) FROM failure)") == [(0, 0)]


def test_a_round_is_followed_by_the_next(monkeypatch):
    rounds, done = [], Event()

    def tidy(daemon):
        rounds.append(daemon)
        if len(rounds) == 2:
            done.set()
        yield

    monkeypatch.setattr(housekeeping, "tidy", tidy)
    monkeypatch.setattr(housekeeping, "EVERY", 0.001)
    keeping = Housekeeping(None)
    keeping.start()
    assert done.wait(5)
    keeping.stop()


def test_it_stops_between_two_steps(monkeypatch):
    begun = Event()

    def tidy(daemon):
        begun.set()
        while True:
            yield

    monkeypatch.setattr(housekeeping, "tidy", tidy)
    keeping = Housekeeping(None)
    keeping.start()
    assert begun.wait(5)
    keeping.stop()


def test_files_that_a_killed_daemon_left_half_written_are_cleared_by_a_round_not_by_the_start(new_house):
    left = new_house.daemon.config.data / "evidence" / "lakeside" / "ab" / "abc.part"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    for _ in tidy(new_house.daemon):
        pass
    assert not left.exists()
