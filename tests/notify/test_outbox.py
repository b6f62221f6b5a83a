"""Deliveries: leases, tries, channels, limits, digests, and what a kill leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Condition, Event, Thread

import pytest

from engine.notify import SENT, Outbox, Outcome, limits, refused, retry
from engine.store import Database
from engine.store.tables.deliveries import Deliveries, End, Filter
from tests.notify.office import PLAN, SITE, Office, robot

LOUD = PLAN.replace("notify: supervisor}", "notify: supervisor, quiet: ignore}")
DOWN = retry("out of order", 500)


def breached(office, count=1, when="11-16 10:00:01"):
    """So many tickets, all breached just now."""
    for n in range(count):
        office.open(f"T{n}")
    office.goes_to(when)
    office.release()


# ---- leases ---------------------------------------------------------------------------------------------------------


def test_a_lease_is_nobody_elses_until_it_runs_out(office):
    breached(office)
    (lease,) = office.postman.claim(office.clock.now)
    other = office.new_postman()
    assert other.claim(office.clock.now + limits.LEASE - 1) == []
    (again,) = other.claim(office.clock.now + limits.LEASE)
    assert (again.row.id, again.row.attempt) == (lease.row.id, lease.row.attempt + 1)


def test_a_zombie_finishes_nothing_that_was_taken_from_it(office):
    breached(office)
    (lease,) = office.postman.claim(office.clock.now)
    office.clock.now += limits.LEASE
    other = office.new_postman()
    (again,) = other.claim(office.clock.now)
    office.postman.deliver(lease)
    (row,) = office.deliveries()
    assert (row.state, row.owner) == ("leased", other.owner)
    other.deliver(again)
    assert office.deliveries()[0].state == "sent"
    assert office.rows("SELECT outcome FROM attempt ORDER BY attempt") == [("fenced",), ("sent",)]
    assert office.postman.counts() == {("chat", "fenced"): 1}


def test_the_same_owner_cannot_finish_an_older_attempt(office):
    breached(office)
    (lease,) = office.postman.claim(office.clock.now)
    (again,) = office.postman.claim(office.clock.now + limits.LEASE)
    end = End("sent", "sent")
    assert not office.database.write(lambda c: Deliveries(c).finish(lease.row, end, office.clock.now))
    assert office.database.write(lambda c: Deliveries(c).finish(again.row, end, office.clock.now))


def test_nothing_is_sent_once_the_lease_is_not_trusted_any_more(office):
    breached(office)
    (lease,) = office.postman.claim(office.clock.now)
    office.clock.seconds += limits.LEASE - limits.MARGIN
    office.postman.deliver(lease)
    assert office.told() == []
    assert [(one.state, one.tries) for one in office.deliveries()] == [("pending", 0)]
    office.works()
    assert office.told() == ["小王"]


# ---- tries and channels ---------------------------------------------------------------------------------------------


def times_of_tries(office, destination, seconds):
    """When letters were handed to a destination, in seconds from the first."""
    tried: list[int] = []

    def says(letter, where):
        if where.id == destination:
            tried.append(office.clock.now)
            return DOWN
        return SENT

    office.post.says = says
    office.works()
    office.runs(seconds)
    return [at - tried[0] for at in tried]


def test_a_critical_letter_is_tried_for_eight_minutes_and_goes_by_the_next_channel_then(make):
    office = make(LOUD)
    breached(office)
    assert times_of_tries(office, "chat", 500) == [0, 5, 20, 65, 185, 485]
    assert [(where, who) for where, who, _ in office.post.sent] == [("mail", "小王")]
    dead, sent = office.deliveries()
    assert (dead.state, dead.reason, dead.code) == ("dead", "out of order", "500")
    assert (sent.state, sent.channel) == ("sent", "mail")


def test_what_is_refused_goes_by_the_next_channel_at_once(office):
    office.post.says = lambda letter, where: refused("wrong address", 400) if where.id == "chat" else SENT
    breached(office)
    office.works()
    assert [(where, who) for where, who, _ in office.post.sent] == [("mail", "小王")]


def test_a_person_whose_every_channel_is_dead_is_undeliverable(office):
    office.post.says = lambda letter, where: refused("wrong address", 400)
    breached(office)
    office.works()
    office.works()
    assert office.town.undeliverable == [("T0", "due")]


def test_one_of_several_who_is_not_reached_any_more_is_no_reason_to_tell_the_ticket(office):
    office.town.on_duty["supervisor"] = ["小王", "小赵"]
    breached(office)
    office.database.write(lambda connection: connection.execute("DELETE FROM climbed"))  # as of a notice
    office.town.unreached = {("小王", "chat"), ("小王", "mail")}
    office.works()
    office.works()
    assert office.told() == ["小赵"]
    assert office.town.undeliverable == []


def test_a_receiver_that_is_gone_for_good_is_sent_nothing_more(office):
    office.post.says = lambda letter, where: Outcome("disabled", "gone", "410") if where.id == "chat" else SENT
    breached(office)
    office.works()
    calls = []
    office.post.says = lambda letter, where: calls.append(where.id) or SENT
    office.works("11-16 12:01")
    assert calls == ["mail"]


def gone(office):
    """The group's robot said that it is gone for good."""
    office.post.says = lambda letter, where: Outcome("disabled", "gone", "410") if where.id == "chat" else SENT
    breached(office)
    office.works()
    office.post.says = lambda letter, where: SENT
    office.post.sent.clear()


