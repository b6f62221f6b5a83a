"""The store beside `sqlite3` by hand that writes the same rows to the same disk; the next due timer of a million."""

from __future__ import annotations

import sqlite3
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Literal

from benchmarks.harness import rates
from benchmarks.sample import DAYS, DESK, START, plan
from engine.core import Command, Outcome, Plan, agenda, commands, decide, notices
from engine.runtime.listing import listed
from engine.store import Answered, Commit, Database, Transaction
from engine.store.chain import GENESIS, link
from engine.store.codec import STEP
from engine.store.reads import ROW, TIMER
from engine.store.transaction import SqliteTransaction

#: How many commands a round commits, one by one.
COMMANDS = 300
#: How many each of several clients commits in a round.
EACH = 60


def run() -> list[tuple[str, float, float, str]]:
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as folder:
        place = Path(folder)
        return [*_single(place), _together(place), *_next_due(place)]


# ---- the work: commands as they come to the store --------------------------------------------------------------------


def _commits(rules: Plan, family: str) -> list[Commit]:
    """A ticket opened and accepted, with two deadlines running."""
    acts = (commands.Open("matter", {"place": "6 栋"}, "desk", rules.version, DAYS.id), commands.Do("accept"))
    made: list[Commit] = []
    now = None
    for number, act in enumerate(acts):
        outcome = decide(rules, now, Command(family, DESK, START + number, act))
        assert isinstance(outcome, Outcome)
        now = outcome.family
        timers = agenda(rules, now)
        messages = notices(rules, now, outcome.step)
        made.append(Commit(now, (outcome.step,), timers, messages, listed(rules, now, timers)))
    return made


class _Names:
    """Families that nobody used yet."""

    def __init__(self) -> None:
        self.given = 0
        self._rules = plan()

    def commits(self, count: int) -> list[Commit]:
        made: list[Commit] = []
        while len(made) < count:
            self.given += 1
            made += _commits(self._rules, f"T{self.given}")
        return made


def _handle(tx: Transaction, commit: Commit) -> None:
    """What one keyed command does to the store."""
    ticket, step = commit.family.id, commit.steps[0]
    key = f"{ticket}/{step.number}"
    assert tx.answer("desk", key) is None
    tx.stamp(step.at)
    tx.load(ticket)
    tx.commit(commit)
    tx.remember("desk", key, Answered("body", ticket, step.number))


