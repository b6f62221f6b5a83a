"""The machine's clock is set while the daemon runs: it is told, not obeyed, until somebody accepts it; nothing breaches
that was not due, no timer fires twice, and time never stands while it is held.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from engine.core import agenda, events
from engine.runtime import Entry, SteadyClock, change_roster
from engine.runtime.clock import Watch
from engine.server import Config
from engine.server.daemon import build
from engine.store import verify
from tests.core.harness import HEAD, at
from tests.server.conftest import House

POLICY = (
    HEAD.replace("policy: test", "policy: garden")
    + """
categories: {matter: {title: 事项, workflow: flow}}
workflows:
  flow:
    title: 流程
    initial: todo
    states: {todo: {title: 待办, owner: desk}, done: {title: 完成, final: true}}
    moves: {finish: {title: 完成, from: todo, to: done, observed: yes}}
late_reports: 30 minutes
deadlines:
  finish: {title: 完成, of: matter, from: opened, until: finish, limit: 2 hours}
escalations:
  default: {soon: {at: 50%, notify: owner}, due: {at: due, notify: owner, every: 2 hours, times: 3}}
duties:
  rounds: {title: 巡查, every: day, at: ["08:00", "20:00"], within: 2 hours, owner: desk}
"""
)
START = at("11-16 09:00")
HOUR, DAY = 3600, 86400


class Machine:
    """The clocks of a machine that runs, sleeps, and whose wall clock is set."""

    def __init__(self) -> None:
        self.wall, self.booted, self.awake = float(START), 1000.0, 500.0

    def runs(self, seconds: float) -> None:
        self.sleeps(seconds)
        self.awake += seconds

    def sleeps(self, seconds: float) -> None:
        self.wall += seconds
        self.booted += seconds

    def is_set(self, by: float) -> None:
        self.wall += by


class Running:
    """A daemon on such a machine, with somebody who looks at it."""

    def __init__(self, folder, machine: Machine | None = None) -> None:
        self.machine = machine or Machine()
        (folder / "garden.yaml").write_text(POLICY, encoding="utf-8")
        clock = SteadyClock(lambda: self.machine.wall, lambda: self.machine.booted)
        self.daemon = build(Config(folder / "data", (folder / "garden.yaml",)), clock)
        self.daemon.engine.watch = Watch(lambda: self.machine.booted, lambda: self.machine.awake)
        self.service = self.daemon.engine.services["garden"]
        change_roster(self.service, int(self.machine.wall), [Entry("小李", "desk"), Entry("老陈", "boss")])
        self.house = House(self.daemon, clock)
        self.desk = self.house.desk(
            "小李", scopes="ticket:read ticket:write admin metrics:read", everywhere="desk boss"
        )

    def passes(self, seconds: int) -> None:
        """Time, as the loop and the auditor see it: a minute and another."""
        for _ in range(0, seconds, 60):
            self.machine.runs(60)
            self.looks()

    def looks(self) -> None:
        while self.daemon.engine.round():
            pass
        self.daemon.auditor.look()

    def open(self) -> str:
        answer = self.desk.post("tickets", {"category": "matter"}, site="garden")
        assert answer.status_code == 201, answer.text
        return answer.json()["ticket"]["ticket"]

    def causes(self) -> list[str]:
        return [cause["what"] for cause in self.house.client.get("/readyz").json()["causes"]]

    def held(self) -> float:
        text = self.house.client.get("/metrics", headers=self.desk.headers).text
        return float(
            next(line for line in text.splitlines() if line.startswith("huiyin_clock_held_seconds")).split()[1]
        )

    def accept(self) -> int:
        answer = self.desk.post("/api/v1/clock/accept")
        assert answer.status_code == 200, answer.text
        return answer.json()["accepted"]

    def breaches(self, ticket: str) -> list[int]:
        steps = self.service.store.steps(ticket)
        return [event.effective_at for step in steps for event in step.events if isinstance(event, events.Breached)]

    def downs(self) -> list[tuple[int, int]]:
        return [(one.data["from"], one.data["to"]) for one in self.service.store.site_events("engine_down")]

    def finishes(self, ticket: str, ago: int) -> str:
        """Somebody tells what he did some time ago; the code of the refusal, if it is one."""
        when = datetime.fromtimestamp(self.machine.wall - ago, UTC).isoformat()
        answer = self.desk.post(f"tickets/{ticket}/moves", {"move": "finish", "occurred_at": when}, site="garden")
        return answer.json().get("code", "")

    def is_whole(self) -> bool:
        """Every timer fired once at its own instant, what waits is what should wait, the chains hold."""
        store = self.service.store
        for family in store.families():
            steps = store.steps(family.id)
            assert [step.at for step in steps] == sorted(step.at for step in steps)
            assert set(Counter(step.cause for step in steps if step.cause != "command").values()) <= {1}
            assert store.timers(family.id) == agenda(self.service.site.plan, family)
        return verify(self.daemon.database) == [] and not store.site_events("index_repaired")


@contextmanager
def running(folder, machine=None):
    one = Running(folder, machine)
    try:
        yield one
    finally:
        one.house.client.close()
        one.daemon.database.close()


@pytest.mark.parametrize("by", [HOUR, -HOUR, 3 * DAY], ids=["an hour on", "an hour back", "three days on"])
def test_a_clock_that_was_set_is_held_and_told_and_time_goes_on(by, tmp_path):
    with running(tmp_path) as one:
        ticket = one.open()
        one.passes(HOUR // 2)
        assert (one.causes(), one.held()) == ([], 0)
        one.machine.is_set(by)
        one.looks()
        assert (one.causes(), one.held()) == (["clock"], by)
        one.passes(HOUR)
        assert one.breaches(ticket) == []  # half an hour is left of two
        assert [step.cause for step in one.service.store.steps(ticket)][1:] == [
            f"{ticket}/finish#1.1/rung/soon/0"
        ]  # time goes on
        one.passes(HOUR // 2)
        one.passes(60)
        assert one.breaches(ticket) == [START + 2 * HOUR]
        assert one.causes() == ["clock"]
        assert one.is_whole()


@pytest.mark.parametrize("by", [HOUR, 3 * DAY], ids=["an hour", "three days"])
def test_a_clock_set_forward_and_accepted_applies_each_timer_once_at_its_own_instant(by, tmp_path):
    with running(tmp_path) as one:
        ticket = one.open()
        one.passes(HOUR // 2 * 3)
        one.machine.is_set(by)
        assert one.breaches(ticket) == []
        assert one.accept() == by
        one.looks()
        assert (one.causes(), one.held()) == ([], 0)
        assert one.breaches(ticket) == [START + 2 * HOUR]
        duties = [row for row in one.service.store.families() if row.id.startswith("rounds@")]
        assert len(duties) == (6 if by == 3 * DAY else 0)
        assert one.is_whole()


def test_a_clock_set_back_and_accepted_stands_until_it_has_come_that_far_again(tmp_path):
    with running(tmp_path) as one:
        ticket = one.open()
        one.passes(HOUR // 2 * 3)
        one.machine.is_set(-HOUR)
        assert one.accept() == -HOUR
        stands = one.daemon.clock()
        one.passes(HOUR // 2)
        assert (one.causes(), one.held()) == ([], 0)
        assert one.daemon.clock() == stands == START + HOUR // 2 * 3
        assert one.service.store.load(one.open()).root.opened >= stands  # a desk goes on working meanwhile
        one.passes(HOUR + 60)
        assert one.breaches(ticket) == [START + 2 * HOUR]
        assert one.is_whole()


def test_a_machine_that_starts_with_its_clock_set_back_is_not_ready_until_it_is_set_right(tmp_path):
    with running(tmp_path) as one:
        ticket = one.open()
        one.passes(600)
    one.machine.is_set(-365 * DAY)
    with running(tmp_path, one.machine) as again:
        again.looks()
        assert again.causes() == ["clock"]
    one.machine.is_set(365 * DAY)
    with running(tmp_path, one.machine) as right:
        assert right.causes() == []
        right.passes(2 * HOUR)
        assert right.breaches(ticket) == [START + 2 * HOUR]
        assert right.is_whole()


def test_a_machine_that_slept_is_late_and_its_clock_was_not_set(tmp_path):
    with running(tmp_path) as one:
        ticket = one.open()
        one.looks()
        one.machine.sleeps(8 * HOUR)
        one.looks()
        assert (one.causes(), one.held()) == ([], 0)
        assert one.breaches(ticket) == [START + 2 * HOUR]
        assert one.is_whole()


def test_while_a_machine_slept_the_daemon_was_down_and_what_is_told_then_is_not_late(tmp_path):
    with running(tmp_path) as one:
        told, later = one.open(), one.open()
        one.passes(HOUR)
        assert one.downs() == []
        one.machine.sleeps(8 * HOUR)
        one.looks()
        one.passes(5 * 60)
        assert one.downs() == [(START + HOUR, START + 9 * HOUR)]
        assert one.finishes(told, ago=8 * HOUR) == ""  # he was done while nobody could be told
        assert one.breaches(told) == [START + 2 * HOUR]
        one.passes(HOUR)
        assert one.finishes(later, ago=9 * HOUR) == "late"  # an hour was time enough
        assert one.is_whole()


def test_a_sleep_is_noted_once_also_when_the_daemon_is_killed_right_after(tmp_path):
    with running(tmp_path) as one:
        one.passes(HOUR)
        one.machine.sleeps(8 * HOUR)
        one.looks()
        one.machine.runs(60)
        one.daemon.engine.open_site("garden")  # as a start does
        assert one.downs() == [(START + HOUR, START + 9 * HOUR)]


def test_a_sleep_that_could_not_be_written_down_is_written_down_as_soon_as_it_can(tmp_path):
    with running(tmp_path) as one:
        one.passes(HOUR)
        one.machine.sleeps(8 * HOUR)
        one.daemon.database.write(lambda connection: connection.execute("PRAGMA query_only = ON").fetchall())
        one.daemon.engine.round()
        assert one.daemon.engine.beat.failing.keys() == {"garden"}
        one.daemon.database._connection.execute("PRAGMA query_only = OFF")
        one.looks()
        one.looks()
        assert one.downs() == [(START + HOUR, START + 9 * HOUR)]


def test_a_round_that_works_for_long_is_no_sleep_and_one_that_slept_in_it_is(tmp_path):
    with running(tmp_path) as one:
        one.passes(HOUR)
        one.daemon.engine.after_round = lambda beat: one.machine.runs(10 * 60)
        one.looks()
        one.looks()
        assert one.downs() == []
        one.daemon.engine.after_round = lambda beat: one.machine.sleeps(10 * 60)
        one.looks()
        one.daemon.engine.after_round = lambda beat: None
        one.looks()
        assert len(one.downs()) == 1
        assert one.service.downtime(START, START + 3 * HOUR) == 10 * 60


@pytest.mark.parametrize("by", [HOUR, -HOUR, 3 * DAY], ids=["an hour on", "an hour back", "three days on"])
def test_a_clock_that_was_set_and_accepted_is_no_sleep(by, tmp_path):
    with running(tmp_path) as one:
        one.passes(HOUR)
        one.machine.is_set(by)
        one.passes(HOUR)
        assert one.accept() == by
        one.passes(2 * HOUR)
        assert one.downs() == []


def test_a_machine_that_sleeps_while_its_clock_is_held_slept_as_long_as_it_slept(tmp_path):
    with running(tmp_path) as one:
        one.machine.is_set(3 * DAY)
        one.passes(HOUR)
        one.machine.sleeps(8 * HOUR)
        one.looks()
        assert one.downs() == [(START + HOUR, START + 9 * HOUR)]


def test_a_clock_that_is_put_right_again_needs_no_acceptance(tmp_path):
    with running(tmp_path) as one:
        one.machine.is_set(3 * DAY)
        one.passes(HOUR)
        one.machine.is_set(-3 * DAY)
        one.looks()
        assert (one.causes(), one.held()) == ([], 0)
        assert one.daemon.clock() == START + HOUR
