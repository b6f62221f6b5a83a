"""A daemon's engine that plays a tape and kills itself at its nth SQL statement, as `kill -9` would.

`python -m tests.runtime.kill_child FOLDER SEED FIRST STATEMENT`: plays the tape of the seed from its command FIRST on,
says `done N` for each one that was answered, and `end` at the end.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from random import Random

from engine.runtime import Entry, change_roster
from tests.runtime.test_differential import START, Hands, begin, command, policy_in, tape


def main(folder: Path, seed: int, first: int, statement: int) -> None:
    clock = Hands(START)
    story = tape(Random(seed))
    instants = [START + sum(gap for gap, _, _ in story[: n + 1]) for n in range(len(story))]
    clock.at = instants[first - 1] if first else START
    engine = begin(policy_in(folder), folder, clock)
    kill_at(engine.database, statement)
    service = engine.services["test"]
    if first == 0 and not service.site.roster.entries:
        change_roster(service, START, (Entry("desk", "desk"), Entry("boss", "boss")))
    for n in range(first, len(story)):
        _, what, number = story[n]
        opened = sum(what == "open" for _, what, _ in story[:n])
        clock.at = instants[n]
        while engine.tick():
            pass
        made = command(service, what, number, opened, instants[n])
        service.handle(made._replace(key=f"k{n}"))
        print("done", n, flush=True)
    clock.at = instants[-1] + 5 * 86400 + 1
    while engine.tick():
        pass
    print("end", flush=True)


def kill_at(database, statement: int) -> None:
    """Die when the writer is about to run its nth statement: in the middle of a transaction, before its COMMIT, just
    after it.
    """
    count = 0

    def trace(sql: str) -> None:
        nonlocal count
        count += 1
        if count == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    database._connection.set_trace_callback(trace)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:5]))