def test_a_receiver_that_was_gone_for_good_is_sent_to_again_once_a_letter_is_retried(office):
    gone(office)
    (dead,) = office.deliveries(state="dead", channel="chat")
    Outbox(office.database).retry([dead.id], office.clock.now)
    office.works()
    office.works("11-16 12:01")
    assert [where for where, *_ in office.post.sent] == ["chat", "chat"]


def test_a_receiver_that_was_gone_for_good_is_sent_to_again_by_a_daemon_that_starts(office):
    gone(office)
    office.postman = office.new_postman()
    office.postman.start()
    office.postman.stop()
    office.postman = office.new_postman()
    office.works("11-16 12:01")
    assert [where for where, *_ in office.post.sent] == ["chat"]


def test_a_receiver_says_itself_when_to_come_again(office):
    office.post.says = lambda letter, where: retry("too many", 429, 90)
    breached(office)
    office.works()
    assert office.deliveries()[0].next_at == office.clock.now + 90


def test_retries_change_neither_person_nor_id(office):
    ids = []
    office.post.says = lambda letter, where: ids.append(letter.id) or (DOWN if len(ids) < 3 else SENT)
    breached(office)
    office.works()
    office.town.on_duty["supervisor"] = ["小赵"]
    office.runs(66)
    assert len(set(ids)) == 1
    assert office.told() == ["小王"]


@pytest.mark.parametrize(("failures", "pause"), [(1, 30), (2, 60), (3, 120), (4, 240), (5, 480), (6, 600), (7, 600)])
def test_pauses_double_up_to_ten_minutes(failures, pause):
    assert limits.pause(failures - 1) == pause


def test_five_failures_in_a_row_pause_a_destination_and_burn_no_attempts(make):
    office = make()
    office.town.on_duty["supervisor"] = [f"P{n}" for n in range(8)]
    calls: list[int] = []
    office.post.says = lambda letter, where: calls.append(office.clock.now) or DOWN
    breached(office)
    start = office.clock.now
    office.works()
    assert len(calls) == 6  # two at a time: the sixth was under way already
    office.runs(29)
    assert len(calls) == 6
    assert [one.attempt for one in office.deliveries()].count(0) == 2
    office.runs(31)
    assert calls[6:] == [start + 60]  # a single one shows whether it works; the sixth had doubled the pause


