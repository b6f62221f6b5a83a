"""The daemon's service beside DBOS and `eventsourcing`, which keep commands, and APScheduler, which fires timers.

All of them on SQLite files on one disk, as their documentation uses them, and each file as safe as they make it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from threading import Event, Lock
from typing import Final, Protocol
from uuid import NAMESPACE_URL, UUID, uuid5

from apscheduler.events import EVENT_JOB_EXECUTED, EVENT_JOB_REMOVED, JobEvent, JobExecutionEvent
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from dbos import DBOS, SetWorkflowID
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from benchmarks.harness import rates
from benchmarks.sample import DAYS, DESK, PLAN, START, service_on, serving
from engine.core import Command, commands
from engine.runtime import Service, Turn
from engine.store import Database, Done

Play = Callable[[str], None]
#: Tickets that a round opens and accepts one by one, and when many clients are at it; timers that it fires.
SINGLE, MANY, TIMERS = 16, 64, 100
CLIENTS = 32
ROUNDS = 4


def run() -> list[tuple[str, float, float, str]]:
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as folder:
        place = Path(folder)
        return [*_commands(place), _firing(place)]


def _open(service: Service, ticket: str, at: int) -> Command:
    act = commands.Open("matter", {}, "desk", service.site.plan.version, DAYS.id)
    return Command(ticket, DESK, at, act, key=f"{ticket}/open")


# ---- durable commands ------------------------------------------------------------------------------------------------


class _Peer(Protocol):
    """Who keeps tickets, as his documentation does it."""

    def play(self, ticket: str) -> None:
        """A ticket opened and accepted: two commands, each on the disk before it returns."""

    def state(self, ticket: str) -> tuple[str, int]:
        """The state of a ticket, and how many commands were done on it."""


def _commands(folder: Path) -> list[tuple[str, float, float, str]]:
    with (
        serving(folder / "ours.db") as service,
        _dbos(folder / "dbos.db") as workflows,
        _desk(folder / "es.db") as desk,
    ):
        peers: dict[str, _Peer] = {"DBOS": workflows, "eventsourcing": desk, "ours": _Ours(service)}
        single = _compared(peers, SINGLE, lambda play, tickets: [play(ticket) for ticket in tickets])
        with ThreadPoolExecutor(CLIENTS) as clients:
            many = _compared(peers, MANY, lambda play, tickets: list(clients.map(play, tickets)))
    return [
        ("durable commands, one by one, against DBOS", 5.0, single["ours"] / single["DBOS"], _told(single)),
        (f"durable commands of {CLIENTS} clients against DBOS", 5.0, many["ours"] / many["DBOS"], _told(many)),
        (f"durable commands of {CLIENTS} clients against eventsourcing", 1.5, many["ours"] / many["eventsourcing"], ""),
    ]


def _compared(peers: dict[str, _Peer], tickets: int, keep: Callable[[Play, list[str]], object]) -> dict[str, float]:
    """Commands a second of each peer; afterwards the same tickets are in the same states with all of them."""
    everyone = [f"{tickets}-{number}" for number in range(tickets * (ROUNDS + 1))]

    def rounds(peer: _Peer) -> Callable[[], int]:
        starts = count(0, tickets)

        def run() -> int:
            start = next(starts)
            keep(peer.play, everyone[start : start + tickets])
            return 2 * tickets

        return run

    found = rates({name: rounds(peer) for name, peer in peers.items()}, ROUNDS)
    for name, peer in peers.items():
        assert all(peer.state(ticket) == ("handling", 2) for ticket in everyone), name
    return found


def _told(found: dict[str, float]) -> str:
    return "commands: " + ", ".join(f"{name} {rate:,.0f}/s" for name, rate in found.items())


class _Ours:
    """The service of the daemon, with all that a command has to do there: deadlines, messages, lists, hashes."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def play(self, ticket: str) -> None:
        opening = _open(self._service, ticket, START)
        accept = Command(ticket, DESK, START + 1, commands.Do("accept"), key=f"{ticket}/accept")
        assert isinstance(self._service.handle(opening), Done)
        assert isinstance(self._service.handle(accept), Done)

    def state(self, ticket: str) -> tuple[str, int]:
        family = self._service.store.load(ticket)
        assert family is not None
        return family.root.state, family.steps


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

    def play(self, ticket: str) -> None:
        self.save(_Ticket(ticket))
        found = self.repository.get(_Ticket.create_id(ticket))
        found.accept()
        self.save(found)

    def state(self, ticket: str) -> tuple[str, int]:
        found = self.repository.get(_Ticket.create_id(ticket))
        return found.state, found.version


@contextmanager
def _desk(path: Path) -> Iterator[_Desk]:
    desk = _Desk(env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)})
    try:
        yield desk
    finally:
        desk.close()


