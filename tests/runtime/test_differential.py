"""The daemon and the rehearsal play the same tape: whatever ticks, restarts and downtimes lie between, the histories,
the site's stream and the figures are the same.
"""

from __future__ import annotations

import shutil
from random import Random

import pytest

from engine.core import Actor, Command, commands, measure, period_of
from engine.runtime import Engine, Entry, Plans, Roster, Service, Site, change_roster, histories, prepare
from engine.store import Database, MemoryStore, Query
from engine.worktime import official_days
from tests.core.harness import HEAD, at
from tests.runtime.test_service import PLAN

START = at("2026-10-09 08:00")  # a Friday before a make-up Saturday
FIGURES = """
figures:
  timely: {title: 及时率, of: matter, on_time: finish, target: at least 95%}
  opened: {title: 受理量, of: matter, count: [opened]}
"""
ACTS = ("open", "open", "suspend", "resume", "finish", "publish", "escalate", "ack")
DAEMON_ONLY = ("engine_down", "plan_published", "calendar_shipped")
EVERY = Query(limit=10_000)
DESK = Actor("desk", frozenset({"desk", "boss"}))


class Hands:
    """A clock that a test moves."""

    held = 0

    def __init__(self, at: int) -> None:
        self.at = at

    def __call__(self) -> int:
        return self.at

    def accept(self) -> None:
        """Nothing is held."""


@pytest.fixture(scope="module")
def policy(tmp_path_factory):
    return policy_in(tmp_path_factory.mktemp("policy"))


def policy_in(folder):
    path = folder / "test.yaml"
    path.write_text(HEAD + PLAN + FIGURES, encoding="utf-8")
    prepared = prepare(path)
    assert prepared.plan is not None, prepared.diagnostics
    return prepared


def tape(random):
    """Commands with the seconds before each; now and then a night, a weekend, three days."""
    gaps = (0, 1, 60, 600, 3599, 3600, 7200, 40_000, 3 * 86400)
    return [(random.choice(gaps), random.choice(ACTS), random.randrange(6)) for _ in range(random.randrange(4, 25))]


def command(service, what, number, opened, instant):
    if what == "open":
        facts = {"place": "AB"[number % 2], "unit": f"u{number}"}
        act = commands.Open("matter", facts, "desk", service.site.plan.version, service.site.edition)
        return Command(f"T{opened + 1}", DESK, instant, act)
    groups = [row.ticket for row in service.store.rows(EVERY) if row.category == "gathering"]
    target = max(groups) if what == "publish" and groups else f"T{1 + number % max(opened, 1)}"
    if what == "escalate":
        return Command(target, DESK, instant, commands.Escalate("finish"))
    if what == "ack":
        return Command(target, DESK, instant, commands.Ack("finish", "due"))
    return Command(target, DESK, instant, commands.Do(what))


def rehearse(policy, story):
    plan = policy.plan
    edition = official_days(("CN",)).id
    site = Site(Plans.of(plan), Roster(Plans.of(plan), edition, complete=False), edition)
    service = Service(site, MemoryStore(), START)
    change_roster(service, START, (Entry("desk", "desk"), Entry("boss", "boss")))
    instant = START
    opened = 0
    for gap, what, number in story:
        instant += gap
        service.catch_up(instant)
        made = command(service, what, number, opened, instant)
        service.handle(made)
        opened += what == "open"
    service.advance(instant + 5 * 86400)
    return told(service, instant)


def run(policy, story, random, folder):
    clock = Hands(START)
    engine = begin(policy, folder, clock)
    service = engine.services["test"]
    change_roster(service, START, (Entry("desk", "desk"), Entry("boss", "boss")))
    instant = START
    opened = 0
    for gap, what, number in story:
        for moment in sorted(random.sample(range(instant, instant + gap + 1), min(gap, random.randrange(3)))):
            clock.at = moment
            while engine.tick():
                pass
        instant += gap
        clock.at = instant
        if random.random() < 0.2:  # the daemon was down until now, and comes back
            engine.database.close()
            engine = begin(policy, folder, clock)
        service = engine.services["test"]
        service.handle(command(service, what, number, opened, instant))
        opened += what == "open"
    clock.at = instant + 5 * 86400 + 1
    while engine.tick():
        pass
    result = told(service, instant)
    engine.database.close()
    return result


def begin(policy, folder, clock):
    engine = Engine(Database.open(folder / "huiyin.db", clock, synchronous="NORMAL"), clock)
    engine.apply("test", policy, "test")
    return engine


def told(service, instant):
    """Histories, the site's stream without what only a daemon writes there, and this month's figures."""
    store = service.store
    plan = service.site.plan
    steps = {family.id: store.steps(family.id) for family in store.families()}
    stream = sorted(event for event in store.site_events() if event.kind not in DAEMON_ONLY)
    month = period_of("month", START, plan.timezone)
    known = histories(store, instant + 6 * 86400).read
    figures = [measure(plan, figure, known, month, instant + 6 * 86400) for figure in plan.figures.values()]
    return steps, [str(event) for event in stream], [str(figure) for figure in figures]


def differences(policy, seeds, folder):
    for seed in seeds:
        story = tape(Random(seed))
        place = folder / str(seed)
        place.mkdir()
        got = run(policy, story, Random(-seed), place)
        shutil.rmtree(place)
        if got != rehearse(policy, story):
            yield seed


def test_daemon_and_rehearsal_write_the_same_histories_and_figures(policy, tmp_path):
    assert list(differences(policy, range(1, 41), tmp_path)) == []


@pytest.mark.slow
def test_daemon_and_rehearsal_write_the_same_histories_and_figures_on_a_thousand_tapes(policy, tmp_path):
    assert list(differences(policy, range(1, 1001), tmp_path)) == []