class _Recorder:
    """A connection, and its cursor, that keeps what is written through it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.written: list[tuple[str, tuple[object, ...]]] = []

    def cursor(self) -> _Recorder:
        return self

    def close(self) -> None:
        """The connection goes on."""

    def execute(self, sql: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        if not sql.lstrip().startswith("SELECT"):
            self.written.append((sql, values))
        return self._connection.execute(sql, values)

    def executemany(self, sql: str, rows: list[tuple[object, ...]]) -> sqlite3.Cursor:
        self.written += [(sql, values) for values in rows]
        return self._connection.executemany(sql, rows)


def _written(database: Database, commits: list[Commit]) -> list[list[tuple[str, tuple[object, ...]]]]:
    """The statements that each of these commands writes, ready to be written again as they are."""
    found = []
    for commit in commits:

        def record(connection: sqlite3.Connection, commit: Commit = commit) -> None:
            recorder = _Recorder(connection)
            tx = SqliteTransaction(recorder, "bench", database.families, database.clock, database.forget)  # type: ignore[arg-type]
            _handle(tx, commit)
            found.append(recorder.written)

        database.write(record)
    return found


# ---- single commands -------------------------------------------------------------------------------------------------


def _single(folder: Path) -> list[tuple[str, float, float, str]]:
    return [_against_sqlite(folder, "NORMAL", 0.8), _against_sqlite(folder, "FULL", 0.9)]


def _against_sqlite(folder: Path, synchronous: Literal["FULL", "NORMAL"], goal: float) -> tuple[str, float, float, str]:
    """The same commands, one commit each: through the store, and by hand from the same values.

    The note says what the statements alone would take, with every byte made before the clock runs: no program can do
    that, so it is no goal.
    """
    with (
        Database.open(folder / f"ours-{synchronous}.db", lambda: 1, synchronous=synchronous) as ours,
        Database.open(folder / f"hand-{synchronous}.db", lambda: 1, synchronous=synchronous) as hand,
        Database.open(folder / f"scratch-{synchronous}.db", lambda: 1, synchronous="NORMAL") as scratch,
        Database.open(folder / f"alone-{synchronous}.db", lambda: 1, synchronous=synchronous) as alone,
    ):
        store = ours.site("bench")
        for database in (hand, scratch, alone):
            database.site("bench")
        mine, yours, theirs = _Names(), _Names(), _Names()  # the same names, so the same bytes
        rounds = [mine.commits(COMMANDS) for _ in range(9)]
        others = [yours.commits(COMMANDS) for _ in range(9)]
        prepared = [_written(scratch, theirs.commits(COMMANDS)) for _ in range(9)]

        def with_store() -> int:
            for commit in rounds.pop(0):
                store.write(lambda tx, commit=commit: _handle(tx, commit))
            return COMMANDS

        def with_hands() -> int:
            for commit in others.pop(0):
                _by_hand(hand._connection, commit)
            return COMMANDS

        def with_nothing() -> int:
            for statements in prepared.pop(0):
                alone._connection.execute("BEGIN IMMEDIATE")
                for sql, values in statements:
                    alone._connection.execute(sql, values)
                alone._connection.execute("COMMIT")
            return COMMANDS

        found = rates({"alone": with_nothing, "hand": with_hands, "ours": with_store}, rounds=8)
        assert _rows(ours) == _rows(hand) == _rows(alone), "all wrote the same rows"
    note = (
        f"by hand {found['hand']:,.0f} commands/s, the store {found['ours']:,.0f}/s; the statements alone, made"
        f" beforehand, {found['alone']:,.0f}/s"
    )
    return f"single commands against sqlite3 by hand, {synchronous}", goal, found["ours"] / found["hand"], note


def _by_hand(connection: sqlite3.Connection, commit: Commit) -> None:
    """A command as somebody writes it who needs just these rows and is alone with his file: he asks whether its key is
    known and which hash was the last, compares no index, and lets nobody else in.
    """
    execute, family, (step,) = connection.execute, commit.family, commit.steps
    key = f"{family.id}/{step.number}"
    execute("BEGIN IMMEDIATE")
    assert not execute("SELECT 1 FROM answer WHERE site = 'bench' AND person = 'desk' AND key = ?", (key,)).fetchone()
    execute("UPDATE site SET stamp = ?1 WHERE name = 'bench' AND stamp < ?1", (step.at,))
    known = execute("SELECT head FROM family WHERE site = 'bench' AND id = ?", (family.id,)).fetchone()
    body = STEP.dumps(step)
    head = link(known[0] if known else GENESIS, "bench", family.id, step.number, body.encode())
    values = ("bench", family.id, step.number, step.at, 1, body, head)
    added = execute(f"INSERT INTO step ({_STEP}) VALUES (?, ?, ?, ?, ?, ?, ?)", values)
    if known is None:
        founded = ("bench", family.id, added.lastrowid, head)
        execute(f"INSERT INTO family ({_FAMILY}) VALUES (?, ?, ?, 1, ?, 1)", founded)
    else:
        moved = (step.number, head, "bench", family.id)
        execute("UPDATE family SET steps = ?, head = ? WHERE site = ? AND id = ?", moved)
    execute("DELETE FROM timer WHERE site = ? AND family = ?", ("bench", family.id))
    timers = [("bench", family.id, slot, *timer) for slot, timer in enumerate(commit.timers)]
    connection.executemany(f"INSERT INTO timer (site, family, slot, {TIMER}) VALUES ({_marks(15)})", timers)
    rows = [("bench", *row[:-1], "[]") for row in commit.rows]
    connection.executemany(f"INSERT OR REPLACE INTO ticket (site, {ROW}) VALUES ({_marks(17)})", rows)
    execute(f"INSERT INTO answer VALUES ({_marks(7)})", ("bench", "desk", key, "body", family.id, step.number, 1))
    execute("COMMIT")


_STEP: Final = "site, family, number, at, recorded_at, body, hash"
_FAMILY: Final = "site, id, opened, steps, head, open"


def _marks(count: int) -> str:
    return ", ".join("?" * count)


def _rows(database: Database) -> list[list[tuple[object, ...]]]:
    tables = ("step", "family", "timer", "ticket", "answer", "message")
    with database.read() as connection:
        return [connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3").fetchall() for table in tables]


# ---- many at once ----------------------------------------------------------------------------------------------------


def _together(folder: Path, threads: int = 32) -> tuple[str, float, float, str]:
    """Commands of 32 threads that share commits, against the same commands of one thread.

    Tickets that are opened together have numbers side by side, as the daemon gives them, so their rows share pages.
    """
    names = _Names()
    with Database.open(folder / "together.db", lambda: 1) as database, ThreadPoolExecutor(threads) as clients:
        store = database.site("bench")

        def keep(commits: list[Commit]) -> None:
            for commit in commits:
                store.write(lambda tx, commit=commit: _handle(tx, commit))

        singles = [names.commits(COMMANDS) for _ in range(6)]
        crowds = [_dealt(names.commits(EACH * threads), threads) for _ in range(6)]

        def one() -> int:
            keep(singles.pop())
            return COMMANDS

        def many() -> int:
            list(clients.map(keep, crowds.pop()))
            return EACH * threads

        found = rates({"one": one, "many": many}, rounds=5)
    note = f"one thread {found['one']:,.0f} commands/s, {threads} threads {found['many']:,.0f}/s"
    return f"{threads} threads against one, FULL", 3.0, found["many"] / found["one"], note


def _dealt(commits: list[Commit], hands: int) -> list[list[Commit]]:
    """The commands of each ticket to one of several hands, ticket by ticket in turn."""
    tickets = [commits[at : at + 2] for at in range(0, len(commits), 2)]
    return [[commit for ticket in tickets[hand::hands] for commit in ticket] for hand in range(hands)]


# ---- the next due timer ----------------------------------------------------------------------------------------------


def _next_due(folder: Path, few: int = 1_000, many: int = 1_000_000) -> list[tuple[str, float, float, str]]:
    """The first instant of all timers, against the one indexed query that it cannot do without."""
    with (
        Database.open(folder / "few.db", lambda: 1, synchronous="NORMAL") as small,
        Database.open(folder / "many.db", lambda: 1, synchronous="NORMAL") as big,
    ):
        _fill(small, few)
        _fill(big, many)
        stores = small.site("bench"), big.site("bench")
        with big.read() as connection:

            def bare() -> int:
                for _ in range(2000):
                    at = connection.execute("SELECT min(fire) FROM timer WHERE site = ?", ("bench",)).fetchone()[0]
                assert at == START
                return 2000

            def ours(which: int) -> int:
                for _ in range(2000):
                    at = stores[which].next_instant()
                assert at == START
                return 2000

            found = rates({"bare": bare, "few": lambda: ours(0), "many": lambda: ours(1)})
    cost = {name: 1e6 / rate for name, rate in found.items()}
    note = f"bare {cost['bare']:.1f} µs, ours {cost['many']:.1f} µs, which looks into the inbox too"
    flat = f"{few:,}: {cost['few']:.1f} µs, {many:,}: {cost['many']:.1f} µs"
    return [
        (f"next due of {many:,} timers against the bare query", -1.5, cost["many"] / cost["bare"], note),
        (f"next due of {many:,} timers against {few:,}", -1.2, cost["many"] / cost["few"], flat),
    ]


def _fill(database: Database, count: int) -> None:
    database.site("bench")
    values = (
        ("bench", f"T{n}", 0, START + n * 7919 % count, 0, 0, 0, 1, 1, 0, f"T{n}", "answer#1.1", "due", "due", START)
        for n in range(count)
    )
    sql = "INSERT INTO timer VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    database.write(lambda connection: connection.executemany(sql, values))
