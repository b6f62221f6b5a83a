"""The machine of moves against another reading of the same files, on random walks."""

from __future__ import annotations

from random import Random

import pytest

from engine.core import shape
from engine.core.guards import walk
from engine.policy import load
from tests.core.plain_reading import find, next_state, workflows

PLANS = ("residential", "industrial-park", "sales-office", "lakeside", "cloud-park", "riverside")


def walks(name: str, count: int) -> int:
    """Random walks through every workflow of a plan; returns how many steps were compared."""
    loaded = load(find(name))
    assert loaded.plan is not None
    plan = loaded.plan
    read = workflows(name)
    compared = 0
    for id, text in read.items():
        category = next((category for category in plan.categories.values() if category.workflow == id), None)
        if category is None:
            continue
        machine = shape(plan, category.id)
        moves = [move for move, words in text["moves"].items() if "from" in words]
        random = Random(f"{name} {id}")
        assert machine.workflow.initial == text["initial"]
        for _ in range(count):
            state = text["initial"]
            for _ in range(12):
                move = random.choice(moves)
                wanted = next_state(text, state, move)
                assert walk(machine, move, state) == wanted, f"{id}: {move} in {state}"
                state = wanted or state
                compared += 1
    return compared


@pytest.mark.parametrize("name", PLANS)
def test_moves_agree_with_a_plain_reading_of_the_files(name):
    assert walks(name, 60) > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANS)
def test_moves_agree_in_ten_thousand_walks_per_workflow(name):
    assert walks(name, 10_000) > 0
