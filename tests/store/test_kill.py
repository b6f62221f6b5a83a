"""A writing process is killed at random, again and again: what it was told is written is there, whole and once."""

from __future__ import annotations

import os
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from random import Random
from select import select
from threading import Thread
from time import sleep

import pytest

from engine.core import Actor, Command, agenda, commands
from engine.store import Answered, Commit, Database, Errand, verify
from tests.kills import STORE
from tests.store.histories import commits, long_story, plan

#: Forked, so that a process is there at once; nothing of the file is open in this one then.
FORK = get_context("fork")


def write_for_ever(path: Path, start: int, told: int) -> None:
    """Commit families step by step from four threads; say after each commit what is now on the disk."""
    database = Database.open(path, lambda: 1)
    store = database.site("lakeside")

    def keep(commit: Commit) -> None:
        ticket, number = commit.family.id, commit.steps[-1].number
        errand = Errand(number, f"{ticket}/{number}", Command(ticket, Actor("x"), number, commands.Note("x")))

        def work(tx) -> None:
            tx.commit(commit)
            tx.send(errand, ticket)
            tx.remember("desk", errand.key, Answered("body", ticket, number))
            tx.stamp(number)

        store.write(work)
        os.write(told, f"{ticket} {number}\n".encode())

    def run(thread: int) -> None:
        for again in count():
            for commit in commits(long_story(f"T{start}-{thread}-{again}")):
                keep(commit)

    for thread in range(3):
        Thread(target=run, args=(thread,), daemon=True).start()
    run(3)


def kill_once(path: Path, start: int, after: float, at_work: bool) -> list[str]:
    """Kill it some seconds after its start, or after it told of the first step; returns what it said was written."""
    told, said = os.pipe()
    process = FORK.Process(target=write_for_ever, args=(path, start, said))
    process.start()
    os.close(said)
    if at_work:
        select([told], [], [], 30)
    sleep(after)
    process.kill()
    process.join()
    assert process.exitcode == -9
    process.close()
    with os.fdopen(told) as lines:
        return [line for line in lines if line.endswith("\n")]


def kill_often(path: Path, kills: int, random: Random) -> int:
    """How many steps it told of, all of which are there."""
    told: dict[str, int] = {}
    for start in range(kills):
        for line in kill_once(path, start, random.uniform(0, 0.08), at_work=start % 4 != 0):
            ticket, number = line.split()
            told[ticket] = max(told.get(ticket, 0), int(number))
        check(path, told)
    return sum(told.values())


def check(path: Path, told: dict[str, int]) -> None:
    with Database.open(path, lambda: 1) as database:
        assert verify(database) == []
        store = database.site("lakeside")
        families = {family.id: family for family in store.families()}
        for ticket, number in told.items():
            assert families[ticket].steps >= number, f"{ticket}: step {number} was told of and is lost"
        for ticket, family in families.items():
            assert [step.number for step in store.steps(ticket)] == list(range(1, family.steps + 1))
            assert store.timers(ticket) == agenda(plan(), family)
            assert [errand.at for errand in store.errands(ticket, 99)] == list(range(1, family.steps + 1))
            assert store.answer("desk", f"{ticket}/{family.steps}") is not None
            assert store.answer("desk", f"{ticket}/{family.steps + 1}") is None
        messages = [message.id for message in store.messages()]
        assert len(messages) == len(set(messages))


def test_nothing_is_lost_or_doubled_when_the_writer_is_killed(tmp_path):
    plan()  # compiled once, before the forks
    assert kill_often(tmp_path / "huiyin.db", 10, Random(1)) > 20


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_in_many_kills(tmp_path, capsys):
    """A new file now and then keeps the checks short."""
    plan()
    told, killed = [], 0
    while killed < STORE:
        kills = min(20, STORE - killed)
        told.append(kill_often(tmp_path / f"{len(told)}.db", kills, Random(len(told))))
        killed += kills
    with capsys.disabled():
        print(f"\na store: {killed} kills, {sum(told)} steps that were told of, none lost")
    assert all(told)
