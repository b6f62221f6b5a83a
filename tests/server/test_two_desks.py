"""Many act on one ticket at once: what is written is what one after the other would have written, and who came too late
is told so.
"""

from __future__ import annotations

import shutil
from collections import Counter
from contextlib import contextmanager
from random import Random
from threading import Barrier, Thread

import httpx
import pytest

from engine.core import agenda
from engine.runtime import Entry, change_roster
from engine.server import Config
from engine.server.daemon import build
from engine.store import verify
from tests.core.harness import HEAD, at
from tests.server.conftest import Clock, House, listening

POLICY = (
    HEAD.replace("policy: test", "policy: garden")
    + """
categories: {matter: {title: 事项, workflow: flow}}
workflows:
  flow:
    title: 流程
    initial: todo
    states: {todo: {title: 待办, owner: desk}, doing: {title: 处理, owner: desk}, done: {title: 完成, final: true}}
    moves:
      accept: {title: 受理, from: todo, to: doing}
      finish: {title: 完成, from: [todo, doing], to: done}
deadlines:
  finish: {title: 完成, of: matter, from: opened, until: finish, limit: 1 hour}
escalations:
  default: {due: {at: due, notify: owner}, high: {at: 8 hours after due, notify: boss}, top: {at: 9 hours after due, notify: boss}}
"""
)
START = at("11-16 09:00")
ACTORS = 50
#: What they do, and how many of ten do it.
DOINGS = (
    (3, {"move": "ack", "facts": {"deadline": "finish", "rung": "due"}}),
    (3, {"move": "escalate", "facts": {"deadline": "finish"}}),
    (2, {"move": "assign", "assignee": "小李"}),
    (1, {"move": "accept"}),
    (1, {"move": "finish"}),
)


@contextmanager
def garden(folder):
    """A daemon of one site on a folder, at the instant at which the ticket is overdue."""
    daemon = build(Config(folder / "data", (folder / "garden.yaml",)), Clock(START + 2 * 3600))
    house = House(daemon, daemon.clock)
    try:
        yield house
    finally:
        house.client.close()
        daemon.database.close()


def furnish(folder, actors):
    """An overdue ticket and those who will act on it; its id, and their tokens."""
    folder.mkdir()
    (folder / "garden.yaml").write_text(POLICY, encoding="utf-8")
    with garden(folder) as house:
        house.clock.at = START
        people = [f"P{number}" for number in range(actors)]
        change_roster(house.daemon.engine.services["garden"], START, [Entry(person, "desk") for person in people])
        tokens = [house.token(person, garden="desk boss") for person in people]
        answer = house.as_(tokens[0]).post("tickets", {"category": "matter"}, site="garden")
        house.pass_time(2 * 3600)
    return answer.json()["ticket"]["ticket"], tokens


def bodies(random, actors, version):
    """What each of them wants; some say which version they saw."""
    chosen = random.choices([body for _, body in DOINGS], [weight for weight, _ in DOINGS], k=actors)
    return [{**body, "expected_version": version} if random.random() < 0.2 else body for body in chosen]


def all_at_once(url, path, calls):
    """The answers to calls that are made in the same moment."""
    answers, ready = [None] * len(calls), Barrier(len(calls))

    def call(number, token, body):
        with httpx.Client(
            headers={"Authorization": f"Bearer {token}"}, timeout=60, trust_env=False, verify=False
        ) as client:
            client.get(f"{url}/livez")
            ready.wait()
            answers[number] = client.post(url + path, json=body)

    threads = [Thread(target=call, args=(number, *one)) for number, one in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def compete(folder, seed, actors):
    """A round; how many answers there were of each kind."""
    ticket, tokens = furnish(folder / "one", actors)
    shutil.copytree(folder / "one", folder / "two")
    path = f"/api/v1/sites/garden/tickets/{ticket}/moves"
    with garden(folder / "one") as house, listening(house.app) as url:
        store = house.daemon.engine.services["garden"].store
        calls = list(zip(tokens, bodies(Random(seed), actors, store.load(ticket).steps), strict=True))
        calls[-1] = (calls[-1][0], {"move": "finish"})  # in the end it is closed, so that who lost has lost for good
        answers = all_at_once(url, path, calls)
        assert {answer.status_code for answer in answers} <= {200, 409}, [answer.text for answer in answers]
        assert house.gate.defects.count == 0
        assert verify(house.daemon.database) == []
        family, written = store.load(ticket), store.steps(ticket)
        assert store.timers(ticket) == agenda(house.daemon.engine.services["garden"].site.plan, family)
    with garden(folder / "two") as house:
        won = [
            (answer.json()["ticket"]["version"], *call)
            for answer, call in zip(answers, calls, strict=True)
            if answer.status_code == 200
        ]
        lost = [call for answer, call in zip(answers, calls, strict=True) if answer.status_code == 409]
        for _, token, body in sorted(won, key=lambda one: one[0]):
            assert house.as_(token).call("POST", path, json=body).status_code == 200
        for token, body in lost:
            assert house.as_(token).call("POST", path, json=body).status_code == 409
        assert house.daemon.engine.services["garden"].store.steps(ticket) == written
    return Counter(answer.json().get("code", "won") for answer in answers)


def test_twelve_on_one_ticket_are_as_if_one_came_after_the_other(tmp_path):
    assert compete(tmp_path, 1, 12).total() == 12


@pytest.mark.slow
def test_fifty_on_one_ticket_are_as_if_one_came_after_the_other(tmp_path, capsys):
    told = Counter()
    for seed in range(10):
        place = tmp_path / str(seed)
        place.mkdir()
        told += compete(place, seed, ACTORS)
    with capsys.disabled():
        print("\n10 times 50 on one ticket:", dict(told))
    assert told["won"] >= 10
    assert told["changed"]
    assert told["closed"] + told["state"]