def test_while_its_destination_is_paused_a_letter_loses_its_patience_and_goes_elsewhere(make):
    office = make(LOUD)
    office.town.on_duty["supervisor"] = [f"P{n}" for n in range(40)]
    office.post.says = lambda letter, where: DOWN if where.id == "chat" else SENT
    breached(office)
    office.runs(limits.patience("console", True) + 60)
    assert {who for where, who, _ in office.post.sent if where == "mail"} == {f"P{n}" for n in range(40)}


def test_a_broken_template_parks_its_letter_and_the_others_go_on(office, monkeypatch):
    breached(office, 2)
    monkeypatch.setattr(office.town, "link", lambda site, ticket: 1 / 0 if ticket == "T0" else "")
    office.deliver()
    assert {(one.ticket, one.state) for one in office.deliveries()} == {("T0", "dead"), ("T1", "sent")}
    assert office.deliveries(state="dead")[0].reason == "it cannot be written: ZeroDivisionError"
    assert office.town.undeliverable == []
    office.works()
    assert office.town.undeliverable == [("T0", "due")]


# ---- many -----------------------------------------------------------------------------------------------------------


def most_in_a_minute(instants):
    return max(sum(start <= at < start + 60 for at in instants) for start in instants)


def counted(office):
    """Writes down when letters are sent: (instant, destination, person, letter)."""
    log = []
    post = office.post

    def says(letter, where):
        log.append((office.clock.now, where.id, letter))
        return SENT

    post.says = says
    return log


def test_a_storm_comes_as_few_digests_and_nothing_is_dropped(make):
    office = make(LOUD)
    log = counted(office)
    for second in range(60):
        for n in range(5):
            office.open(f"T{second}-{n}")
        office.clock.now += 1
    office.goes_to("11-16 10:00:01")
    start = office.clock.now
    while office.clock.now < start + 120:
        office.service.advance(office.clock.now - 1)
        office.works()
        office.clock.now += 1
    assert len(log) <= 10
    assert most_in_a_minute([at for at, _, _ in log]) <= limits.PERSON_RATE
    assert log[0][0] - start <= 5
    assert {one.state for one in office.deliveries(limit=1000)} == {"sent"}
    assert len(office.deliveries(limit=1000)) == 300 + sum(letter.data["type"] == "digest" for _, _, letter in log)


def test_whoever_had_ten_letters_in_a_minute_gets_none_before_it_is_over(office):
    breached(office)
    sent = "INSERT INTO attempt VALUES (?, 1, ?, '小王', 'chat', ?, ?, 'sent', '', '')"
    now = office.clock.now
    for n in range(100, 100 + limits.PERSON_RATE):
        office.database.write(lambda connection, n=n: connection.execute(sent, (n, SITE, now, now)))
    office.runs(60)
    assert office.told() == []
    office.runs(2)
    assert office.told() == ["小王"]


def test_after_downtime_a_person_gets_one_digest_the_highest_rung_first(make):
    text = LOUD.replace("notify: leader,", "notify: supervisor, quiet: ignore,")
    office = make(text)
    office.open("T1")
    office.clock.now += 3 * 3600 - 60
    office.open("T2")
    office.works("11-16 15:10")
    office.runs(5)
    ((_, who, letter),) = office.post.sent
    assert who == "小王"
    lines = letter.text.splitlines()
    assert [line.split("：")[0] for line in lines[::2]] == ["报修 T1", "报修 T2"]
    assert [line.count("到期") for line in lines[1::2]] == [1, 1]  # the lower rungs say the same


def test_no_robot_gets_more_than_its_rate_and_the_last_quarter_is_for_critical_ones(make):
    office = make(PLAN.replace("  default:\n", "  default:\n    now: {at: start, notify: leader, quiet: ignore}\n"))
    office.town.destinations["chat"] = robot("robot", 20)
    office.town.on_duty["supervisor"] = [f"N{n}" for n in range(40)]
    office.town.on_duty["leader"] = [f"C{n}" for n in range(3)]
    log = counted(office)
    breached(office)
    office.works()
    normal = len(log)
    office.open("T9")  # its first rung is loud
    office.works()
    office.runs(200)
    assert most_in_a_minute([at for at, _, _ in log]) <= 20
    assert normal <= 15 + 3
    assert set(office.told()) == {f"N{n}" for n in range(40)} | {f"C{n}" for n in range(3)}
    assert {one.state for one in office.deliveries(limit=1000)} == {"sent"}


