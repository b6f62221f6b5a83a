"""The daemon's service beside DBOS and `eventsourcing`, which keep commands, and APScheduler, which fires timers.

All of them on SQLite files on one disk, as their documentation uses them, and each file as safe as they make it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from threading import Event
from uuid import NAMESPACE_URL, UUID, uuid5

from apscheduler.events import EVENT_JOB_EXECUTED, EVENT_JOB_REMOVED, JobEvent, JobExecutionEvent
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from dbos import DBOS, SetWorkflowID
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from benchmarks.core import DAYS, DESK, PLAN, START, plan
from benchmarks.harness import rates
from engine.core import Command, commands
from engine.core import events as e
from engine.runtime import Roster, Service, Site, Turn
from engine.store import Database, Done

#: How many tickets a round opens and accepts, and how many timers it fires.
TICKETS, TIMERS = 40, 200
ROUNDS = 5


def run() -> list[tuple[str, float, float, str]]:
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as folder:
        place = Path(folder)
        return [*_commands(place), _firing(place)]


@contextmanager
def _service(path: Path, text: str = PLAN) -> Iterator[Service]:
    rules = plan(text)
    site = Site((rules,), Roster(rules, DAYS.id, complete=False), DAYS.id)
    with Database.open(path, lambda: 1) as database:
        yield Service(site, database.site("bench"), START)


def _open(service: Service, ticket: str, at: int) -> Command:
    act = commands.Open("matter", {}, "desk", service.site.plan.version, DAYS.id)
    return Command(ticket, DESK, at, act, key=f"{ticket}/open")


# ---- durable commands ------------------------------------------------------------------------------------------------


def _commands(folder: Path) -> list[tuple[str, float, float, str]]:
    """Tickets opened and accepted, each command on the disk before the next; afterwards all are in the same state."""
    with _service(folder / "ours.db") as service, _dbos(folder / "dbos.db") as theirs:
        desk = _Desk(env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(folder / "aggregates.db")})
        found = rates({"DBOS": theirs.run, "eventsourcing": desk.run, "ours": _ours(service)}, ROUNDS)
        everyone = [f"T{number}" for number in range(TICKETS * (ROUNDS + 1))]
        ours = {
            ticket: (family.root.state, family.steps) for ticket in everyone if (family := service.store.load(ticket))
        }
        assert ours == dict.fromkeys(everyone, ("handling", 2))
        assert {ticket: desk.state(ticket) for ticket in everyone} == ours
        assert {ticket: theirs.state(ticket) for ticket in everyone} == ours
        desk.close()
    note = ", ".join(f"{name} {rate:,.0f}/s" for name, rate in found.items())
    return [
        ("durable commands against DBOS", 5.0, found["ours"] / found["DBOS"], note),
        ("durable commands against eventsourcing", 1.5, found["ours"] / found["eventsourcing"], ""),
    ]


def _ours(service: Service) -> Callable[[], int]:
    names = count()

    def run() -> int:
        for number in (next(names) for _ in range(TICKETS)):
            opening = _open(service, f"T{number}", START + 60 * number)
            accept = Command(f"T{number}", DESK, opening.at + 1, commands.Do("accept"), key=f"T{number}/accept")
            for command in (opening, accept):
                assert isinstance(service.handle(command), Done)
        return 2 * TICKETS

    return run


class _Ticket(Aggregate):
    """The same ticket as an aggregate."""

    @event("Opened")
    def __init__(self, name: str) -> None:
        self.name = name
        self.state = "new"

    @event("Accepted")
    def accept(self) -> None:
        assert self.state == "new"
        self.state = "handling"

    @staticmethod
    def create_id(name: str) -> UUID:
        return uuid5(NAMESPACE_URL, name)


class _Desk(Application):
    """The same commands as methods of an application that saves aggregates."""

    def __init__(self, env: dict[str, str]) -> None:
        super().__init__(env)
        self._names = count()

    def run(self) -> int:
        for number in (next(self._names) for _ in range(TICKETS)):
            self.save(_Ticket(f"T{number}"))
            ticket = self.repository.get(_Ticket.create_id(f"T{number}"))
            ticket.accept()
            self.save(ticket)
        return 2 * TICKETS

    def state(self, name: str) -> tuple[str, int]:
        ticket = self.repository.get(_Ticket.create_id(name))
        return ticket.state, ticket.version


class _Workflows:
    """The same commands as durable workflows of one step each; the key of a command is the workflow's id."""

    def __init__(self) -> None:
        self._names = count()

        @DBOS.step()
        def decide(state: str | None, move: str) -> str:
            return {(None, "open"): "new", ("new", "accept"): "handling"}[state, move]

        @DBOS.workflow()
        def command(state: str | None, move: str) -> str:
            return decide(state, move)

        self._command = command

    def run(self) -> int:
        for number in (next(self._names) for _ in range(TICKETS)):
            state = None
            for move in ("open", "accept"):
                with SetWorkflowID(f"T{number}/{move}"):
                    state = self._command(state, move)
        return 2 * TICKETS

    def state(self, name: str) -> tuple[str, int]:
        results = [DBOS.retrieve_workflow(f"{name}/{move}").get_result() for move in ("open", "accept")]
        return results[-1], len(results)


