"""Whatever is killed, no ticket is lost and no timer doubled: a process dies by SIGKILL at any statement it sends to its
database, another goes on from the file, and what stands there in the end is what an undisturbed rehearsal wrote.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from engine.core import agenda
from engine.store import Database, verify
from tests.kills import ENGINE
from tests.runtime.test_differential import START, Hands, begin, policy_in, rehearse, tape, told

ROOT = Path(__file__).parents[2]


def play(folder, seed, first, statement):
    """One life of the engine: how far it came, whether it reached the end."""
    line = [sys.executable, "-m", "tests.runtime.kill_child", str(folder), str(seed), str(first), str(statement)]
    life = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert life.returncode in (0, -9), life.stderr
    done = [int(said.split()[1]) for said in life.stdout.splitlines() if said.startswith("done")]
    return (done[-1] + 1 if done else first), "end" in life.stdout


def lives(folder, seed, random, kills):
    """Kill and go on until the tape is played; how often it was killed."""
    first, ended, killed = 0, False, 0
    while not ended:
        statement = random.choice((random.randrange(1, 40), random.randrange(1, 400))) if killed < kills else 10**9
        first, ended = play(folder, seed, first, statement)
        killed += not ended
    return killed


def check(folder, seed):
    policy = policy_in(folder)
    story = tape(Random(seed))
    clock = Hands(START + sum(gap for gap, _, _ in story) + 5 * 86400 + 2)
    engine = begin(policy, folder, clock)
    service = engine.services["test"]
    assert told(service, clock.at - 5 * 86400 - 2) == rehearse(policy, story)
    for family in service.store.families():
        assert service.store.timers(family.id) == agenda(service.site.version(family.root.plan), family)
    engine.database.close()
    with Database.open(folder / "huiyin.db", clock) as database:
        assert list(verify(database)) == []


def test_killed_at_any_statement_and_started_again_the_history_is_the_undisturbed_one(tmp_path):
    killed = lives(tmp_path, 2, Random(7), 5)
    check(tmp_path, 2)
    assert killed == 5


@pytest.mark.slow
def test_kills_at_any_statement_lose_nothing_and_double_nothing(tmp_path, capsys):
    """A tape after the other, each killed up to a dozen times."""
    killed = tapes = 0
    while killed < ENGINE:
        tapes += 1
        folder = tmp_path / str(tapes)
        folder.mkdir()
        killed += lives(folder, tapes, Random(-tapes), min(12, ENGINE - killed))
        check(folder, tapes)
    with capsys.disabled():
        print(f"\nan engine: {killed} kills at statements of {tapes} tapes, the histories are the undisturbed ones")