def test_a_program_gets_each_message_by_itself(make):
    office = make()
    assert limits.budget(None, critical=False) is None
    assert [limits.budget(20, critical=critical) for critical in (False, True)] == [15, 20]
    assert len({limits.wait("webhook", False, id, 2) for id in "abcdefgh"}) > 1
    assert all(240 <= limits.wait("webhook", False, id, 2) <= 360 for id in "abcdefgh")
    assert office is not None


def test_a_destination_that_hangs_starves_no_other(make):
    office = make()
    office.town.on_duty["supervisor"] = [f"P{n}" for n in range(6)]
    breached(office)
    hanging = office.postman.claim(office.clock.now)
    assert len(hanging) == limits.THREADS_PER_DESTINATION
    assert office.postman.claim(office.clock.now) == []
    office.town.destinations["chat"] = office.town.destinations["mail"]
    office.goes_to("11-16 12:00:01")
    office.release()
    assert {lease.row.destination for lease in office.postman.claim(office.clock.now)} == {"mail"}


# ---- privacy --------------------------------------------------------------------------------------------------------

NOTICE = """
notices:
  job: {title: 新单, of: matter, on: opened, to: supervisor, text: "{name}报修{place}"}
"""


def test_personal_values_are_read_when_a_letter_is_sent_for_a_reader_who_may_see_them(make):
    office = make(PLAN + NOTICE)
    office.town.values = {"pii:name:1": "王小明"}
    office.town.seen_by = {"小王"}
    office.town.on_duty["supervisor"] = ["小王", "小赵"]
    office.open(name="pii:name:1", place="6栋")
    office.works()
    texts = {who: letter.text for _, who, letter in office.post.sent}
    assert texts == {"小王": "王小明报修6栋", "小赵": "•••报修6栋"}
    assert all("王小明" not in str(letter.data) for _, _, letter in office.post.sent)


def test_nothing_personal_is_in_the_outbox_and_erasing_leaves_nothing(make):
    office = make(PLAN + NOTICE)
    office.town.values = {"pii:name:1": "王小明"}
    office.town.seen_by = {"小王"}
    office.post.says = lambda letter, where: DOWN
    office.open(name="pii:name:1", place="6栋")
    office.works()
    tables = ("outbox", "climbed", "delivery", "attempt", "destination", "finding")
    assert all("王小明" not in str(office.rows(f"SELECT * FROM {table}")) for table in tables)
    office.town.values.clear()  # erased between two tries
    office.post.says = lambda letter, where: SENT
    office.runs(6)
    assert [letter.text for _, _, letter in office.post.sent] == ["•••报修6栋"]


# ---- threads --------------------------------------------------------------------------------------------------------


def started(office, **more):
    postman = office.new_postman()
    postman._monotonic = time.monotonic
    postman.start()
    return postman


def wait_for(what, seconds=5.0):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


def test_the_postman_delivers_when_it_is_woken_and_stops_when_it_is_told(office):
    postman = started(office)
    office.open()
    office.goes_to("11-16 10:00:01")
    postman.wake()
    wait_for(office.told)
    wait_for(lambda: office.deliveries()[0].state == "sent")
    postman.stop()
    assert not any(thread.is_alive() for thread in postman._threads)


