"""Reading policies anew while sites run: a bad one is refused whole, and nobody else notices."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from datetime import date
from pathlib import Path

import pytest

from engine.core import Command, commands
from engine.policy import load, render_json
from engine.runtime import Beat, Done, VirtualClock
from engine.server import Config, RefusedPolicyError, build
from engine.server.health import troubles
from engine.server.systemd import Systemd
from engine.store import HalfDoneError, Revision, StoreError, revisions_of
from engine.worktime import CalendarError
from tests.core.harness import DESK, HEAD, at
from tests.policy.test_hostile import MUTATIONS
from tests.runtime.running import BODY

ROOT = Path(__file__).parents[2]
START = at("11-16 09:00")
TODAY = date(2026, 11, 16)
NAMES = ("garden", "harbour")
POWER = {"days": [{"name": "停电", "date": "2026-11-17", "isOffDay": True}]}


def policy(name, text=BODY):
    return HEAD.replace("policy: test", f"policy: {name}") + text


@pytest.fixture
def daemon(tmp_path):
    for name in NAMES:
        (tmp_path / f"{name}.yaml").write_text(policy(name), encoding="utf-8")
    started = start(tmp_path)
    yield started
    started.database.close()


class Clock(VirtualClock):
    """Stands until it is moved, and nobody sets it."""

    held = 0


def start(folder, now=START):
    sites = tuple(folder / f"{name}.yaml" for name in NAMES)
    return build(Config(folder / "data", sites), Clock(now))


def write(daemon, site, text):
    next(path for path in daemon.config.sites if path.stem == site).write_text(text, encoding="utf-8")


def open_ticket(daemon, site, id):
    service = daemon.engine.services[site]
    act = commands.Open("matter", {}, "desk", service.site.plan.version, service.site.edition)
    assert isinstance(service.handle(Command(id, DESK, daemon.clock(), act)), Done)


def dump(daemon):
    with daemon.database.read() as connection:
        return {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3").fetchall()
            for table in ("timer", "ticket", "step", "family", "revision", "site_event", "inbox")
        }


def versions(daemon):
    return {name: service.site.plan.version for name, service in daemon.engine.services.items()}


def limit(hours):
    return BODY.replace("3 working days", f"{hours} hours")


def test_a_policy_that_changed_is_read_anew_and_open_tickets_keep_theirs(daemon):
    open_ticket(daemon, "garden", "T1")
    before = versions(daemon)
    timers = dump(daemon)["timer"]
    write(daemon, "garden", policy("garden", limit(5)))
    assert daemon.reload("SIGHUP") == {}
    assert versions(daemon)["garden"] != before["garden"]
    assert versions(daemon)["harbour"] == before["harbour"]
    assert dump(daemon)["timer"] == timers
    assert [(one.number, one.by) for one in revisions_of(daemon.database, "garden")] == [(1, "start"), (2, "SIGHUP")]
    assert [one.number for one in revisions_of(daemon.database, "harbour")] == [1]


def test_a_site_none_of_whose_policies_is_understood_any_more_runs_by_a_file_that_is(daemon, tmp_path):
    """As after an upgrade: an older version took what this one refuses."""
    (first,) = revisions_of(daemon.database, "garden")
    strange = Revision.of(*first[:-2], {"garden": policy("garden") + "whims: {}"})
    daemon.database.write(
        lambda c: (
            c.execute(
                "UPDATE revision SET files = CAST(? AS TEXT), hash = ? WHERE site = 'garden'", strange[-2:]
            ).rowcount
        )
    )
    daemon.database.close()
    write(daemon, "garden", policy("garden") + "whims: {}")
    again = start(tmp_path)
    try:
        assert set(again.engine.services) == {"harbour"}
        assert "none of the policies that were applied is understood" in again.engine.shut["garden"].en
        write(again, "garden", policy("garden", limit(5)))
        assert again.reload("SIGHUP") == {}
        assert (set(again.engine.services), again.engine.shut) == (set(NAMES), {})
    finally:
        again.database.close()


def test_the_places_of_a_policy_that_was_read_anew_name_no_folders(daemon):
    write(daemon, "garden", policy("garden", limit(5)))
    assert daemon.reload("SIGHUP") == {}
    places = daemon.engine.services["garden"].site.plan.places
    assert {place.file for place in places.values()} == {"garden.yaml"}


def test_a_bad_policy_is_refused_with_what_check_says_and_the_other_site_takes_its_new_one(daemon):
    before = versions(daemon)
    bad = policy("garden", BODY.replace("until: finish", "until: nosuch"))
    write(daemon, "garden", bad)
    write(daemon, "harbour", policy("harbour", limit(5)))
    refused = daemon.reload("SIGHUP")
    path = daemon.config.sites[0]
    assert set(refused) == {"garden"}
    assert render_json(refused["garden"].diagnostics) == render_json(load(path, today=TODAY).diagnostics)
    assert daemon.engine.refused == {"garden": str(path)}
    assert versions(daemon)["garden"] == before["garden"]
    assert versions(daemon)["harbour"] != before["harbour"]
    write(daemon, "garden", policy("garden"))
    assert daemon.reload("SIGHUP") == {}
    assert daemon.engine.refused == {}
    assert versions(daemon)["garden"] == before["garden"]


def test_a_policy_that_is_gone_is_refused(daemon):
    before = dump(daemon)
    daemon.config.sites[0].unlink()
    assert set(daemon.reload("SIGHUP")) == {"garden"}
    assert dump(daemon) == before


def test_mutated_policies_change_nothing(daemon):
    _mutate(daemon, 40, seed=20261125)


@pytest.mark.slow
def test_two_hundred_mutated_policies_change_nothing(daemon):
    _mutate(daemon, 200, seed=7)


def _mutate(daemon, rounds, seed):
    """The old one serves, diagnostics say why, nothing of any site is another byte."""
    chance = random.Random(seed)
    for site in NAMES:
        open_ticket(daemon, site, f"{site}-1")
    before, running = dump(daemon), versions(daemon)
    path = daemon.config.sites[0]
    refused = 0
    while refused < rounds:
        text = policy("garden")
        for _ in range(chance.randrange(1, 6)):
            text = chance.choice(MUTATIONS)(text, chance)
        path.write_bytes(text.encode("utf-8", "replace"))
        checked = load(path, today=TODAY)
        if checked.plan is not None:
            continue  # a policy without mistakes, and no matter for refusing
        refused += 1
        found = daemon.reload("SIGHUP")
        assert set(found) == {"garden"}
        assert isinstance(found["garden"], RefusedPolicyError)
        assert render_json(found["garden"].diagnostics) == render_json(checked.diagnostics)
        assert set(daemon.engine.refused) == {"garden"}
        assert versions(daemon) == running
        assert dump(daemon) == before
    open_ticket(daemon, "garden", "garden-2")


def test_what_was_rolled_back_stays_so_whatever_the_file_says_as_long_as_it_says_nothing_new(daemon, tmp_path):
    first = versions(daemon)["garden"]
    write(daemon, "garden", policy("garden", limit(5)))
    daemon.reload("SIGHUP")
    daemon.engine.rollback("garden", 1, "chief", "too quick")
    assert daemon.reload("SIGHUP") == {}
    assert versions(daemon)["garden"] == first
    daemon.stop()
    again = start(tmp_path)
    try:
        assert versions(again)["garden"] == first
        write(again, "garden", policy("garden", limit(6)))
        again.reload("SIGHUP")
        assert again.engine.services["garden"].site.plan.version != first
        write(again, "garden", policy("garden", limit(5)))  # what it said once, but not when it was last read
        again.reload("SIGHUP")
        assert [one.number for one in revisions_of(again.database, "garden")] == [1, 2, 3, 4, 5]
    finally:
        again.database.close()


def test_what_was_applied_by_hand_is_not_undone_by_a_restart(daemon, tmp_path):
    other = tmp_path / "other" / "garden.yaml"
    other.parent.mkdir()
    other.write_text(policy("garden", limit(5)), encoding="utf-8")
    applied = daemon.apply(other, "chief")
    daemon.stop()
    again = start(tmp_path)
    try:
        assert versions(again)["garden"] == applied.version
    finally:
        again.database.close()


def test_day_data_is_published_to_all_sites_or_one(daemon):
    for site in NAMES:
        open_ticket(daemon, site, f"{site}-1")
    assert daemon.publish_days("power", POWER) == NAMES
    due = {site: daemon.engine.services[site].store.load(f"{site}-1").root.runs["finish"].due for site in NAMES}
    assert due == dict.fromkeys(NAMES, at("11-20 18:00"))
    more = {"days": [{"name": "停水", "date": "2026-11-18", "isOffDay": True}]}
    assert daemon.publish_days("water", more, "harbour") == ("harbour",)
    due = {site: daemon.engine.services[site].store.load(f"{site}-1").root.runs["finish"].due for site in NAMES}
    assert due == {"garden": at("11-20 18:00"), "harbour": at("11-23 18:00")}


def day(date, off=True):
    return {"name": "国庆", "date": date, "isOffDay": off}


@pytest.mark.parametrize(
    "days",
    [
        {"days": [{"date": "2026-02-30"}]},
        {"days": "none"},
        {},
        {"year": 2027, "days": []},
        {"year": 2027, "days": [day("2027-10-01"), day("2072-10-02")]},
        {"days": [day("2027-10-10"), day("2027-10-10", off=False)]},
    ],
)
def test_day_data_that_is_wrong_reaches_no_site(daemon, days):
    before = dump(daemon)
    with pytest.raises(CalendarError):
        daemon.publish_days("power", days)
    assert dump(daemon) == before


def test_a_name_of_day_data_is_taken_once_on_all_sites_or_none(daemon):
    daemon.publish_days("power", POWER, "harbour")
    before = dump(daemon)
    with pytest.raises(CalendarError, match="harbour has an edition power already"):
        daemon.publish_days("power", {"days": [{"name": "停水", "date": "2026-11-17", "isOffDay": True}]})
    assert dump(daemon) == before


def test_day_data_that_reached_some_sites_reaches_the_others_when_it_is_asked_for_again(daemon, monkeypatch):
    def full(*_):
        raise StoreError("database or disk is full")

    for site in NAMES:
        open_ticket(daemon, site, f"{site}-1")
    with monkeypatch.context() as world:
        world.setattr(daemon.engine.services["harbour"], "publish_calendar", full)
        with pytest.raises(HalfDoneError, match="full"):
            daemon.publish_days("power", POWER)
        world.setattr(daemon.engine.services["garden"], "publish_calendar", full)
        with pytest.raises(StoreError, match="full"):
            daemon.publish_days("water", {"days": [{"name": "停水", "date": "2026-11-18", "isOffDay": True}]})
    assert daemon.publish_days("power", POWER) == NAMES
    for site in NAMES:
        service = daemon.engine.services[site]
        assert (service.site.edition, len(service.store.site_events("calendar_published"))) == ("power", 1)
        assert service.store.load(f"{site}-1").root.edition == "power"


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.server.test_reload import POWER, open_ticket, start

daemon = start(Path(sys.argv[1]))
for site, service in daemon.engine.services.items():
    open_ticket(daemon, site, f"{site}-1")
service.publish_calendar = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
daemon.publish_days("power", POWER)
"""


