"""What may be done to one site's rows inside a transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Mapping
from functools import cache
from secrets import token_hex
from typing import Any, Final

from engine.core import Family, Membership, Step, Timer
from engine.store.cache import Cache, Kept
from engine.store.chain import GENESIS, link
from engine.store.codec import COMMAND, MESSAGE, SITE_EVENT, STEP, TEXTS, VALUES
from engine.store.protocol import Answered, Commit, ConflictError, Errand, Row, SiteEvent
from engine.store.reads import ROW, TIMER, Reads, Values


class SqliteTransaction(Reads):
    """A Transaction on the writer's connection. `clock` gives the instants of envelopes; `forget` is called when
    something is erased.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        site: str,
        families: Cache,
        clock: Callable[[], int],
        forget: Callable[[], None],
    ) -> None:
        super().__init__(site, families)
        cursor = connection.cursor()
        self._connection = connection
        self._execute = cursor.execute  # one cursor for all: whatever it finds is fetched before the next statement
        self._executemany = cursor.executemany
        #: Nothing of a transaction may touch the connection later: a cursor that dies in the thread of whoever got the
        #: result would reset a statement under the hands of the next writer.
        self.close = cursor.close
        self._clock = clock
        self._forget = forget
        self._heads: dict[str, tuple[int, bytes]] = {}  #: of families: how they stand in this transaction

    def _all(self, sql: str, values: Values) -> list[Any]:
        return self._execute(sql, values).fetchall()

    def _each(self, sql: str, values: Values) -> Generator[Any, None, None]:
        yield from self._connection.execute(sql, values)

    # ---- histories --------------------------------------------------------------------------------------------------

    def stamp(self, now: int) -> int:
        stamp: int = self._execute(_STAMP, (self.name,)).fetchone()[0]
        if stamp < now:
            self._execute(_MOVE_STAMP, (now, self.name))
        return max(stamp, now)

    def _head(self, ticket: str) -> tuple[str, int, bytes] | None:
        found = super()._head(ticket)
        if found is None:
            self._heads[ticket] = _NO_STEPS
        else:
            self._heads[found[0]] = found[1:]
        return found

    def commit(self, commit: Commit) -> None:
        family = commit.family
        steps, before = self._stands_before(family.id, commit.steps[0].number)
        seq, head = self._append(family.id, before, commit.steps)
        self._heads[family.id] = family.steps, head
        if steps:
            kept = self._cache.get(before)
            self._move(family, head, kept and kept.family)
        else:
            kept = Kept(family, {}, {})
            self._execute(_FOUND, (self.name, family.id, seq, family.steps, head, family.is_open))
        self._keep_parts(family)
        timers = self._keep_timers(family.id, commit.timers, kept and kept.timers)
        rows = self._keep_rows(commit.rows, kept and kept.rows)
        self._cache.put(head, Kept(family, timers, rows), instead_of=before)
        if commit.messages:
            made = [(self.name, one.id, one.ticket, one.at, MESSAGE.dumps(one)) for one in commit.messages]
            self._executemany(_MESSAGE, made)

    def _stands_before(self, family: str, number: int) -> tuple[int, bytes]:
        """How many steps a family has, and its last hash. Raises ConflictError unless `number` is its next step."""
        found = self._heads.get(family) or self._execute(_HEAD, (self.name, family)).fetchone()
        steps, head = found or _NO_STEPS
        if number != steps + 1:
            raise ConflictError(family)
        return steps, head

    def _append(self, family: str, head: bytes, steps: tuple[Step, ...]) -> tuple[int | None, bytes]:
        """Write steps down after the hash `head`; the place of the last one, and its hash."""
        now = self._clock()
        seq = None
        for step in steps:
            body = STEP.dumps(step)
            head = link(head, self.name, family, step.number, body.encode())
            seq = self._execute(_STEP, (self.name, family, step.number, step.at, now, body, head)).lastrowid
        return seq, head

    def _move(self, family: Family, head: bytes, before: Family | None) -> None:
        """Whether it is open is written only if that may have changed: an index hangs on it."""
        if before is not None and before.is_open == family.is_open:
            self._execute(_MOVE, (family.steps, head, self.name, family.id))
        else:
            self._execute(_MOVE_OPEN, (family.steps, head, family.is_open, self.name, family.id))

    def _keep_parts(self, family: Family) -> None:
        if len(family.tickets) > 1:
            parts = [(self.name, ticket, family.id) for ticket in family.tickets if ticket != family.id]
            self._executemany(_PART, parts)

    # ---- indexes ----------------------------------------------------------------------------------------------------

    def _keep_timers(
        self, family: str, timers: tuple[Timer, ...], there: Mapping[Timer, int] | None
    ) -> Mapping[Timer, int]:
        """The index holds exactly these, only what differs is written; the slots in which they stand now."""
        if there is None:
            there = {Timer._make(timer): slot for slot, *timer in self._all(_TIMERS, (self.name, family))}
        stay = {timer: there[timer] for timer in timers if timer in there}
        if len(stay) == len(there) == len(timers):
            return there
        taken = set(stay.values())
        free = (slot for slot in range(len(timers)) if slot not in taken)
        come = {timer: next(free) for timer in timers if timer not in stay}
        if gone := [(self.name, family, slot) for timer, slot in there.items() if timer not in stay]:
            self._executemany(_NO_TIMER, gone)
        if come:
            self._executemany(_TIMER, [(self.name, family, slot, *timer) for timer, slot in come.items()])
        return {**stay, **come}

    def _keep_rows(
        self, rows: tuple[Row, ...], there: Mapping[str, tuple[Any, ...]] | None
    ) -> Mapping[str, tuple[Any, ...]]:
        """Write the rows that differ; their columns as they are now."""
        now: dict[str, tuple[Any, ...]] = {}
        for row in rows:
            links = TEXTS.dumps(row.links) if row.links else "[]"
            columns = now[row.ticket] = (*row[:-1], links)
            before = self._row_there(row.ticket) if there is None else there.get(row.ticket)
            if before is None:
                self._execute(_NEW_ROW, (self.name, *columns))
            elif columns != before:
                self._change_row(row.ticket, before, columns)
            self._keep_links(row, before[-1] if before is not None else "[]", links)
        return now

    def _change_row(self, ticket: str, before: tuple[Any, ...], columns: tuple[Any, ...]) -> None:
        """Only the columns that differ: each index that hangs on one of them is written, too."""
        changed = {name: new for name, old, new in zip(Row._fields, before, columns, strict=True) if new != old}
        self._execute(_change_of(tuple(changed)), (*changed.values(), self.name, ticket))

    def _keep_links(self, row: Row, before: str, links: str) -> None:
        """Those that went are named: to look for them by their ticket would be to look through all."""
        if links != before:
            gone = set(TEXTS.loads(before)) - set(row.links)
            self._executemany(_NO_LINK, [(self.name, link, row.ticket) for link in gone])
            self._executemany(_LINK, [(self.name, link, row.ticket) for link in row.links])

    def _row_there(self, ticket: str) -> tuple[Any, ...] | None:
        found: tuple[Any, ...] | None = self._execute(_ROW, (self.name, ticket)).fetchone()
        return found

    def repair(self, family: str, timers: tuple[Timer, ...], rows: tuple[Row, ...]) -> None:
        if (found := self._head(family)) is not None:
            self._cache.forget_indexes(found[2])
        self._execute(_NO_TIMERS, (self.name, family))
        self._keep_timers(family, timers, {})
        for (ticket,) in self._all(_ROWS_OF, (self.name, family)):
            self._execute(_NO_ROW, (self.name, ticket))
            self._execute(_NO_LINKS, (self.name, ticket))
        self._keep_rows(rows, {})

    # ---- commands ---------------------------------------------------------------------------------------------------

    def remember(self, person: str, key: str, answered: Answered) -> None:
        self._execute(_REMEMBER, (self.name, person, key, *answered, self._clock()))

    def send(self, errand: Errand, family: str) -> None:
        self._execute(_SEND, (self.name, errand.key, family, errand.at, COMMAND.dumps(errand.command)))

    def done(self, errand: Errand) -> None:
        self._execute(_DONE, (self.name, errand.key))

    # ---- patterns, the site's stream, marks -------------------------------------------------------------------------

    def join(self, membership: Membership) -> tuple[Membership, ...]:
        at, ticket, detection, bucket, differs = membership
        place = (self.name, detection, VALUES.dumps(bucket))
        self._execute(_JOIN, (*place, at, ticket, VALUES.dumps(differs)))
        return tuple(
            Membership(at, ticket, detection, bucket, VALUES.loads(differs))
            for at, ticket, differs in self._execute(_BUCKET, place)
        )

    def leave(self, ticket: str) -> None:
        self._execute(_LEAVE, (self.name, ticket))

    def fired(self, detection: str, bucket: tuple[Any, ...], ticket: str) -> bool:
        return self._execute(_FIRED, (self.name, detection, VALUES.dumps(bucket), ticket)).rowcount == 0

    def keep_group(self, detection: str, member: str, ticket: str) -> None:
        self._execute(_KEEP_GROUP, (self.name, detection, member, ticket))

    def add_member(self, group: str, ticket: str) -> bool:
        return self._execute(_ADD_MEMBER, (self.name, group, ticket)).rowcount == 1

    def record(self, event: SiteEvent) -> None:
        number, head = self._execute(_SITE_HEAD, (self.name,)).fetchone()
        body = SITE_EVENT.dumps(event)
        head = link(head, self.name, "", number + 1, body.encode())
        self._execute(_RECORD, (self.name, number + 1, event.kind, event.key, body, head))
        self._execute(_MOVE_SITE, (number + 1, head, self.name))

    def set_mark(self, name: str, at: int) -> None:
        self._execute(_SET_MARK, (self.name, name, at))

    # ---- personal values --------------------------------------------------------------------------------------------

    def seal(self, fact: str, value: str) -> str:
        known = self.reference(fact, value)
        if known is not None:
            return known
        reference = f"pii:{fact}:{token_hex(8)}"
        self._execute(_SEAL, (self.name, reference, fact, value))
        return reference

    def erase(self, reference: str) -> None:
        self._execute(_ERASE, (self.name, reference))
        self._forget()