def test_stop_gives_back_what_hangs(office, monkeypatch):
    monkeypatch.setattr("engine.notify.postman.STOP", 0.2)
    under_way, over = Event(), Event()

    def hang(letter, where):
        under_way.set()
        over.wait(5)
        return SENT

    office.post.says = hang
    breached(office)
    postman = started(office)
    assert under_way.wait(5)
    postman.stop()
    assert [one.state for one in office.deliveries()] == ["pending"]
    over.set()
    for thread in postman._threads:
        thread.join(2)
    assert [one.state for one in office.deliveries()] == ["pending"]  # the late answer is refused
    office.post.says = lambda letter, where: SENT
    office.works()
    assert [one.state for one in office.deliveries()] == ["sent"]


def test_an_error_in_one_round_stops_no_later_one(office, monkeypatch):
    calls = []

    def sites():
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError
        return [SITE]

    monkeypatch.setattr(office.town, "sites", sites)
    breached_at = office.clock.now
    postman = started(office)
    office.open()
    office.goes_to("11-16 10:00:01")
    postman.wake()
    wait_for(lambda: len(calls) > 1)
    postman.wake()
    wait_for(office.told)
    postman.stop()
    assert breached_at < office.clock.now


# ---- operators ------------------------------------------------------------------------------------------------------


def tallied(office):
    """What waits, and what was given up, by channel."""
    with office.database.read() as connection:
        rows = Deliveries(connection)
        return rows.waiting(), dict(rows.dead())


def test_an_operator_lists_retries_and_discards(office):
    office.post.says = lambda letter, where: refused("wrong address", 400)
    breached(office, 2)
    office.works()
    dead = office.deliveries(state="dead", channel="mail")
    assert {one.ticket for one in dead} == {"T0", "T1"}
    office.post.says = lambda letter, where: SENT
    first, second = dead
    now = office.clock.now
    outbox = Outbox(office.database)
    assert tallied(office) == ([], {"chat": 2, "mail": 2})
    assert outbox.retry([first.id, "unknown"], now) == 1
    assert outbox.discard([second.id], "told by phone", now) == 1
    assert outbox.discard([second.id], "again", now) == 0
    assert tallied(office) == ([("mail", False, 1, now)], {"chat": 2})
    office.works()
    assert office.postman.counts() == {("chat", "refused"): 2, ("mail", "refused"): 2, ("mail", "sent"): 1}
    assert [one.id for one in outbox.list(Filter(channel="mail", state="sent"))] == [first.id]
    assert [(one.state, one.reason) for one in office.deliveries(channel="mail")] == [
        ("sent", ""),
        ("discarded", "told by phone"),
    ]


def dead_digest(office):
    """A digest that was refused, and those merged into it that died with it."""
    office.post.says = lambda letter, where: refused("wrong address", 400)
    breached(office, 8)
    office.works()
    office.runs(3)
    office.post.says = lambda letter, where: SENT
    (digest,) = office.deliveries(state="dead", channel="chat")[-1:]
    assert digest.kind == "digest"
    return digest, [one for one in office.deliveries(state="dead") if one.into == digest.id]


def test_a_dead_digest_that_is_retried_sends_what_it_held(office):
    digest, held = dead_digest(office)
    assert Outbox(office.database).retry([digest.id], office.clock.now) == 1
    office.post.sent.clear()
    office.runs(15)
    told = next(letter for _, _, letter in office.post.sent if letter.id == digest.id)
    assert len(held) > 1
    assert all(one.ticket in told.text for one in held)
    assert {one.state for one in office.deliveries() if one.into == digest.id} == {"sent"}


def test_what_of_a_dead_digest_was_retried_alone_does_not_come_with_it_again(office):
    digest, (first, *others) = dead_digest(office)
    outbox = Outbox(office.database)
    outbox.retry([first.id], office.clock.now)
    outbox.retry([digest.id], office.clock.now)
    office.post.sent.clear()
    office.runs(15)
    told = {letter.id: letter.subject + letter.text for _, _, letter in office.post.sent}
    assert first.ticket in told[first.id]
    assert first.ticket not in told[digest.id]
    assert all(one.ticket in told[digest.id] for one in others)


