"""Connections to the world: a name is resolved once, every address checked, and all of it ends by one instant."""

from __future__ import annotations

import io
import socket
import ssl
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final, Protocol, TextIO

from engine.notify.addresses import permitted
from engine.notify.destinations import Network

READ_BYTES_MAX: Final = 64 << 10  #: what is read of one connection, whatever the other side goes on sending
ADDRESSES_MAX: Final = 4  #: of a name, that are tried


class DeniedAddressError(Exception):
    """The name leads to an address that may not be dialled."""


class Resolve(Protocol):
    """The addresses of a name, within some seconds."""

    def __call__(self, host: str, port: int, seconds: float) -> Sequence[str]: ...


class Connect(Protocol):
    """A connection to an address, within some seconds."""

    def __call__(self, address: str, port: int, seconds: float) -> socket.socket: ...


def resolve(host: str, port: int, seconds: float) -> Sequence[str]:
    """The system's answer. It knows no time limit of its own, so it is asked on a thread that may be left behind."""
    answer: SimpleQueue[list[str] | Exception] = SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answer.put(list(dict.fromkeys(str(address[0]) for *_, address in found)))
        except Exception as error:
            answer.put(error)

    Thread(target=ask, name="resolve", daemon=True).start()
    try:
        result = answer.get(timeout=seconds)
    except Empty:
        raise TimeoutError("resolving") from None
    if isinstance(result, Exception):
        raise result
    return result


def connect(address: str, port: int, seconds: float) -> socket.socket:
    """A TCP connection; `address` is one already, so nothing is resolved."""
    return socket.create_connection((address, port), timeout=seconds)


@dataclass(frozen=True, slots=True)
class Wire:
    """How channels reach the world. `monotonic` gives seconds on a clock that only runs forward."""

    monotonic: Callable[[], float]
    resolve: Resolve = resolve
    connect: Connect = connect
    connect_seconds: float = 3.0
    total_seconds: float = 15.0
    trust: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    console: TextIO = field(default_factory=lambda: sys.stdout)


class Line:
    """A connection of which each read and write ends by the same instant, so that a drip of bytes cannot hold it.

    It has what `http.client` and `smtplib` ask of a socket.
    """

    def __init__(self, sock: socket.socket, left: Callable[[], float]) -> None:
        self._socket, self._left = sock, left
        self._bytes_left = READ_BYTES_MAX

    def sendall(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            self._socket.settimeout(self._left())
            view = view[self._socket.send(view) :]

    def recv_into(self, buffer: memoryview) -> int:
        """Some bytes; none at the end, which comes after `READ_BYTES_MAX` at the latest."""
        self._socket.settimeout(self._left())
        room = min(len(buffer), self._bytes_left)
        count = self._socket.recv_into(buffer[:room]) if room else 0
        self._bytes_left -= count
        return count

    def makefile(self, mode: str = "rb") -> io.BufferedReader:
        return io.BufferedReader(_Reader(self))

    def close(self) -> None:
        self._socket.close()

    def secure(self, context: ssl.SSLContext, host: str) -> None:
        """TLS from here on, with a certificate for `host`."""
        self._socket = context.wrap_socket(self._socket, server_hostname=host, do_handshake_on_connect=False)
        self._socket.settimeout(self._left())
        self._socket.do_handshake()


class _Reader(io.RawIOBase):
    def __init__(self, line: Line) -> None:
        self._line = line

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        return self._line.recv_into(memoryview(buffer))


def dial(host: str, port: int, allow: Sequence[Network], wire: Wire) -> Line:
    """A connection to one of the addresses of `host`, all of which must be permitted.

    The address dialled is the one checked: a name that answers otherwise when asked again is not asked again.
    Raises `DeniedAddressError`, and `OSError` where the world fails (`TimeoutError` among them).
    """
    left = _countdown(wire)
    addresses = wire.resolve(host, port, left())
    if not all(permitted(address, allow) for address in addresses):
        raise DeniedAddressError
    failure: OSError = socket.gaierror("no address")
    for address in addresses[:ADDRESSES_MAX]:
        try:
            return Line(wire.connect(address, port, min(wire.connect_seconds, left())), left)
        except OSError as error:
            failure = error
    raise failure


def _countdown(wire: Wire) -> Callable[[], float]:
    """Seconds that are left; `TimeoutError` where there are none."""
    end = wire.monotonic() + wire.total_seconds

    def left() -> float:
        seconds = end - wire.monotonic()
        if seconds <= 0:
            raise TimeoutError("total time")
        return seconds

    return left
