"""Words to systemd: ready, alive, reloading, stopping, and how far behind. Without it nothing is said."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from socket import AF_UNIX, SOCK_DGRAM, socket

from engine.runtime import Beat


class Systemd:
    """Says it to the socket that `NOTIFY_SOCKET` names, also an abstract one (`@…`), and never waits for it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket = socket(AF_UNIX, SOCK_DGRAM) if address else None
        if self._socket is not None:
            self._socket.setblocking(False)

    def ready(self) -> None:
        self._say("READY=1")

    def alive(self, beat: Beat) -> None:
        """To be called when the loop came round, not by a timer: a loop that hangs must look like one."""
        self._say("WATCHDOG=1", f"STATUS={_status(beat)}")

    def reloading(self, monotonic: float) -> None:
        """`monotonic`: seconds of CLOCK_MONOTONIC now. `ready` ends it."""
        self._say("RELOADING=1", f"MONOTONIC_USEC={int(monotonic * 1_000_000)}")

    def stopping(self) -> None:
        self._say("STOPPING=1")

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()

    def _say(self, *lines: str) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.sendto("\n".join(lines).encode(), self._address)


def _status(beat: Beat) -> str:
    said = [f"{site} is {seconds} s behind" for site, seconds in beat.behind.items()]
    said += [f"{site} fails" for site in beat.failing]
    return "; ".join(said) or "on time"
