"""Deliveries: a message, a person, a channel. Taken with a lease, finished only by who holds it; and what operators do.

A row is *taken* by one UPDATE that names what it must be (due: pending, or leased for too long) and *finished* by one
that names owner and attempt, so that nobody finishes what was taken from him meanwhile.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Final, Literal

from engine.store.tables.delivery import DISCARDABLE, RETRIABLE, Delivery, End, Filter, Lane, New, Standing, State
from engine.store.tables.outbox import Queued

__all__ = ["DISCARDABLE", "RETRIABLE", "Deliveries", "Delivery", "End", "Filter", "Lane", "New", "Standing"]


class Deliveries:
    """The rows of deliveries, on a connection: the writer's inside `Database.write`, else any that reads."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute
        self._known: set[str] = set()

    # ---- made -------------------------------------------------------------------------------------------------------

    def make(self, new: New) -> bool:
        """Make a row; False if it was made before. One that says the same as a letter still waiting (same ticket,
        instant, person, place) is merged into it.
        """
        same = (new.site, new.ticket, new.at, new.mailbox, new.destination)
        letter = self._execute(_SAME, same).fetchone() if new.kind == "message" else None
        if letter is None:
            return self._execute(_MAKE, (*new, "pending", None, "", None)).rowcount == 1
        made = self._execute(_MAKE, (*new._replace(next_at=None), "merged", letter[0], "", None)).rowcount == 1
        self._execute(_RAISE, (new.critical, new.rank, letter[0]))
        return made

    def note(self, new: New, state: Literal["dead", "suppressed"], reason: str) -> None:
        """A row of what goes to no destination, so that operators see it, and may try again once it is mended."""
        self._execute(_MAKE, (*new._replace(next_at=None), state, None, reason, new.made_at))

    def know(self, destination: str, kind: str, rate: int | None) -> None:
        """A destination as the deployment has it now."""
        if destination not in self._known:
            self._known.add(destination)
            self._execute(_KNOW, (destination, kind, rate))

    # ---- what waits -------------------------------------------------------------------------------------------------

    def any_due(self, now: int) -> bool:
        return self._execute(_ANY_DUE, (now,)).fetchone() is not None

    def destinations_due(self, now: int) -> list[Standing]:
        """Destinations for which something waits."""
        return [Standing._make(row) for row in self._execute(_DESTINATIONS_DUE, (now,))]

    def standing(self, destination: str) -> Standing | None:
        """None where nothing was ever sent there."""
        row = self._execute(_STANDING_OF, (destination,)).fetchone()
        return Standing._make(row) if row is not None else None

    def due(self, destination: str, critical: bool, now: int, limit: int = -1) -> list[Delivery]:
        """What may be taken, the longest waiting first."""
        return [delivery_of(row) for row in self._execute(_DUE, (destination, critical, now, limit)).fetchall()]

    def lanes(self, destination: str, now: int, late: int, most: int, since: int) -> list[Lane]:
        """What waits at a destination, by mailbox, of those that have a digest, more than one late message (`late` is
        after how many seconds it is) or, with what was handed over to them since an instant, more than `most`.
        """
        return [Lane._make(row) for row in self._execute(_LANES, (late, destination, now, most, since)).fetchall()]

    def open_digest(self, destination: str, site: str, mailbox: str) -> str | None:
        """A digest that nobody took yet."""
        found = self._execute(_OPEN_DIGEST, (destination, site, mailbox)).fetchone()
        return found[0] if found else None

    def get(self, seq: int) -> Delivery:
        return delivery_of(self._execute(_GET, (seq,)).fetchone())

    def gather(self, digest: str, destination: str, lane: Lane, now: int) -> None:
        """Merge what a lane holds, with all that was merged into it, into a digest."""
        place = (digest, destination, lane.site, lane.mailbox, now)
        self._execute(_GATHER_MEMBERS, place)
        self._execute(_GATHER, place)
        self._execute(_RAISE, (lane.critical, lane.rank, digest))

    def letters_to(self, site: str, mailbox: str, since: int) -> list[int]:
        """When letters that arrived, or may have, were handed over to a mailbox after an instant."""
        return [at for (at,) in self._execute(_LETTERS_TO, (site, mailbox, since))]

    def letters_at(self, destination: str, since: int) -> int:
        """How many letters were handed over to a destination after an instant, whatever came of them."""
        count: int = self._execute(_LETTERS_AT, (destination, since)).fetchone()[0]
        return count

    # ---- taken and finished -----------------------------------------------------------------------------------------

    def take(self, seq: int, owner: str, now: int, until: int) -> Delivery | None:
        """Lease a row that is due; None if somebody was faster."""
        row = self._execute(_TAKE, (owner, until, seq, now)).fetchone()
        if row is None:
            return None
        taken = delivery_of(row)
        place = (taken.site, taken.mailbox, taken.destination)
        self._execute(_ATTEMPT, (taken.seq, taken.attempt, *place, now))
        return taken

    def finish(self, taken: Delivery, end: End, now: int) -> bool:
        """Write down what came of a lease; False, and nothing changes, if the lease is somebody else's by now."""
        values = (end.state, end.next_at, end.tries, end.reason, end.code, None if end.next_at is not None else now)
        done = self._execute(_FINISH, (*values, taken.seq, taken.owner, taken.attempt)).rowcount == 1
        outcome = end.outcome if done else "fenced"
        self._execute(_ENDED, (now, outcome, end.reason, end.code, taken.seq, taken.attempt))
        if done and end.state in ("sent", "suppressed"):
            self._execute(_MEMBERS_END, (end.state, now, taken.id))
        return done

    def give_back(self, taken: Delivery, now: int, *, begun: bool) -> bool:
        """End a lease before its letter was handed over, or (`begun`) while it is: nobody will know how that ends."""
        done = self._execute(_GIVE_BACK, (now, taken.seq, taken.owner, taken.attempt)).rowcount == 1
        if done and not begun:
            self._execute(_ENDED, (now, "kept", "", "", taken.seq, taken.attempt))
        return done

    def reclaim(self, owner: str, now: int) -> int:
        """End the leases of everybody else: whoever holds the lock of the file knows that they are gone."""
        return self._execute(_RECLAIM, (now, owner)).rowcount

    def fail(self, destination: str) -> Standing:
        """Count a failure of a destination; how it stands now."""
        return Standing._make(self._execute(_FAIL, (destination,)).fetchone())

    def pause(self, destination: str, until: int) -> None:
        self._execute(_PAUSE, (until, destination))

    def works(self, destination: str) -> None:
        self._execute(_WORKS, (destination,))

    def disable(self, destination: str, reason: str) -> None:
        """Nothing is sent there any more, until one of its letters is retried by hand or the daemon starts again."""
        self._execute(_DISABLE, (reason, destination))

    def enable_all(self) -> None:
        """Destinations that were gone for good are tried again: the settings may lead elsewhere by now."""
        self._execute(_ENABLE_ALL)

    # ---- letters and what is merged into them -----------------------------------------------------------------------

    def members(self, letter: str) -> list[Delivery]:
        """What is merged into a letter, the highest rung first."""
        return [delivery_of(row) for row in self._execute(_MEMBERS, (letter,))]

    def drop(self, seqs: Iterable[tuple[int, str]], now: int) -> None:
        """Rows, each with why nobody needs to hear of it any more."""
        for seq, reason in seqs:
            self._execute(_SUPPRESS, (reason, now, seq))

    def die(self, seq: int, reason: str, code: str, now: int) -> bool:
        """Give up a row that nobody has leased. False if somebody has, or it is over."""
        return self._execute(_DIE, (reason, code, now, seq)).rowcount == 1

    def message(self, seq: int) -> Queued:
        return Queued._make(self._execute(_MESSAGE, (seq,)).fetchone())

    # ---- operators --------------------------------------------------------------------------------------------------

    def listed(self, query: Filter) -> list[Delivery]:
        """The deliveries that fit, in the order in which they were made."""
        names = [name for name in _FILTERED if getattr(query, name) is not None]
        where = " AND ".join(["seq > :after", *(f"{name} = :{name}" for name in names)])
        sql = f"SELECT {_DELIVERY} FROM delivery WHERE {where} ORDER BY seq LIMIT :limit"
        return [delivery_of(row) for row in self._execute(sql, query._asdict())]

    def waiting(self) -> list[tuple[str, bool, int, int]]:
        """What is pending or under way: channel, whether critical, how many, since when the oldest."""
        return [(channel, bool(critical), *rest) for channel, critical, *rest in self._execute(_WAITING)]

    def dead(self) -> list[tuple[str, int]]:
        """What was given up, by channel."""
        return self._execute(_DEAD).fetchall()

    def retry(self, id: str, now: int) -> bool:
        """Try a dead, discarded or suppressed delivery again, by its whole schedule, with all that was to come with it,
        even where the destination was gone for good. False if it is none of them.
        """
        done = self._execute(_RETRY, (now, id)).rowcount == 1
        if done:
            self._execute(_RETRY_MEMBERS, (id,))
            self._execute(_ENABLE, (id,))
        return done

    def take_back(self, id: str) -> int | None:
        """The message of a row that goes to no destination, which is gone then; None if it is no such row."""
        row = self._execute(_TAKE_BACK, (id,)).fetchone()
        return row[0] if row is not None else None

    def discard(self, id: str, reason: str, now: int) -> bool:
        """Give up what is pending or dead, with all that was to come with it, for a reason. False if it is neither."""
        done = self._execute(_DISCARD, (reason, now, id)).rowcount == 1
        if done:
            self._execute(_DISCARD_MEMBERS, (reason, now, id))
        return done


