"""The outbox: what became of each message, and which rungs it told. Rows only; what is to be done is decided above."""

from __future__ import annotations

import sqlite3
from typing import Final, Literal, NamedTuple

from engine.core import Message
from engine.store.codec import MESSAGE

Settled = Literal["released", "suppressed", "dropped", "dead"]


class Queued(NamedTuple):
    """A message in the queue; its text is read when it is looked at, so that a damaged one stops no other."""

    seq: int
    site: str
    id: str
    ticket: str
    at: int
    body: str

    def message(self) -> Message:
        """Raises StoreError if the row is no message."""
        return MESSAGE.loads(self.body)


class Climbed(NamedTuple):
    """A rung that a message speaks of. `stands_till` is its instant, or that of a repeat for which it stands, too."""

    site: str
    ticket: str
    run: str
    at: int
    message: int
    rung: str
    repeats: bool
    address: str
    stands_till: int


class Before(NamedTuple):
    """A message that was told on a ladder before, or still waits (`released_at` None) to be looked at."""

    message: int
    stands_till: int
    look_at: int | None
    released_at: int | None


class Finding(NamedTuple):
    """What delivery has to tell the site."""

    kind: Literal["nobody", "undeliverable"]
    site: str
    ticket: str
    message: str
    who: str
    run: str
    rung: str
    at: int


class Outbox:
    """The rows of the outbox, on a connection: the writer's inside `Database.write`, else any that reads."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    # ---- the queue --------------------------------------------------------------------------------------------------

    def unseen(self, limit: int) -> list[Queued]:
        """Messages that nobody looked at yet, the oldest first."""
        return [Queued._make(row) for row in self._execute(_UNSEEN, (limit,))]

    def held(self, now: int, limit: int) -> list[Queued]:
        """Messages that were held until now or earlier, in the order of the log."""
        return [Queued._make(row) for row in self._execute(_HELD, (now, limit))]

    def is_settled(self, message: int) -> bool:
        """Whether a message is out of the queue."""
        row = self._execute("SELECT state FROM outbox WHERE message = ?", (message,)).fetchone()
        return row is not None and row[0] != "held"

    def reason(self, message: int) -> str:
        """Why a message waits, or is out of the queue; "" for one that nobody looked at yet."""
        row = self._execute("SELECT reason FROM outbox WHERE message = ?", (message,)).fetchone()
        return row[0] if row is not None else ""

    def hold(self, message: int, until: int, reason: str) -> None:
        self._execute(_SETTLE, (message, "held", reason, until, None))

    def settle(self, message: int, state: Settled, reason: str, now: int) -> None:
        """A message is out of the queue for good."""
        self._execute(_SETTLE, (message, state, reason, None, now if state == "released" else None))

    # ---- ladders ----------------------------------------------------------------------------------------------------

    def climb(self, climbed: Climbed) -> None:
        self._execute(_CLIMB, climbed)

    def before(self, climbed: Climbed) -> list[Before]:
        """The messages of the last instant before on the same ladder, of those that are told or still wait."""
        place = (climbed.site, climbed.ticket, climbed.run)
        rows = [(at, Before(*row)) for at, *row in self._execute(_BEFORE, (*place, climbed.at))]
        return [before for at, before in rows if at == rows[0][0]]

    def waiting_rung(self, climbed: Climbed) -> bool:
        """Whether the message of a repeat's rung still waits; if so it stands for the repeat, too."""
        place = (climbed.site, climbed.ticket, climbed.run, climbed.rung)
        return self._execute(_STAND, (climbed.at, *place)).rowcount > 0

    def climbed(self, message: int) -> list[Climbed]:
        return [Climbed._make(row) for row in self._execute(_CLIMBED, (message,))]

    def somebody_hears(self, climbed: Climbed) -> bool:
        """Whether of all whom this rung tells somebody was or may still be reached."""
        place = (climbed.site, climbed.ticket, climbed.run, climbed.at)
        found: int = self._execute(_HEARS, place).fetchone()[0]
        return bool(found)

    def anybody_hears(self, message: int) -> bool:
        """Whether somebody was or may still be reached by a message."""
        found: int = self._execute(_HEARS_MESSAGE, (message,)).fetchone()[0]
        return bool(found)

    def told(self, site: str, ticket: str, run: str, address: str) -> list[tuple[str, str]]:
        """Who was really told of a ladder at an address, (person, role): a letter to him was at least handed over."""
        return self._execute(_TOLD, (site, ticket, run, address)).fetchall()

    # ---- the site ---------------------------------------------------------------------------------------------------

    def find(self, finding: Finding) -> None:
        self._execute(_FIND, finding)

    def findings(self) -> list[tuple[int, Finding]]:
        return [(seq, Finding._make(row)) for seq, *row in self._execute(_FINDINGS)]

    def found(self, seq: int) -> None:
        """A finding was told."""
        self._execute("DELETE FROM finding WHERE seq = ?", (seq,))

    def begin_digest(self, site: str, day: str) -> bool:
        """Whether the daily digest of this day is still to be made; from now on it is not."""
        return self._execute("INSERT OR IGNORE INTO digest_day VALUES (?, ?)", (site, day)).rowcount == 1


