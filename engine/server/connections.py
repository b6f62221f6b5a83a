"""Connections of the HTTP server: so many at once, and whoever holds one without asking for anything loses it."""

from __future__ import annotations

import asyncio
from typing import Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

#: Connections at once: fewer than the files that a process may have open where nobody raised the limit.
CONNECTIONS_MAX: Final = 800
#: Seconds in which a request arrives with its body, from its first byte; the first also counts from the connection.
ARRIVES_IN: Final = 60


class Connection(H11Protocol):
    """One connection."""

    _impatient: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS_MAX:
            transport.abort()
        self._expect()

    def data_received(self, data: bytes) -> None:
        self._expect()
        super().data_received(data)
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._stop_expecting()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_expecting()
        super().connection_lost(exc)

    def _expect(self) -> None:
        if self._impatient is None:
            self._impatient = self.loop.call_later(ARRIVES_IN, self.transport.abort)

    def _stop_expecting(self) -> None:
        if self._impatient is not None:
            self._impatient.cancel()
            self._impatient = None