def delivery_of(row: tuple[object, ...]) -> Delivery:
    found = Delivery._make(row)
    return found._replace(critical=bool(found.critical))


def _among(states: Iterable[State]) -> str:
    return ", ".join(f"'{state}'" for state in states)


#: By name, in the order of their values: a column more in the file changes nothing here.
_DELIVERY: Final = ", ".join(f'"{name}"' for name in Delivery._fields)
_STANDING: Final = ", ".join(Standing._fields)
_FILTERED: Final = ("state", "site", "ticket", "person", "channel", "destination", "critical")
_SAME: Final = """
SELECT id FROM delivery
WHERE site = ? AND ticket = ? AND at = ? AND mailbox = ? AND destination = ?
AND kind = 'message' AND state = 'pending' AND attempt = 0
"""
_MAKE: Final = """
INSERT OR IGNORE INTO delivery (
    kind, site, message, ticket, at, person, role, mailbox, critical, rank, next_at, made_at, id, channel, others,
    destination, state, "into", reason, ended_at
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_RAISE: Final = "UPDATE delivery SET critical = max(critical, ?), rank = max(rank, ?) WHERE id = ?"
_KNOW: Final = """
INSERT INTO destination (id, kind, rate) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET kind = excluded.kind, rate = excluded.rate
"""

_ANY_DUE: Final = "SELECT 1 FROM delivery WHERE next_at <= ? LIMIT 1"
_STANDING_OF: Final = f"SELECT {_STANDING} FROM destination WHERE id = ?"
_GET: Final = f"SELECT {_DELIVERY} FROM delivery WHERE seq = ?"
_DESTINATIONS_DUE: Final = f"""
SELECT {_STANDING} FROM destination WHERE EXISTS (
    SELECT 1 FROM delivery WHERE destination = destination.id AND critical IN (0, 1) AND next_at <= ?
) ORDER BY id
"""
_DUE: Final = f"""
SELECT {_DELIVERY} FROM delivery
WHERE destination = ? AND critical = ? AND next_at <= ? ORDER BY next_at, seq LIMIT ?
"""
_LANES: Final = """
SELECT site, mailbox, count(*) AS size, sum(made_at - at > ?1) AS late, min(seq), max(critical), max(rank)
FROM delivery AS waiting
WHERE destination = ?2 AND critical IN (0, 1) AND next_at <= ?3
AND state = 'pending' AND kind = 'message' AND attempt = 0
GROUP BY site, mailbox
HAVING late > 1
    OR size + (
        SELECT count(*) FROM attempt
        WHERE attempt.site = waiting.site AND attempt.mailbox = waiting.mailbox AND outcome IN ('', 'sent', 'fenced')
        AND started_at > ?5
    ) > ?4
    OR EXISTS (
        SELECT 1 FROM delivery WHERE kind = 'digest' AND next_at IS NOT NULL AND destination = ?2
        AND site = waiting.site AND mailbox = waiting.mailbox AND state = 'pending' AND attempt = 0
    )