def test_killed_when_some_sites_have_new_days_a_daemon_gives_them_to_the_others_when_it_is_asked_again(tmp_path):
    for name in NAMES:
        (tmp_path / f"{name}.yaml").write_text(policy(name), encoding="utf-8")
    life = subprocess.run([sys.executable, "-c", KILLED, tmp_path], cwd=ROOT, capture_output=True, check=False)
    assert life.returncode == -signal.SIGKILL, life.stderr
    daemon = start(tmp_path, START + 60)
    services = [daemon.engine.services[site] for site in NAMES]
    assert [service.site.edition == "power" for service in services] == [True, False]
    assert daemon.publish_days("power", POWER) == NAMES
    daemon.engine.tick()
    for service in services:
        assert [event.data["edition"] for event in service.store.site_events("calendar_published")] == ["power"]
        assert service.store.load(f"{service.site.plan.id}-1").root.runs["finish"].due == at("11-20 18:00")
    daemon.database.close()


def test_a_silent_auditor_makes_the_daemon_unready(daemon):
    assert [one["what"] for one in troubles(daemon)] == []
    daemon.clock.move(START + 301)
    daemon.engine.tick()
    assert [one["what"] for one in troubles(daemon)] == ["auditor"]
    daemon.auditor.look()
    assert [one["what"] for one in troubles(daemon)] == []


