"""Stories for the core: a plan from a text, commands at local times, and what came of them as short lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo

from engine.core import (
    Actor,
    Command,
    Event,
    Family,
    Outcome,
    Plan,
    Refusal,
    Step,
    advance,
    commands,
    decide,
    events,
    kind,
    timetable,
)
from engine.policy import load_text, render
from engine.worktime import official_days

ZONE = ZoneInfo("Asia/Shanghai")
DAYS = official_days(("CN",))

#: What every test plan shares: one role that may do anything, the office of SEMANTICS, a ladder that says nothing.
HEAD = """
policy: test
title: 测试
timezone: Asia/Shanghai
calendar: office
last_resort: boss
calendars: {office: {title: 办公, holidays: CN, hours: {mon-fri: "09:00-12:00, 13:30-18:00"}}}
roles:
  desk: {title: 前台, on_duty: always}
  boss: {title: 经理, on_duty: always}
"""


@cache
def plan_of(text: str) -> Plan:
    loaded = load_text(HEAD + text, name="test.yaml", today=date(2026, 6, 1))
    assert loaded.plan is not None, render(loaded.diagnostics, "en")
    return with_days(loaded.plan)


def with_days(plan: Plan) -> Plan:
    return replace(plan, editions={DAYS.id: DAYS})


def at(text: str) -> int:
    """`11-16 09:00` of 2026, or a whole date, local, as seconds UTC."""
    if len(text.split()[0]) == 5:
        text = f"2026-{text}"
    return int(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp())


def local(instant: int) -> str:
    moment = datetime.fromtimestamp(instant, ZONE)
    return moment.strftime("%m-%d %H:%M:%S" if moment.second else "%m-%d %H:%M")


DESK = Actor("desk", frozenset({"desk", "boss"}))


class Story:
    """One family, driven by the pure core alone."""

    def __init__(self, plan: Plan, id: str = "T1") -> None:
        self.plan = plan
        self.id = id
        self.family: Family | None = None
        self.steps: list[Step] = []

    def open(self, when: str, category: str = "matter", occurred: str | None = None, **facts: object) -> Story:
        given = {name: at(value) if name.endswith("_at") else value for name, value in facts.items()}
        act = commands.Open(category, given, "desk", self.plan.version, DAYS.id)
        self._run(Command(self.id, DESK, at(when), act, None if occurred is None else at(occurred)))
        return self

    def do(
        self, when: str, move: str, occurred: str | None = None, ticket: str | None = None, **facts: object
    ) -> Story:
        given = {
            name: at(value) if name.endswith("_at") and isinstance(value, str) else value
            for name, value in facts.items()
        }
        assignee = given.pop("assignee", None)
        act = commands.Do(move, given, assignee)
        return self.send(when, act, occurred, ticket)

    def send(self, when: str, act: commands.Act, occurred: str | None = None, ticket: str | None = None) -> Story:
        self._run(Command(ticket or self.id, DESK, at(when), act, None if occurred is None else at(occurred)))
        return self

    def refused(self, when: str, move: str, **facts: object) -> Refusal:
        """The refusal of a move; the timers on the way stay applied."""
        self.until_before(when)
        outcome = decide(self.plan, self.family, Command(self.id, DESK, at(when), commands.Do(move, facts)))
        assert isinstance(outcome, Refusal), f"{move} was not refused"
        return outcome

    def until(self, when: str) -> Story:
        """That instant is over."""
        self._keep(advance(self.plan, self.family, at(when)))
        return self

    def until_before(self, when: str) -> Story:
        if self.family is not None:
            self._keep(advance(self.plan, self.family, at(when) - 1))
        return self

    def _run(self, command: Command) -> None:
        if self.family is not None:
            self._keep(advance(self.plan, self.family, command.at - 1))
        outcome = decide(self.plan, self.family, command)
        assert isinstance(outcome, Outcome), f"refused: {outcome}"
        self._keep([outcome])

    def _keep(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            self.steps.append(outcome.step)
            self.family = outcome.family

    # ---- looking ----------------------------------------------------------------------------------------------------

    @property
    def ticket(self):
        return self.family.tickets[self.id]

    def run(self, name: str):
        """The latest run of a deadline."""
        return self.ticket.runs.get(name) or [run for run in self.ticket.ended if run.deadline == name][-1]

    def due(self, name: str) -> str:
        return local(self.run(name).due)

    def events(self, *kinds: type) -> list[Event]:
        return [event for step in self.steps for event in step.events if not kinds or isinstance(event, kinds)]

    def lines(self, *names: str) -> list[str]:
        """Every event about clocks as `at | effective | what`, of the deadlines named."""
        return [
            f"{local(step.at)} | {local(event.effective_at)} | {line}"
            for step in self.steps
            for event in step.events
            if not isinstance(event, events.LadderExhausted)
            and (line := _line(event))
            and (not names or event.key.partition("#")[0] in names)
        ]


def _line(event: Event) -> str:
    match event:
        case events.RunStarted():
            return f"started {event.key}" + (f" due {local(event.due)}" if event.due is not None else " paused")
        case events.Breached():
            return f"breached {event.key}"
        case events.RunEnded():
            return f"{event.status} {event.key}"
        case events.Raised() | events.RungSkipped():
            return f"{kind(event)} {event.key} {event.rung}"
        case events.Repeated():
            return f"repeated {event.key} {event.rung} {event.n}"
        case events.DueMoved():
            return f"moved {event.key} to {local(event.new)}" if event.new else f"moved {event.key}, {event.left} left"
        case events.RunPaused():
            return f"paused {event.key}, {event.left} left"
        case events.RunResumed():
            return f"resumed {event.key} due {local(event.due)}"
        case events.VerdictCorrected():
            return f"corrected {event.key} {event.old} to {event.new}"
        case events.LadderStopped() | events.LadderExhausted():
            return f"{kind(event)} {event.key}"
    return ""


def opening(plan: Plan, calendar: str = "office"):
    return timetable(plan, calendar, DAYS.id)