def test_parts_of_a_dead_digest_that_are_all_retried_come_in_another_one(office):
    _, held = dead_digest(office)
    assert Outbox(office.database).retry([one.id for one in held], office.clock.now) == len(held)
    office.post.sent.clear()
    office.runs(40)
    assert all(any(one.ticket in letter.subject + letter.text for _, _, letter in office.post.sent) for one in held)
    assert {office.deliveries(after=one.seq - 1, limit=1)[0].state for one in held} == {"sent"}


def test_a_dead_digest_is_discarded_with_what_it_held(office):
    digest, held = dead_digest(office)
    assert Outbox(office.database).discard([digest.id], "told by phone", office.clock.now) == 1
    assert {office.deliveries(after=one.seq - 1, limit=1)[0].state for one in held} == {"discarded"}


# ---- killed ---------------------------------------------------------------------------------------------------------

#: Forks a process for each line, which delivers to the receiver at a port until it is killed.
NURSERY = """
import os, socket, sys, time
from pathlib import Path
from engine.notify import SENT, retry
from tests.notify.office import PLAN, Office, plan_of
path, people, port = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
plan_of(PLAN)
def says(letter, where):
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(letter.id.encode())
        line.shutdown(socket.SHUT_WR)
        return SENT if line.recv(2) == b"ok" else retry("broken off")
def deliver():
    office = Office(path)
    office.clock.set("11-16 10:00:01")
    office.town.on_duty["supervisor"] = [f"P{n}" for n in range(people)]
    office.post.says = says
    postman = office.new_postman()
    postman._monotonic = time.monotonic
    postman.start()
    time.sleep(60)
for _ in sys.stdin:
    child = os.fork()
    if child == 0:
        deliver()
    print(child, flush=True)
    os.waitpid(child, 0)
"""


class Receiver:
    """Writes down the ids that it is handed, over loopback."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.came = Condition()
        receiver = self

        class Handler(BaseRequestHandler):
            def handle(self):
                id = self.request.makefile("rb").read().decode()
                if len(id) != 32:
                    return  # killed before it was handed over
                with receiver.came:
                    receiver.ids.append(id)
                    receiver.came.notify_all()
                self.request.sendall(b"ok")

        self.server = ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.thread = Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def wait(self, count: int) -> None:
        with self.came:
            assert self.came.wait_for(lambda: len(set(self.ids)) >= count, 10), "something is lost"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def killed_again_and_again(path, people, kills):
    """The ids that a receiver was handed by postmen of which each but the last was killed in the middle of it."""
    receiver = Receiver()
    nursery = [sys.executable, "-c", NURSERY, str(path), str(people), str(receiver.server.server_address[1])]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with closing(receiver), subprocess.Popen(nursery, env={**os.environ, "PYTHONPATH": "."}, **pipes) as parent:
        for kill in range(kills + 1):
            parent.stdin.write("\n")
            parent.stdin.flush()
            child = int(parent.stdout.readline())
            try:
                receiver.wait(people * (kill + 1) // (kills + 1))
                if kill == kills:
                    time.sleep(0.1)  # what is sent twice would come now
            finally:
                os.kill(child, signal.SIGKILL)
        parent.stdin.close()
    return receiver.ids


def check_kills(path, people, kills):
    office = Office(path)
    office.open("T0")
    office.goes_to("11-16 10:00:01")
    office.database.close()
    received = killed_again_and_again(path, people, kills)
    with Database.open(path, lambda: 0) as database, database.read() as connection:
        rows = connection.execute("SELECT id, state FROM delivery").fetchall()
    assert len(rows) == people
    assert set(received) == {id for id, _ in rows}, "nothing is lost, and nothing comes under another id"
    assert len(received) - people <= kills * limits.THREADS_PER_DESTINATION


def test_a_kill_loses_nothing_and_repeats_the_same_ids_only(tmp_path):
    check_kills(tmp_path / "huiyin.db", people=120, kills=10)


@pytest.mark.slow
def test_two_hundred_kills_lose_nothing(tmp_path):
    check_kills(tmp_path / "huiyin.db", people=3000, kills=200)