class _Workflows:
    """The same commands as durable workflows of one step each; the key of a command is the workflow's id."""

    def __init__(self) -> None:
        @DBOS.step()
        def decide(state: str | None, move: str) -> str:
            return {(None, "open"): "new", ("new", "accept"): "handling"}[state, move]

        @DBOS.workflow()
        def command(state: str | None, move: str) -> str:
            return decide(state, move)

        self._command = command

    def play(self, ticket: str) -> None:
        state = None
        for move in ("open", "accept"):
            with SetWorkflowID(f"{ticket}/{move}"):
                state = self._command(state, move)

    def state(self, ticket: str) -> tuple[str, int]:
        results = [DBOS.retrieve_workflow(f"{ticket}/{move}").get_result() for move in ("open", "accept")]
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
    """Timers that are due at once. Each fires once, is gone, and leaves the same rows of what happened: with
    APScheduler its job writes them, in a transaction of its own, every byte made before the clock runs.
    """
    with (
        Database.open(folder / "firing.db", lambda: 1) as mine,
        Database.open(folder / "fired.db", lambda: 1) as theirs,
        Database.open(folder / "scratch.db", lambda: 1) as scratch,
    ):
        service, other, done = (service_on(database, DUE) for database in (mine, theirs, scratch))
        for week in range(ROUNDS + 1):
            for each in (service, other, done):
                each.turn(lambda turn, week=week, each=each: _open_many(turn, each, week))
        done.advance(START + (ROUNDS + 1) * WEEK - 1)
        _BOOKS["book"] = _Book(theirs, scratch)
        jobs = [_Jobs(folder / f"jobs-{week}.db", week) for week in range(ROUNDS + 1)]
        weeks = count(1)

        def ours() -> int:
            service.advance(START + next(weeks) * WEEK - 1)
            return TIMERS

        waiting = iter(jobs)
        found = rates({"APScheduler": lambda: next(waiting).fire(), "ours": ours}, ROUNDS)
        everyone = sorted(f"W{week}-{number}" for week in range(ROUNDS + 1) for number in range(TIMERS))
        assert sorted(ticket for one in jobs for ticket in one.fired) == everyone
        assert service.store.next_instant() is None
        assert _left(mine) == _left(theirs) == _left(scratch), "all wrote the same rows"
    note = f"APScheduler {found['APScheduler']:,.0f} timers/s, ours {found['ours']:,.0f}/s"
    return "firing timers against APScheduler", 20.0, found["ours"] / found["APScheduler"], note


class _Book:
    """The rows that each breach leaves, as they were found in another file, and where a job writes them."""

    def __init__(self, place: Database, found: Database) -> None:
        self._connection = place._connection
        self._lock = Lock()  # SQLite has one writer: they wait for each other here, not in its busy handler
        with found.read() as connection:
            self._steps = {row[1]: row for row in connection.execute(f"SELECT {_STEP} FROM step WHERE number = 2")}
            self._rows = {
                row[-1]: row for row in connection.execute(f"SELECT {', '.join(_CHANGED)}, ticket FROM ticket")
            }

    def write(self, ticket: str) -> None:
        step, row, execute = self._steps[ticket], self._rows[ticket], self._connection.execute
        with self._lock:
            execute("BEGIN IMMEDIATE")
            execute(f"INSERT INTO step ({_STEP}) VALUES (?, ?, ?, ?, ?, ?, ?)", step)
            execute("UPDATE family SET steps = 2, head = ? WHERE site = 'bench' AND id = ?", (step[-1], ticket))
            execute("DELETE FROM timer WHERE site = 'bench' AND family = ?", (ticket,))
            execute(_CHANGE, row)
            execute("COMMIT")


_STEP: Final = "site, family, number, at, recorded_at, body, hash"
#: What a breach changes of the row by which a ticket is listed.
_CHANGED: Final = ("overdue", "silent")
_CHANGE: Final = (
    f"UPDATE ticket SET {', '.join(f'{name} = ?' for name in _CHANGED)} WHERE site = 'bench' AND ticket = ?"
)


def _left(database: Database) -> list[list[tuple[object, ...]]]:
    """All rows, but for the order in which the steps of several tickets came."""
    tables = (f"{_STEP} FROM step", "* FROM family", "* FROM timer", "* FROM ticket", "* FROM message")
    with database.read() as connection:
        return [connection.execute(f"SELECT {table} ORDER BY 1, 2, 3").fetchall() for table in tables]


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


_BOOKS: Final[dict[str, _Book]] = {}


def breach(ticket: str) -> str:
    """The job: a scheduler finds it again by its name."""
    _BOOKS["book"].write(ticket)
    return ticket