@cache
def _change_of(columns: tuple[str, ...]) -> str:
    return f"UPDATE ticket SET {', '.join(f'{name} = ?' for name in columns)} WHERE site = ? AND ticket = ?"


#: Where a family stands that is not there yet.
_NO_STEPS: Final = 0, GENESIS

_STAMP: Final = "SELECT stamp FROM site WHERE name = ?"
_MOVE_STAMP: Final = "UPDATE site SET stamp = ? WHERE name = ?"
_HEAD: Final = "SELECT steps, head FROM family WHERE site = ? AND id = ?"
_STEP: Final = """
INSERT INTO step (site, family, number, at, recorded_at, body, hash) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_FOUND: Final = "INSERT INTO family (site, id, opened, steps, head, open) VALUES (?, ?, ?, ?, ?, ?)"
_MOVE: Final = "UPDATE family SET steps = ?, head = ? WHERE site = ? AND id = ?"
_MOVE_OPEN: Final = "UPDATE family SET steps = ?, head = ?, open = ? WHERE site = ? AND id = ?"
_PART: Final = "INSERT OR IGNORE INTO part (site, ticket, family) VALUES (?, ?, ?)"
_MESSAGE: Final = "INSERT INTO message (site, id, ticket, at, body) VALUES (?, ?, ?, ?, ?)"

_TIMERS: Final = f"SELECT slot, {TIMER} FROM timer WHERE site = ? AND family = ?"
_NO_TIMERS: Final = "DELETE FROM timer WHERE site = ? AND family = ?"
_NO_TIMER: Final = "DELETE FROM timer WHERE site = ? AND family = ? AND slot = ?"
_TIMER: Final = f"""
INSERT OR REPLACE INTO timer (site, family, slot, {TIMER}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_ROW: Final = f"SELECT {ROW} FROM ticket WHERE site = ? AND ticket = ?"
_NEW_ROW: Final = f"""
INSERT OR REPLACE INTO ticket (site, {ROW}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_ROWS_OF: Final = "SELECT ticket FROM ticket WHERE site = ? AND family = ?"
_NO_ROW: Final = "DELETE FROM ticket WHERE site = ? AND ticket = ?"
_NO_LINKS: Final = "DELETE FROM link WHERE site = ? AND ticket = ?"
_NO_LINK: Final = "DELETE FROM link WHERE site = ? AND link = ? AND ticket = ?"
_LINK: Final = "INSERT OR IGNORE INTO link (site, link, ticket) VALUES (?, ?, ?)"

_REMEMBER: Final = """
INSERT OR REPLACE INTO answer (site, person, key, body, family, step, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_SEND: Final = "INSERT OR IGNORE INTO inbox (site, key, family, at, command) VALUES (?, ?, ?, ?, ?)"
_DONE: Final = "UPDATE inbox SET done = 1 WHERE site = ? AND key = ?"

_JOIN: Final = """
INSERT INTO membership (site, detection, bucket, at, ticket, differs) VALUES (?, ?, ?, ?, ?, ?)
"""
_BUCKET: Final = """
SELECT at, ticket, differs FROM membership WHERE site = ? AND detection = ? AND bucket = ? ORDER BY seq
"""
_LEAVE: Final = "DELETE FROM membership WHERE site = ? AND ticket = ?"
_FIRED: Final = "INSERT OR IGNORE INTO fired (site, detection, bucket, ticket) VALUES (?, ?, ?, ?)"
_KEEP_GROUP: Final = 'INSERT OR REPLACE INTO "group" (site, detection, first, ticket) VALUES (?, ?, ?, ?)'
_ADD_MEMBER: Final = 'INSERT OR IGNORE INTO member (site, "group", ticket) VALUES (?, ?, ?)'
_SITE_HEAD: Final = "SELECT events, head FROM site WHERE name = ?"
_RECORD: Final = "INSERT INTO site_event (site, number, kind, key, body, hash) VALUES (?, ?, ?, ?, ?, ?)"
_MOVE_SITE: Final = "UPDATE site SET events = ?, head = ? WHERE name = ?"
_SET_MARK: Final = "INSERT OR REPLACE INTO mark (site, name, at) VALUES (?, ?, ?)"

_SEAL: Final = "INSERT INTO vault (site, reference, fact, value) VALUES (?, ?, ?, ?)"
_ERASE: Final = "DELETE FROM vault WHERE site = ? AND reference = ?"
