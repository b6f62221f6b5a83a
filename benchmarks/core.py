"""The decision core beside a bare `transitions` trigger and beside SimPy's processes; memory of idle tickets."""

from __future__ import annotations

import resource
from collections.abc import Callable

import simpy
from transitions import Machine

from benchmarks.harness import rates
from benchmarks.sample import DAYS, DESK, PLAN, START, plan
from engine.core import Command, Outcome, advance, commands, decide


def run() -> list[tuple[str, float, float, str]]:
    return [_decide(), _played(), _memory()]


def _decide() -> tuple[str, float, float, str]:
    """`decide` of a move that starts two working-time deadlines against one trigger of the bare machine."""
    rules = plan()
    opened = decide(rules, None, Command("T", DESK, START, commands.Open("matter", {}, "desk", rules.version, DAYS.id)))
    assert isinstance(opened, Outcome)
    accept = Command("T", DESK, START + 600, commands.Do("accept"))
    after = decide(rules, opened.family, accept)
    assert isinstance(after, Outcome)
    assert after.family.root.state == "handling"
    assert set(after.family.root.runs) == {"answer", "resolve"}
    machine = Machine(
        model=None,
        states=["new", "handling"],
        initial="new",
        auto_transitions=False,
        transitions=[{"trigger": "accept", "source": "new", "dest": "handling"}],
    )

    class Cursor:
        __slots__ = ("state",)

    def bare() -> int:
        cursor = Cursor()
        trigger = machine.events["accept"].trigger
        for _ in range(3000):
            cursor.state = "new"
            trigger(cursor)
        assert cursor.state == "handling"
        return 3000

    def ours() -> int:
        for _ in range(1000):
            decide(rules, opened.family, accept)
        return 1000

    found = rates({"bare": bare, "ours": ours})
    note = f"transitions {found['bare']:,.0f}/s, decide {found['ours']:,.0f}/s"
    return "decide, two working-time deadlines, against a bare trigger", 0.3, found["ours"] / found["bare"], note


def _played() -> tuple[str, float, float, str]:
    """The same story, opened, accepted, resolved, closed, with two watches running, as SimPy processes and as the
    core.
    """
    rules = plan()
    gaps = (600, 7200, 3600)
    opening = commands.Open("matter", {}, "desk", rules.version, DAYS.id)
    story = tuple(zip((0, *gaps), (opening, *map(commands.Do, ("accept", "resolve", "close"))), strict=True))

    def simpy_story() -> int:
        environment = simpy.Environment()
        done = []

        def watch(length):
            try:
                yield environment.timeout(length)
            except simpy.Interrupt:
                return

        def ticket(number):
            yield environment.timeout(number)
            yield environment.timeout(gaps[0])
            answer, resolve = environment.process(watch(28800)), environment.process(watch(259200))
            yield environment.timeout(gaps[1])
            answer.interrupt()
            resolve.interrupt()
            yield environment.timeout(gaps[2])
            done.append(number)

        for number in range(300):
            environment.process(ticket(number))
        environment.run()
        assert len(done) == 300
        return 300

    def our_story() -> int:
        closed = 0
        for number in range(300):
            at = START + number
            family = None
            for gap, act in story:
                at += gap
                if family is not None:
                    for outcome in advance(rules, family, at - 1):
                        family = outcome.family
                outcome = decide(rules, family, Command("T", DESK, at, act))
                family = outcome.family
            closed += family.root.closed is not None
        assert closed == 300
        return 300

    found = rates({"simpy": simpy_story, "ours": our_story}, rounds=5)
    note = (
        f"SimPy {found['simpy']:,.0f} tickets/s, ours {found['ours']:,.0f} tickets/s, with every event and working time"
    )
    return "a played ticket against SimPy's processes", 0.3, found["ours"] / found["simpy"], note


IDLE = PLAN.replace(
    "  answer:", "  intake: {title: 受理, of: matter, from: opened, until: accept, limit: 8 working hours}\n  answer:"
)


def _memory(tickets: int = 1_000_000) -> tuple[str, float, float, str]:
    """Resident memory of idle tickets, each just opened, with its facts and its first clock."""
    rules = plan(IDLE)
    kept = []
    before = _resident()
    for number in range(tickets):
        act = commands.Open("matter", {}, "desk", rules.version, DAYS.id)
        outcome = decide(rules, None, Command(f"T{number}", DESK, START + number, act))
        kept.append(outcome.family)
    size = (_resident() - before) / tickets
    return f"bytes of an idle ticket, {tickets:,} of them", -1000.0, size, ""


def _resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def profile(story: Callable[[], object]) -> None:
    """`python -c "from benchmarks import core; core.profile(core._decide)"` shows where the time goes."""
    import cProfile

    cProfile.runctx("story()", {"story": story}, {}, sort="tottime")
