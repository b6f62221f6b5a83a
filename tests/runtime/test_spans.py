"""Figures of the families that were read are those of all families, whatever was noted of them and when."""

from __future__ import annotations

from random import Random

import pytest

from engine.core import looked_at, measure, period_of
from engine.runtime import Entry, change_roster, histories, prepare
from engine.store.spans import note_spans
from tests.core.harness import HEAD
from tests.runtime.test_differential import START, Hands, begin, command, tape
from tests.runtime.test_service import PLAN

FIGURES = """
figures:
  timely: {title: 及时率, of: matter, on_time: finish, target: at least 95%}
  opened: {title: 受理量, of: matter, count: [opened], target: falling}
  still_open: {title: 在办, of: matter, count: open}
  wait: {title: 等待, of: matter, average: {from: opened, until: finish}}
"""


@pytest.fixture(scope="module")
def policy(tmp_path_factory):
    path = tmp_path_factory.mktemp("policy") / "test.yaml"
    path.write_text(HEAD + PLAN + FIGURES, encoding="utf-8")
    prepared = prepare(path)
    assert prepared.plan is not None, prepared.diagnostics
    return prepared


def test_figures_of_what_was_read_are_those_of_everything(policy, tmp_path):
    reads = [differs(policy, Random(seed), tmp_path / str(seed)) for seed in range(6)]
    assert sum(some for some, _ in reads) < sum(everything for _, everything in reads)


def differs(policy, random, folder):
    """Play a tape; how many histories were read on the way, and how many there were to read."""
    folder.mkdir()
    clock = Hands(START)
    engine = begin(policy, folder, clock)
    service = engine.services["test"]
    change_roster(service, START, (Entry("desk", "desk"), Entry("boss", "boss")))
    opened, read, known = 0, 0, 0
    for gap, what, number in tape(random) + tape(random):
        clock.at += gap
        while engine.tick():
            pass
        service.handle(command(service, what, number, opened, clock.at))
        opened += what == "open"
        if random.random() < 0.3:
            list(note_spans(engine.database, "test"))
        plan, at = service.site.plan, clock.at + 1
        everything = histories(service.store, at).read
        figure, per = random.choice(list(plan.figures.values())), random.choice(["day", "week", "month"])
        period = period_of(per, random.randrange(START - 86400, at + 86400), plan.timezone)
        some = histories(service.store, at, looked_at(plan, figure, period)).read
        assert measure(plan, figure, some, period, at) == measure(plan, figure, everything, period, at)
        read, known = read + len(some), known + len(everything)
    engine.database.close()
    return read, known