# ---- systemd ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["file", "abstract"])
def test_systemd_hears_each_word_on_its_socket(kind, tmp_path):
    name = str(tmp_path / "notify") if kind == "file" else f"@huiyin-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ears:
        ears.bind("\0" + name[1:] if kind == "abstract" else name)
        ears.settimeout(1)
        systemd = Systemd({"NOTIFY_SOCKET": name})
        systemd.ready()
        systemd.alive(Beat(0, {"garden": 7}, {"harbour": "why"}))
        systemd.alive(Beat(0, {}, {}))
        systemd.reloading(12.5)
        systemd.stopping()
        systemd.close()
        assert [ears.recv(1000).decode() for _ in range(5)] == [
            "READY=1",
            "WATCHDOG=1\nSTATUS=garden is 7 s behind; harbour fails",
            "WATCHDOG=1\nSTATUS=on time",
            "RELOADING=1\nMONOTONIC_USEC=12500000",
            "STOPPING=1",
        ]


def test_nobody_listening_is_no_matter(tmp_path):
    for environ in ({}, {"NOTIFY_SOCKET": str(tmp_path / "nobody")}):
        systemd = Systemd(environ)
        systemd.ready()
        systemd.close()


SERVE = """
import asyncio, sys
from pathlib import Path
from fastapi.responses import StreamingResponse
from engine.server import Config, build, run

running = sys.modules["engine.server.run"]

make = running.make_app

def with_stream(daemon):
    app = make(daemon)
    async def endless():
        while True:
            yield b"data: x\\n\\n"
            await asyncio.sleep(0.1)
    app.add_api_route("/endless", lambda: StreamingResponse(endless(), media_type="text/event-stream"))
    return app

running.make_app = with_stream
running.GRACE = 1
run(build(Config(Path(sys.argv[1]) / "data", (Path(sys.argv[1]) / "garden.yaml",), port=int(sys.argv[2]))))
"""