@contextmanager
def _dbos(path: Path) -> Iterator[_Workflows]:
    DBOS(config={"name": "bench", "system_database_url": f"sqlite:///{path}", "log_level": "ERROR"})
    try:
        workflows = _Workflows()
        DBOS.launch()
        yield workflows
    finally:
        DBOS.destroy(destroy_registry=True)


# ---- firing timers ---------------------------------------------------------------------------------------------------

#: One deadline on each ticket, which nobody keeps: it is due in the week in which the ticket was opened.
INTAKE = "intake: {title: 受理, of: matter, from: opened, until: accept, limit: 8 working hours, escalate: none}"
DUE = PLAN.replace("  answer:", f"  {INTAKE}\n  answer:")
WEEK = 7 * 86_400


def _firing(folder: Path) -> tuple[str, float, float, str]:
    """Timers that are due at once: each fires once and is gone; ours leave an event of what happened."""
    with _service(folder / "timers.db", DUE) as service:
        jobs = [_Jobs(folder / f"jobs-{week}.db", week) for week in range(ROUNDS + 1)]
        for week in range(ROUNDS + 1):
            service.turn(lambda turn, week=week: _open_many(turn, service, week))
        weeks = count(1)

        def ours() -> int:
            service.advance(START + next(weeks) * WEEK - 1)
            return TIMERS

        waiting = iter(jobs)
        found = rates({"APScheduler": lambda: next(waiting).fire(), "ours": ours}, ROUNDS)
        fired = [
            event.ticket
            for family in service.store.families()
            for step in service.store.steps(family.id)
            for event in step.events
            if isinstance(event, e.Breached)
        ]
        everyone = sorted(f"W{week}-{number}" for week in range(ROUNDS + 1) for number in range(TIMERS))
        assert sorted(fired) == everyone
        assert sorted(ticket for one in jobs for ticket in one.fired) == everyone
        assert service.store.next_instant() is None
    note = f"APScheduler {found['APScheduler']:,.0f} timers/s, ours {found['ours']:,.0f}/s"
    return "firing timers against APScheduler", 20.0, found["ours"] / found["APScheduler"], note


def _open_many(turn: Turn, service: Service, week: int) -> None:
    for number in range(TIMERS):
        turn.apply(_open(service, f"W{week}-{number}", START + week * WEEK))


class _Jobs:
    """A scheduler with jobs that are due, paused."""

    def __init__(self, path: Path, week: int) -> None:
        self.fired: list[str] = []
        self._left = count(2 * TIMERS - 1, -1)  # each is executed, and removed
        self._done = Event()
        store = SQLAlchemyJobStore(f"sqlite:///{path}")
        self._scheduler = BackgroundScheduler(jobstores={"default": store}, timezone=UTC)
        self._scheduler.add_listener(self._hear, EVENT_JOB_EXECUTED | EVENT_JOB_REMOVED)
        self._scheduler.start(paused=True)
        past = datetime.fromtimestamp(START, UTC)
        for number in range(TIMERS):
            self._scheduler.add_job(breach, "date", [f"W{week}-{number}"], run_date=past, misfire_grace_time=None)

    def _hear(self, heard: JobEvent) -> None:
        if isinstance(heard, JobExecutionEvent):
            self.fired.append(heard.retval)
        if next(self._left) == 0:
            self._done.set()

    def fire(self) -> int:
        self._scheduler.resume()
        assert self._done.wait(120)
        self._scheduler.shutdown()
        return TIMERS


def breach(ticket: str) -> str:
    """The job: a scheduler finds it again by its name."""
    return ticket
