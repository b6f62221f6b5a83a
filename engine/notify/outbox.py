"""What operators see of the outbox and do with it: list, retry, discard."""

from __future__ import annotations

from collections.abc import Iterable

from engine.store import Database
from engine.store.tables.deliveries import Deliveries, Delivery, Filter
from engine.store.tables.outbox import Outbox as Queue


class Outbox:
    """The outbox of a database, for operators."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, query: Filter) -> list[Delivery]:
        """The deliveries that fit, in the order in which they were made; the next page is `after` the last `seq`."""
        with self._database.read() as connection:
            return Deliveries(connection).listed(query)

    def retry(self, ids: Iterable[str], now: int) -> int:
        """Try deliveries that were given up again, by their whole schedule; how many there were. Where no channel was
        found, the message is released anew, to those whom it concerns now; who was told already is not told twice.
        """
        return self._database.write(lambda c: sum(_retry(Deliveries(c), Queue(c), id, now) for id in ids))

    def discard(self, ids: Iterable[str], reason: str, now: int) -> int:
        """Give deliveries up for a reason, which is kept; how many were pending or dead."""
        return self._database.write(lambda c: sum(Deliveries(c).discard(id, reason, now) for id in ids))


def _retry(rows: Deliveries, queue: Queue, id: str, now: int) -> bool:
    message = rows.take_back(id)
    if message is None:
        return rows.retry(id, now)
    queue.hold(message, now, "tried again by hand")
    return True