def test_a_real_daemon_tells_systemd_reloads_and_ends_in_time_with_streams_open(tmp_path):
    """A process of its own: ready, alive, SIGHUP with a bad policy, SIGTERM while somebody listens to a stream."""
    path = tmp_path / "garden.yaml"
    path.write_text(policy("garden"), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ears:
        ears.bind(str(tmp_path / "notify"))
        ears.settimeout(10)
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(tmp_path), str(port)],
            env={**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")},
            cwd=Path(__file__).parents[2],
            stderr=subprocess.PIPE,
        )
        try:
            _hear(ears, "READY=1")
            _hear(ears, "WATCHDOG=1\nSTATUS=on time")
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/endless", timeout=5) as stream:
                assert stream.readline() == b"data: x\n"
                path.write_text("policy: garden\ncategories: nothing", encoding="utf-8")
                process.send_signal(signal.SIGHUP)
                reloading = _hear(ears, "RELOADING=1")
                assert abs(int(reloading.rpartition("=")[2]) / 1e6 - time.monotonic()) < 10
                _hear(ears, "READY=1")
                began = time.monotonic()
                process.send_signal(signal.SIGTERM)
                _hear(ears, "STOPPING=1")
                _, said = process.communicate(timeout=20)
            assert process.returncode == -signal.SIGTERM or process.returncode == 0
            assert time.monotonic() - began < 10
        finally:
            process.kill()
            process.communicate()
    assert "the policy of garden is refused" in said.decode()
    assert f"{path}:2:13 E" in said.decode()
    assert f"huiyin check {path}" in said.decode()
    assert all(json.loads(line)["room"] for line in said.decode().splitlines() if line.startswith("{"))
    with sqlite3.connect(tmp_path / "data" / "huiyin.db") as connection:
        assert connection.execute("SELECT count(*) FROM revision").fetchone() == (1,)
    connection.close()


def _hear(ears, words):
    while not (heard := ears.recv(1000).decode()).startswith(words):
        pass
    return heard