"""
_OPEN_DIGEST: Final = """
SELECT id FROM delivery WHERE kind = 'digest' AND next_at IS NOT NULL AND destination = ?
AND site = ? AND mailbox = ? AND state = 'pending' AND attempt = 0
"""
_LANE: Final = """
destination = ? AND site = ? AND mailbox = ? AND critical IN (0, 1) AND next_at <= ?
AND state = 'pending' AND kind = 'message' AND attempt = 0
"""
_GATHER: Final = f"UPDATE delivery SET state = 'merged', next_at = NULL, \"into\" = ? WHERE {_LANE}"
_GATHER_MEMBERS: Final = f'UPDATE delivery SET "into" = ? WHERE "into" IN (SELECT id FROM delivery WHERE {_LANE})'
_LETTERS_TO: Final = """
SELECT started_at FROM attempt
WHERE site = ? AND mailbox = ? AND started_at > ? AND outcome IN ('', 'sent', 'fenced') ORDER BY started_at
"""
_LETTERS_AT: Final = """
SELECT count(*) FROM attempt WHERE destination = ? AND started_at > ? AND outcome NOT IN ('suppressed', 'dead', 'kept')
"""

_TAKE: Final = f"""
UPDATE delivery SET state = 'leased', owner = ?, attempt = attempt + 1, next_at = ?
WHERE seq = ? AND next_at <= ? RETURNING {_DELIVERY}
"""
_ATTEMPT: Final = """
INSERT INTO attempt (delivery, attempt, site, mailbox, destination, started_at) VALUES (?, ?, ?, ?, ?, ?)
"""
_FINISH: Final = """
UPDATE delivery SET state = ?, owner = '', next_at = ?, tries = ?, reason = ?, code = ?, ended_at = ?
WHERE seq = ? AND owner = ? AND attempt = ? AND state = 'leased'
"""
_ENDED: Final = """
UPDATE attempt SET ended_at = ?, outcome = ?, reason = ?, code = ? WHERE delivery = ? AND attempt = ?
"""
_MEMBERS_END: Final = """
UPDATE delivery SET state = ?, ended_at = ? WHERE "into" = ? AND state = 'merged'
"""
_GIVE_BACK: Final = """
UPDATE delivery SET state = 'pending', owner = '', next_at = ?
WHERE seq = ? AND owner = ? AND attempt = ? AND state = 'leased'
"""
_RECLAIM: Final = "UPDATE delivery SET next_at = ? WHERE next_at IS NOT NULL AND state = 'leased' AND owner <> ?"
_FAIL: Final = f"UPDATE destination SET failures = failures + 1 WHERE id = ? RETURNING {_STANDING}"
_PAUSE: Final = "UPDATE destination SET pauses = pauses + 1, paused_till = ? WHERE id = ?"
_WORKS: Final = """
UPDATE destination SET failures = 0, pauses = 0, paused_till = 0 WHERE id = ? AND (failures OR pauses)
"""
_DISABLE: Final = "UPDATE destination SET disabled = ?, failures = 0, pauses = 0, paused_till = 0 WHERE id = ?"
_ENABLE: Final = "UPDATE destination SET disabled = '' WHERE id = (SELECT destination FROM delivery WHERE id = ?)"
_ENABLE_ALL: Final = "UPDATE destination SET disabled = ''"

_MEMBERS: Final = f"""
SELECT {_DELIVERY} FROM delivery WHERE "into" = ? AND state = 'merged' ORDER BY rank DESC, critical DESC, at, seq
"""
_SUPPRESS: Final = """
UPDATE delivery SET state = 'suppressed', reason = ?, ended_at = ?, next_at = NULL WHERE seq = ? AND state = 'merged'
"""
_DIE: Final = """
UPDATE delivery SET state = 'dead', reason = ?, code = ?, ended_at = ?, next_at = NULL
WHERE seq = ? AND state IN ('pending', 'merged')
"""
_MESSAGE: Final = "SELECT seq, site, id, ticket, at, body FROM message WHERE seq = ?"

_WAITING: Final = """
SELECT channel, critical, count(*), min(made_at) FROM delivery WHERE next_at IS NOT NULL GROUP BY channel, critical
"""
_DEAD: Final = "SELECT channel, count(*) FROM delivery WHERE state = 'dead' AND kind <> 'digest' GROUP BY channel"
_RETRY: Final = f"""
UPDATE delivery SET state = 'pending', "into" = NULL, next_at = ?1, made_at = ?1, tries = 0, ended_at = NULL
WHERE id = ?2 AND state IN ({_among(RETRIABLE)})
"""
_RETRY_MEMBERS: Final = f"""
UPDATE delivery SET state = 'merged', ended_at = NULL WHERE "into" = ? AND state IN ({_among(RETRIABLE)})
"""
_TAKE_BACK: Final = f"""
DELETE FROM delivery WHERE id = ? AND destination = '' AND state IN ({_among(RETRIABLE)}) RETURNING message
"""
_DISCARD: Final = f"""
UPDATE delivery SET state = 'discarded', reason = ?, ended_at = ?, next_at = NULL
WHERE id = ? AND state IN ({_among(DISCARDABLE)})
"""
_DISCARD_MEMBERS: Final = """
UPDATE delivery SET state = 'discarded', reason = ?, ended_at = ? WHERE "into" = ? AND state IN ('merged', 'dead')
"""
