"""The daemon as operators run it is killed while several desks work and messages leave: what was answered is there once,
what was not answered took effect once or not at all, and nobody waits for a message.
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from contextlib import closing
from itertools import count
from random import Random
from threading import Event, Thread

import httpx
import pytest

from engine.core import agenda, events
from engine.notify.limits import THREADS_PER_DESTINATION
from engine.runtime import Entry
from engine.server.daemon import open_file
from engine.store import verify
from tests.core.harness import HEAD
from tests.kills import DAEMON
from tests.server.serving import PATIENCE, Hook, furnish, served

POLICY = (
    HEAD.replace("policy: test", "policy: site")
    + """
facts: {mark: 记号}
categories:
  matter: {title: 事项, workflow: flow, record: [mark]}
workflows:
  flow:
    title: 流程
    initial: todo
    states: {todo: {title: 待办, owner: desk}, doing: {title: 处理, owner: desk}, done: {title: 完成, final: true}}
    moves:
      dispatch: {title: 派单, from: todo, to: doing, by: desk, ask: [mark]}
      finish: {title: 完成, from: doing, to: done, by: desk, ask: [mark]}
deadlines:
  finish: {title: 完成, of: matter, from: opened, until: finish, limit: 1 second}
escalations:
  default: {due: {at: due, notify: owner, every: 1 second, times: 1}, boss: {at: 2 seconds after due, notify: boss}}
