"""What was told long ago: messages and deliveries that nobody needs any more, deleted a few at a time.

While a ticket is open all that it told stays: its ladders ask who was really told. The newest message stays in any
case: it says how far the outbox got, and its number is not given again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from sqlite3 import Connection
from typing import Final, NamedTuple

from engine.store.database import Database
from engine.store.slices import SLICE


def forget_told(database: Database, before: int) -> Iterator[None]:
    """Delete what was over before an instant; each step is a transaction. Who stops half-way goes on another day."""
    for kind in (_MESSAGES, _LETTERS):
        after: int | None = 0
        while after is not None:
            after = database.write(partial(kind.forget, before=before, after=after))
            yield


class _Kind(NamedTuple):
    """What is forgotten: its next rows with their instants, those of them that nobody needs, and all that goes with
    those.
    """

    next: str
    over: str
    gone: tuple[str, ...]

    def forget(self, connection: Connection, before: int, after: int) -> int | None:
        """Delete what is old of the next rows; the number of the last of them, None where younger ones begin: rows are
        numbered as they were written.
        """
        page = connection.execute(self.next, (after, SLICE)).fetchall()
        if page:
            span = {"after": after, "until": page[-1][0], "before": before}
            over = json.dumps([seq for (seq,) in connection.execute(self.over, span)])
            for sql in self.gone:
                connection.execute(sql, (over,))
        return page[-1][0] if len(page) == SLICE and page[-1][1] < before else None


_NEXT_MESSAGES: Final = """
SELECT seq, at FROM message WHERE seq > ? AND seq < (SELECT max(message) FROM outbox) ORDER BY seq LIMIT ?
"""
_MESSAGES_OVER: Final = """
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
_NEXT_LETTERS: Final = "SELECT seq, made_at FROM delivery WHERE message IS NULL AND seq > ? ORDER BY seq LIMIT ?"
_LETTERS_OVER: Final = """
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

#: Messages with their deliveries: settled, of a ticket that was closed, and handed over or given up.
_MESSAGES: Final = _Kind(_NEXT_MESSAGES, _MESSAGES_OVER, _WITH_MESSAGES)
#: Digests of which no part is left.
_LETTERS: Final = _Kind(_NEXT_LETTERS, _LETTERS_OVER, _WITH_LETTERS)
