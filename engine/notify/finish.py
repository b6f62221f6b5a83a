"""What came of a letter: sent, tried again, or given up, so that the next channel carries it, or the ticket hears."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final

from engine.notify import limits
from engine.notify.digest import daily
from engine.notify.letter import Outcome
from engine.notify.place import give_up, place_again
from engine.notify.world import World
from engine.store import Database
from engine.store.tables.deliveries import Deliveries, Delivery, End, Standing
from engine.store.tables.outbox import Outbox

#: Letters that are given up at a time, where a destination is left alone.
BATCH: Final = 100


class Finish:
    """Writes down what came of leases; what the lease of somebody else overtook is refused."""

    def __init__(self, database: Database, world: World) -> None:
        self._database = database
        self._world = world

    def end(self, row: Delivery, outcome: Outcome, now: int) -> bool:
        """What a channel said. False if the lease was somebody else's by now."""
        return self._database.write(lambda c: self._end(Outbox(c), Deliveries(c), row, outcome, now))

    def park(self, row: Delivery, reason: str, now: int) -> bool:
        """A letter that cannot be written waits for an operator; another channel would not help."""
        end = End("dead", "dead", reason=reason)
        return self._database.write(lambda c: self._die(Outbox(c), Deliveries(c), row, end, now, elsewhere=False))

    def leave_out(self, stale: Sequence[tuple[int, str]], broken: Sequence[tuple[int, str]], now: int) -> None:
        """Parts of a letter that are no news any more, or cannot be written; the others go on."""
        if not stale and not broken:
            return

        def run(connection: sqlite3.Connection) -> None:
            outbox, rows = Outbox(connection), Deliveries(connection)
            rows.drop(stale, now)
            for seq, reason in broken:
                part = rows.get(seq)
                if rows.die(seq, reason, "", now) and part.message is not None:
                    give_up(outbox, rows.message(part.message), part.person, now)

        self._database.write(run)

    def lose_patience(self, now: int) -> None:
        """Letters whose destination is left alone for so long that their tries would be over go by another channel."""
        with self._database.read() as connection:
            rows = Deliveries(connection)
            paused = [one for one in rows.destinations_due(now) if now < one.paused_till]
            late = [row for one in paused for critical in (True, False) for row in _too_old(rows, one, critical, now)]
        for row in late:
            self._database.write(lambda c, row=row: self._lose(Outbox(c), Deliveries(c), row, now))  # type: ignore[misc]

    def _lose(self, outbox: Outbox, rows: Deliveries, row: Delivery, now: int) -> None:
        end = End("dead", "dead", reason="its destination does not answer")
        if rows.die(row.seq, end.reason, "", now):
            self._go_on(outbox, rows, row, end, now, elsewhere=True)

    def suppress(self, row: Delivery, reason: str, now: int) -> bool:
        end = End("suppressed", "suppressed", reason=reason)
        return self._database.write(lambda c: Deliveries(c).finish(row, end, now))

    def wait(self, row: Delivery, reason: str, now: int) -> bool:
        """A letter that is no worse for it leaves later."""
        end = End("pending", "kept", now + limits.SHUT, row.tries, reason)
        return self._database.write(lambda c: Deliveries(c).finish(row, end, now))

    def give_back(self, row: Delivery, now: int, *, begun: bool) -> bool:
        return self._database.write(lambda c: Deliveries(c).give_back(row, now, begun=begun))

    def _end(self, outbox: Outbox, rows: Deliveries, row: Delivery, outcome: Outcome, now: int) -> bool:
        match outcome.status:
            case "sent":
                done = rows.finish(row, End("sent", "sent", code=outcome.code), now)
                rows.works(row.destination)
                return done
            case "retry":
                return self._retry(outbox, rows, row, outcome, now)
            case "disabled":
                rows.disable(row.destination, outcome.reason)
        end = End("dead", outcome.status, tries=row.tries + 1, reason=outcome.reason, code=outcome.code)
        return self._die(outbox, rows, row, end, now)

    def _retry(self, outbox: Outbox, rows: Deliveries, row: Delivery, outcome: Outcome, now: int) -> bool:
        standing = rows.fail(row.destination)
        if standing.failures >= limits.FAILURES_MAX:  # five in a row, and from then on each one, make a pause
            rows.pause(row.destination, now + limits.pause(standing.pauses))
        tries = row.tries + 1
        wait = limits.wait(standing.kind, row.critical, row.id, tries)
        end = End("dead", "retry", None, tries, outcome.reason, outcome.code)
        if wait is None:
            return self._die(outbox, rows, row, end, now)
        next_at = now + max(wait, outcome.retry_after or 0)
        return rows.finish(row, end._replace(state="pending", next_at=next_at), now)

    def _die(
        self, outbox: Outbox, rows: Deliveries, row: Delivery, end: End, now: int, *, elsewhere: bool = True
    ) -> bool:
        if not rows.finish(row, end, now):
            return False
        self._go_on(outbox, rows, row, end, now, elsewhere)
        return True

    def _go_on(self, outbox: Outbox, rows: Deliveries, row: Delivery, end: End, now: int, elsewhere: bool) -> None:
        """What a dead letter told goes by the next channels of its person."""
        for part in [row, *rows.members(row.id)]:
            rows.die(part.seq, end.reason, end.code, now)
            if elsewhere and part.kind != "digest" and place_again(rows, self._world, _name(rows, part), part, now):
                continue
            if part.message is not None:
                give_up(outbox, rows.message(part.message), part.person, now)


def _too_old(rows: Deliveries, standing: Standing, critical: bool, now: int) -> Iterable[Delivery]:
    patience = limits.patience(standing.kind, critical)
    waiting = rows.due(standing.id, critical, now, BATCH)
    return (row for row in waiting if row.state == "pending" and now - row.made_at > patience)


def _name(rows: Deliveries, part: Delivery) -> str:
    return daily(part.at) if part.message is None else rows.message(part.message).id
