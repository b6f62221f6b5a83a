"""A daemon on a database of its own, with shipped sites, a clock that tests set, and callers of each kind."""

from __future__ import annotations

import shutil
import socket
import warnings
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from itertools import count
from threading import Thread

import pytest
import uvicorn

from engine.policy import shipped_policies
from engine.runtime import Done, Door, Entry, change_roster
from engine.server import Config, build
from engine.server.app import make_app
from engine.server.auth import make_gate
from engine.server.entry.access_log import Call
from engine.server.entry.accounts import Profile
from engine.server.entry.denials import Denial
from engine.server.entry.passwords import Passwords
from engine.server.entry.tokens import Purpose
from engine.store import Query, everything
from tests.server.doors import CHEAP, GOOD

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it would rather have httpx2
    from fastapi.testclient import TestClient

CHINA = timezone(timedelta(hours=8))
#: A working Wednesday, the day before a long holiday.
START = int(datetime(2026, 9, 30, 10, 0, tzinfo=CHINA).timestamp())
SITES = tuple(shipped_policies() / "sites" / f"{name}.yaml" for name in ("lakeside", "cloud-park"))
STAFF = {
    "小李": ("front_desk",),
    "小赵": ("front_desk",),
    "小王": ("supervisor",),
    "老张": ("technician",),
    "陈经理": ("site_manager",),
}
#: What may stand nowhere but in the vault.
CANARIES = {"name": "金丝雀女士", "unit": "9-9-909", "phone": "13912345678"}
REPAIR = {**CANARIES, "matter": "厨房水管漏水", "fault": "leak"}


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, at=START):
        self.at = at
        self.held = 0

    def __call__(self):
        return self.at

    def accept(self):
        self.held = 0


class House:
    """A daemon, its application, and clients that show a token or nothing."""

    def __init__(self, daemon, clock):
        self.daemon = daemon
        self.clock = clock
        self.app = make_app(daemon)
        self.app.state.gate = self.gate = make_gate(daemon, Passwords(CHEAP))
        self.client = TestClient(self.app, raise_server_exceptions=False)
        self._numbers = count(1)

    def token(
        self, person="", scopes="ticket:read ticket:write pii:reveal policy:read figures:read", language="zh", **sites
    ):
        """The text of a token. Sites: name -> roles; everywhere: `everywhere`; none named: lakeside."""
        granted = {
            name.replace("everywhere", "*").replace("_", "-"): frozenset(words.split()) for name, words in sites.items()
        }
        purpose = Purpose(
            f"test {next(self._numbers)}", frozenset(scopes.split()), granted or {"lakeside": frozenset()},
            self.clock() + 30 * 86400, person, language,
        )  # fmt: skip
        made = self.gate.tokens.make(Call(self.clock(), "root"), purpose)
        assert not isinstance(made, Denial), made
        return made.text

    def account(self, name="lily", person="小李", **sites):
        granted = {site.replace("everywhere", "*"): frozenset(words.split()) for site, words in sites.items()}
        made = self.gate.accounts.make(Call(self.clock(), "root"), name, Profile(person, granted), GOOD)
        assert not isinstance(made, Denial), made

    def as_(self, token):
        return Desk(self, token)

    def desk(self, person, **more):
        """A caller who acts as somebody of the roster."""
        return self.as_(self.token(person, **more))

    def pass_time(self, seconds):
        """Let time pass, as the loop of the engine would."""
        self.clock.at += seconds
        while self.daemon.engine.tick():
            pass


class Desk:
    """Calls of one token, at lakeside unless said otherwise."""

    def __init__(self, house, token):
        self.house = house
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def call(self, method, path, site="lakeside", headers=None, **more):
        url = path if path.startswith("/api") else f"/api/v1/sites/{site}/{path}".rstrip("/")
        return self.house.client.request(method, url, headers={**self.headers, **(headers or {})}, **more)

    def get(self, path, **more):
        return self.call("GET", path, **more)

    def post(self, path, json=None, **more):
        return self.call("POST", path, json=json if json is not None else {}, **more)

    def open(self, category="repair", facts=None, key=None, **more):
        headers = {"Idempotency-Key": key} if key else {}
        return self.post("tickets", {"category": category, "facts": facts or REPAIR, **more}, headers=headers)

    def ticket(self, category="repair", facts=None):
        """The id of a ticket that was opened."""
        answer = self.open(category, facts)
        assert answer.status_code == 201, answer.text
        return answer.json()["ticket"]["ticket"]

    def do(self, ticket, move, key=None, **more):
        envelope = {name: more.pop(name) for name in ("assignee", "occurred_at", "expected_version") if name in more}
        headers = {"Idempotency-Key": key} if key else {}
        return self.post(f"tickets/{ticket}/moves", {"move": move, "facts": more, **envelope}, headers=headers)


@pytest.fixture(scope="session")
def furnished(tmp_path_factory):
    """The folder of a daemon whose sites have their people, who passed what they had to."""
    folder = tmp_path_factory.mktemp("furnished")
    daemon = build(Config(folder, SITES), Clock())
    people = [Entry(person, role) for person, roles in STAFF.items() for role in roles]
    for service in daemon.engine.services.values():
        change_roster(service, START, people)
        pass_inductions(service, START)
    daemon.database.close()
    return folder


@contextmanager
def moved_in(folder, furnished):
    """A house of its own in a copy of the furnished folder."""
    shutil.copytree(furnished, folder)
    clock = Clock()
    daemon = build(Config(folder, SITES), clock)
    made = House(daemon, clock)
    try:
        yield made
    finally:
        made.client.close()
        daemon.database.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory, furnished):
    """One for all tests of a module: each opens tickets of its own, and time only goes on."""
    with moved_in(tmp_path_factory.mktemp("house") / "data", furnished) as made:
        yield made


@pytest.fixture
def new_house(tmp_path, furnished):
    """One for a single test."""
    with moved_in(tmp_path / "data", furnished) as made:
        yield made


@contextmanager
def listening(app, **settings):
    """An application on a port of this machine; its address."""
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        place.listen()
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on", **settings))
        thread = Thread(target=server.run, kwargs={"sockets": [place]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{place.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def pass_inductions(service, at):
    """Everybody has passed what his role requires."""
    door = Door(service)
    for row in list(everything(service.store, Query(category="induction", open=True))):
        done = service.handle(door.request(at, row.ticket, "小王", "finish", {"passed": "yes"}))
        assert isinstance(done, Done), done


def problem(answer, status, code):
    """The problem that an answer is."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found = answer.json()
    assert found["code"] == code, found
    assert found["status"] == status
    return found
