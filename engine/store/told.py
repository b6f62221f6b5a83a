"""What was told long ago: messages and deliveries that nobody needs any more, deleted a few at a time.

While a ticket is open all that it told stays: its ladders ask who was really told. The newest message stays in any
case: it says how far the outbox got, and its number is not given again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from sqlite3 import Connection
from typing import Final, TypeAlias

from engine.store.database import Database

#: Rows looked at in one transaction: few, so that nobody who writes waits for long.
BATCH: Final = 200
#: Deletes what is old of the next rows; the number of the last of them, None where younger ones begin.
Sweep: TypeAlias = Callable[[Connection, int, int], int | None]


def forget_told(database: Database, before: int) -> Iterator[None]:
    """Delete what was over before an instant; each step is a transaction. Who stops half-way goes on another day."""
    for sweep in (_forget_messages, _forget_letters):
        after: int | None = 0
        while after is not None:
            after = database.write(partial(sweep, before=before, after=after))
            yield


def _forget_messages(connection: Connection, before: int, after: int) -> int | None:
    """Messages with their deliveries: settled, of a ticket that was closed, and handed over or given up."""
    page = connection.execute(_MESSAGES, (after, BATCH)).fetchall()
    if page:
        span = {"after": after, "until": page[-1][0], "before": before}
        gone = json.dumps([seq for (seq,) in connection.execute(_OVER, span)])
        for sql in _WITH_MESSAGES:
            connection.execute(sql, (gone,))
    return _last(page, before)


def _forget_letters(connection: Connection, before: int, after: int) -> int | None:
    """Digests of which no part is left."""
    page = connection.execute(_LETTERS, (after, BATCH)).fetchall()
    if page:
        span = {"after": after, "until": page[-1][0], "before": before}
        gone = json.dumps([seq for (seq,) in connection.execute(_EMPTY, span)])
        for sql in _WITH_LETTERS:
            connection.execute(sql, (gone,))
    return _last(page, before)


def _last(page: list[tuple[int, int]], before: int) -> int | None:
    """Rows are numbered as they were written, so that behind a young one there is nothing to look for."""
    return page[-1][0] if len(page) == BATCH and page[-1][1] < before else None


_MESSAGES: Final = """
SELECT seq, at FROM message WHERE seq > ? AND seq < (SELECT max(message) FROM outbox) ORDER BY seq LIMIT ?
"""
_OVER: Final = """
SELECT seq FROM message
WHERE seq > :after AND seq <= :until AND at < :before
AND EXISTS (SELECT 1 FROM outbox WHERE outbox.message = message.seq AND state <> 'held')
AND EXISTS (
    SELECT 1 FROM ticket WHERE ticket.site = message.site AND ticket.ticket = message.ticket AND closed < :before
)
AND NOT EXISTS (
    SELECT 1 FROM delivery WHERE delivery.message = message.seq AND (ended_at IS NULL OR ended_at >= :before)
)
"""
_LETTERS: Final = "SELECT seq, made_at FROM delivery WHERE message IS NULL AND seq > ? ORDER BY seq LIMIT ?"
_EMPTY: Final = """
SELECT seq FROM delivery AS letter
WHERE message IS NULL AND seq > :after AND seq <= :until AND ended_at < :before
AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery."into" = letter.id)
"""

_GIVEN: Final = "(SELECT value FROM json_each(?))"
_WITH_MESSAGES: Final = (
    f"DELETE FROM attempt WHERE delivery IN (SELECT seq FROM delivery WHERE message IN {_GIVEN})",
    f"DELETE FROM delivery WHERE message IN {_GIVEN}",
    f"DELETE FROM climbed WHERE message IN {_GIVEN}",
    f"DELETE FROM outbox WHERE message IN {_GIVEN}",
    f"DELETE FROM message WHERE seq IN {_GIVEN}",
)
_WITH_LETTERS: Final = (
    f"DELETE FROM attempt WHERE delivery IN {_GIVEN}",
    f"DELETE FROM delivery WHERE seq IN {_GIVEN}",
)
