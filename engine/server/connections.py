"""Connections of the HTTP server: so many at once, and whoever holds one without asking for anything, or without taking
the answer, loses it.
"""

from __future__ import annotations

import asyncio
from typing import Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

#: Connections at once: fewer than the files that a process may have open where nobody raised the limit.
CONNECTIONS_MAX: Final = 800
#: Seconds in which a request arrives with its body, from its first byte; the first also counts from the connection.
ARRIVES_IN: Final = 60
#: Seconds in which some of an answer is taken, and how many bytes that are at least, as long as so many wait.
TAKEN_IN: Final = 60
TAKEN_MIN: Final = 60_000


class Connection(H11Protocol):
    """One connection."""

    _impatient: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.set_write_buffer_limits(0)  # so that `pause_writing` tells of every byte that nobody takes
        if len(self.connections) > CONNECTIONS_MAX:
            transport.abort()
        self._expect()

    def data_received(self, data: bytes) -> None:
        self._expect()
        super().data_received(data)
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._stop_expecting()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._offer()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_offering()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_expecting()
        self._stop_offering()
        super().connection_lost(exc)

    def _expect(self) -> None:
        if self._impatient is None:
            self._impatient = self.loop.call_later(ARRIVES_IN, self.transport.abort)

    def _stop_expecting(self) -> None:
        if self._impatient is not None:
            self._impatient.cancel()
            self._impatient = None

    def _offer(self) -> None:
        waiting = self.transport.get_write_buffer_size()
        self._unread = self.loop.call_later(TAKEN_IN, self._judge, waiting)

    def _judge(self, waited: int) -> None:
        if waited - self.transport.get_write_buffer_size() < TAKEN_MIN:
            self.transport.abort()
        else:
            self._offer()

    def _stop_offering(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