messaging: {via: {staff: [first], boss: [second]}, channels: {first: {title: 一}, second: {title: 二}}}
"""
)
DESKS = 4
HOOKS = ("first", "second")
#: What a daemon may hand over again after a kill: a letter for each that was on its way.
SLOTS = THREADS_PER_DESTINATION * len(HOOKS)


class Desk:
    """Somebody who works at a ticket after the other, and asks again with the same key until there is an answer."""

    def __init__(self, name: str, url: str, token: str, over: Event) -> None:
        self.name, self.over = name, over
        self.answered: dict[str, tuple[str, int]] = {}  #: key -> ticket, its version
        self.asked: set[str] = set()
        self.again = 0  #: questions that were asked more than once
        self._numbers = count(1)
        self._random = Random(name)
        self._client = httpx.Client(
            base_url=f"{url}/api/v1/sites/site",
            headers={"Authorization": f"Bearer {token}"},
            timeout=PATIENCE,
            trust_env=False,
            verify=False,
        )

    def work(self) -> None:
        with self._client:
            while not self.over.is_set():
                key = self._key()
                ticket = self._ask("tickets", {"category": "matter", "facts": {"mark": key}}, key)
                for move in ("dispatch", "note", "finish"):
                    self.over.wait(self._random.choice((0, 0, 0.05, 0.3)))
                    if ticket is None or (move == "finish" and self._random.random() < 0.25):
                        break  # this one stays open, and breaches
                    key = self._key()
                    facts = {"text": key} if move == "note" else {"mark": key}
                    self._ask(f"tickets/{ticket}/moves", {"move": move, "facts": facts}, key)

    def _key(self) -> str:
        return f"{self.name}-{next(self._numbers)}"

    def _ask(self, path: str, body: dict[str, object], key: str) -> str | None:
        """The ticket of the answer; None when the day was over before it came."""
        self.asked.add(key)
        tries = 0
        while True:
            try:
                answer = self._client.post(path, json=body, headers={"Idempotency-Key": key})
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code != 503:
                assert answer.status_code in (200, 201), answer.text
                ticket = answer.json()["ticket"]
                self.answered[key] = ticket["ticket"], ticket["version"]
                self.again += tries > 0
                return ticket["ticket"]
            tries += 1
            if self.over.wait(0.05):
                return None


def work(folder, kills, random, pause):
    """Desks at work while the daemon is killed again and again; desks and hooks as they are when all is quiet."""
    hooks = {name: Hook() for name in HOOKS}
    people = [Entry("小李", "desk"), Entry("老陈", "boss")]
    names = [f"D{n}" for n in range(DESKS)]
    ports = {name: hook.port for name, hook in hooks.items()}
    tokens = furnish(folder, POLICY, ports, people, {name: {"desk"} for name in names})
    over = Event()
    with served(folder) as daemon:
        desks = [Desk(name, daemon.url, tokens[name], over) for name in names]
        threads = [Thread(target=desk.work) for desk in desks]
        try:
            slowest = daemon.start()
            for thread in threads:
                thread.start()
            for life in range(1, kills + 1):
                time.sleep(random.uniform(*pause))
                daemon.kill()
                for hook in hooks.values():
                    hook.life = life
                slowest = max(slowest, daemon.start())
            time.sleep(0.3)  # and some work in peace
        finally:
            over.set()
            for thread in threads:
                thread.join()
        settle(daemon)
        daemon.stop()
    for hook in hooks.values():
        hook.close()
    return desks, hooks, slowest


def settle(daemon):
    """Wait until every timer has fired and every message has left."""
    until = time.monotonic() + 3 * PATIENCE
    with closing(sqlite3.connect(f"file:{daemon.database}?mode=ro", uri=True)) as connection:
        while any(connection.execute(f"SELECT EXISTS ({what})").fetchone()[0] for what in _WAITING):
            assert time.monotonic() < until, [connection.execute(what).fetchmany(3) for what in _WAITING]
            time.sleep(0.1)


_WAITING = (
    "SELECT * FROM timer",
    "SELECT * FROM inbox WHERE NOT done",
    "SELECT * FROM message WHERE seq NOT IN (SELECT message FROM outbox WHERE look_at IS NULL)",
    "SELECT * FROM delivery WHERE next_at IS NOT NULL",
)


def check(folder, desks, hooks, kills):
    """What stands in the file against what desks were answered and what arrived."""
    daemon = open_file(folder / "data")
    try:
        (service,) = daemon.engine.services.values()
        store = service.store
        assert verify(daemon.database) == []
        families = {family.id: family for family in store.families()}
        for id, family in families.items():
            plan = service.site.version(family.root.plan)
            assert store.timers(id) == agenda(plan, family)
            assert [step.number for step in store.steps(id)] == list(range(1, family.steps + 1))
        check_commands(store, families, desks)
        check_timers(store, families)
        check_messages(daemon, hooks, kills)
        assert service.parked == {}
        assert not store.site_events("index_repaired")
    finally:
        daemon.database.close()


def check_commands(store, families, desks):
    found = Counter()
    places = {}
    for id in families:
        for step in store.steps(id):
            for mark in marks(store, step):
                found[mark] += 1
                places[mark] = (id, step.number)
    answered = {key: place for desk in desks for key, place in desk.answered.items()}
    assert {key: place for key, place in places.items() if key in answered} == answered
    assert set(found) <= {key for desk in desks for key in desk.asked}
    assert set(found.values()) <= {1}


def marks(store, step):
    """The keys of the commands that a step came from."""
    for event in step.events:
        if isinstance(event, events.Noted):
            yield store.reveal(event.text)
        elif isinstance(event, events.FactsSet):
            yield from (change.new for change in event.changes if change.fact == "mark")


def check_timers(store, families):
    for id in families:
        fired = Counter(step.cause for step in store.steps(id) if step.cause != "command")
        assert set(fired.values()) <= {1}, (id, fired)
        breached = Counter(
            event.key for step in store.steps(id) for event in step.events if isinstance(event, events.Breached)
        )
        assert set(breached.values()) <= {1}, (id, breached)


def check_messages(daemon, hooks, kills):
    with daemon.database.read() as connection:
        states = dict(connection.execute("SELECT state, count(*) FROM delivery GROUP BY state"))
        sent = {id for (id,) in connection.execute("SELECT id FROM delivery WHERE state = 'sent'")}
        lost = connection.execute(
            "SELECT count(*) FROM outbox WHERE state NOT IN ('released', 'suppressed', 'dropped')"
        )
        assert lost.fetchone() == (0,)
    assert set(states) <= {"sent", "suppressed", "merged"}, states
    arrived = {id: lives for hook in hooks.values() for id, lives in hook.lives.items()}
    assert sent <= set(arrived)
    differing = {id: bodies for hook in hooks.values() for id, bodies in hook.bodies.items() if len(bodies) > 1}
    assert differing == {}
    assert {times for lives in arrived.values() for times in lives.values()} <= {1}  # in one life nothing leaves twice
    for life in range(kills + 1):
        repeated = sum(life in lives and min(lives) < life for lives in arrived.values())
        assert repeated <= SLOTS, f"{repeated} letters were repeated after kill {life}"


def test_killed_at_work_and_started_again_nothing_is_lost_or_done_twice(tmp_path):
    desks, hooks, _ = work(tmp_path, 2, Random(1), (0.3, 0.9))
    check(tmp_path, desks, hooks, 2)
    assert all(desk.answered for desk in desks)


@pytest.mark.slow
def test_killed_at_work_many_times_nothing_is_lost_or_done_twice(tmp_path, capsys):
    desks, hooks, slowest = work(tmp_path, DAEMON, Random(2), (0.05, 2.5))
    check(tmp_path, desks, hooks, DAEMON)
    arrived = [lives for hook in hooks.values() for lives in hook.lives.values()]
    with capsys.disabled():
        print(
            f"\na daemon: {DAEMON} kills, {sum(len(desk.answered) for desk in desks)} commands answered, of them"
            f" {sum(desk.again for desk in desks)} after they were asked again; {len(arrived)} letters, of them"
            f" {sum(len(lives) > 1 for lives in arrived)} came twice; ready after {slowest:.1f} s at most"
        )