_UNSEEN: Final = """
SELECT seq, site, id, ticket, at, body FROM message
WHERE seq > (SELECT coalesce(max(message), 0) FROM outbox) ORDER BY seq LIMIT ?
"""
_HELD: Final = """
SELECT seq, site, id, ticket, at, body FROM message
WHERE seq IN (SELECT message FROM outbox WHERE look_at <= ? ORDER BY look_at, message LIMIT ?) ORDER BY seq
"""
_SETTLE: Final = """
INSERT INTO outbox (message, state, reason, look_at, released_at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET
    state = excluded.state, reason = excluded.reason, look_at = excluded.look_at, released_at = excluded.released_at
"""
_CLIMB: Final = "INSERT OR IGNORE INTO climbed VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_BEFORE: Final = """
SELECT at, message, stands_till, look_at, released_at FROM climbed JOIN outbox USING (message)
WHERE site = ? AND ticket = ? AND run = ? AND at < ? AND state IN ('held', 'released') ORDER BY at DESC LIMIT 16
"""
_STAND: Final = """
UPDATE climbed SET stands_till = ?
WHERE site = ? AND ticket = ? AND run = ? AND rung = ? AND NOT repeats
AND EXISTS (SELECT 1 FROM outbox WHERE outbox.message = climbed.message AND state = 'held')
"""
_CLIMBED: Final = f"SELECT {', '.join(Climbed._fields)} FROM climbed WHERE message = ?"
_FINDINGS: Final = f"SELECT seq, {', '.join(Finding._fields)} FROM finding ORDER BY seq"
_HEARS: Final = """
SELECT EXISTS (
    SELECT 1 FROM climbed JOIN outbox USING (message) LEFT JOIN delivery USING (message)
    WHERE climbed.site = ? AND climbed.ticket = ? AND run = ? AND climbed.at = ?
    AND (outbox.state = 'held' OR delivery.state IN ('pending', 'leased', 'merged', 'sent'))
)
"""
_HEARS_MESSAGE: Final = """
SELECT EXISTS (SELECT 1 FROM delivery WHERE message = ? AND state IN ('pending', 'leased', 'merged', 'sent'))
"""
_TOLD: Final = """
SELECT DISTINCT own.person, own.role
FROM climbed
JOIN delivery AS own USING (message)
LEFT JOIN delivery AS letter ON letter.id = own."into"
WHERE climbed.site = ? AND climbed.ticket = ? AND run = ? AND address = ?
AND own.state IN ('sent', 'leased', 'pending', 'merged') AND coalesce(letter.attempt, own.attempt) > 0
ORDER BY own.seq
"""
_FIND: Final = """
INSERT INTO finding (kind, site, ticket, message, who, run, rung, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
