"""Receivers on this machine that do what the world does: real sockets, each connection answered by a function."""

from __future__ import annotations

import shutil
import socket
import ssl
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import NamedTuple

import pytest

#: What a receiver does with a connection, until it returns. The event is set when the test is over.
Behave = Callable[[socket.socket, Event], None]


class Request(NamedTuple):
    """A request as it came in."""

    line: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """A port on loopback. Behaviours are used in turn, the last one again and again."""

    def __init__(self, *behaviours: Behave) -> None:
        self._behaviours = list(behaviours)
        self._over = Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.connections = 0
        self._threads = [Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        self._over.set()
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()  # wakes `accept`
        for thread in self._threads:
            thread.join(2)
            assert not thread.is_alive()
        self._server.close()

    def _serve(self) -> None:
        while True:
            connection, _ = self._server.accept()
            if self._over.is_set():
                connection.close()
                return
            self.connections += 1
            behave = self._behaviours.pop(0) if len(self._behaviours) > 1 else self._behaviours[0]
            thread = Thread(target=self._handle, args=(connection, behave), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _handle(self, connection: socket.socket, behave: Behave) -> None:
        with connection, suppress(OSError):
            connection.settimeout(5)
            behave(connection, self._over)


@contextmanager
def receiver(*behaviours: Behave) -> Iterator[Receiver]:
    one = Receiver(*behaviours)
    try:
        yield one
    finally:
        one.close()


def read_request(connection: socket.socket) -> Request:
    with connection.makefile("rb") as file:
        line = file.readline().decode("latin-1").strip()
        headers = {}
        while header := file.readline().decode("latin-1").strip():
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        return Request(line, headers, file.read(int(headers.get("content-length", 0))))


def answering(raw: bytes, seen: list[Request] | None = None) -> Behave:
    """These bytes, whatever is asked."""

    def behave(connection: socket.socket, over: Event) -> None:
        request = read_request(connection)
        if seen is not None:
            seen.append(request)
        connection.sendall(raw)

    return behave


def status(code: int, body: bytes = b"", seen: list[Request] | None = None, **headers: str) -> Behave:
    """An answer of HTTP."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = "\r\n".join([f"HTTP/1.1 {code} X", f"Content-Length: {len(body)}", *lines]) + "\r\n\r\n"
    return answering(head.encode() + body, seen)


def hang(connection: socket.socket, over: Event) -> None:
    """The request is taken, and no answer comes."""
    read_request(connection)
    over.wait(5)


def drip(*, before: bytes = b"", byte: bytes = b"H", every: float = 0.02) -> Behave:
    """A byte now and then, for ever: each read of the client succeeds."""

    def behave(connection: socket.socket, over: Event) -> None:
        read_request(connection)
        connection.sendall(before)
        while not over.wait(every):
            connection.sendall(byte)

    return behave


def flood(before: bytes, sent: list[int]) -> Behave:
    """An answer of 10 GB, as much of it as the client takes."""

    def behave(connection: socket.socket, over: Event) -> None:
        read_request(connection)
        connection.sendall(before)
        sent.append(0)
        for _ in range(10 << 10):
            if over.is_set():
                return
            sent[0] += connection.send(b"x" * (1 << 20))

    return behave


def reset(connection: socket.socket, over: Event) -> None:
    """The request is read, then the connection is reset."""
    read_request(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def slam(connection: socket.socket, over: Event) -> None:
    """Closed without a word."""


def secured(behave: Behave, certificate: Path) -> Behave:
    """The same behind TLS."""

    def over_tls(connection: socket.socket, over: Event) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        with context.wrap_socket(connection, server_side=True) as wrapped:
            behave(wrapped, over)

    return over_tls


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def self_signed(folder: Path, host: str = "hook.example") -> Path:
    """Key and certificate of a host in one file, made by openssl."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: no certificate to test TLS with")
    key, certificate, both = folder / "key.pem", folder / "certificate.pem", folder / "both.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    return both


class MailServer:
    """A mail server that answers each command as it is told to, and keeps what it took."""

    def __init__(self, replies: dict[str, bytes] | None = None, certificate: Path | None = None) -> None:
        self.replies = {
            "CONNECT": b"220 mx.example\r\n",
            "EHLO": b"250-mx.example\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n" if certificate else b"250 mx.example\r\n",
            "STARTTLS": b"220 go\r\n",
            "AUTH": b"235 welcome\r\n",
            "MAIL": b"250 ok\r\n",
            "RCPT": b"250 ok\r\n",
            "DATA": b"354 go on\r\n",
            ".": b"250 taken\r\n",
            "RSET": b"250 ok\r\n",
            "QUIT": b"221 bye\r\n",
        } | (replies or {})
        self.certificate = certificate
        self.mails: list[bytes] = []
        self.commands: list[str] = []

    def __call__(self, connection: socket.socket, over: Event) -> None:
        connection.sendall(self.replies["CONNECT"])
        self._converse(connection, over)

    def _converse(self, connection: socket.socket, over: Event) -> None:
        with connection.makefile("rb") as file:
            for raw in file:
                line = raw.decode("ascii").strip()
                self.commands.append(line)
                verb = line.split()[0].upper()
                reply = self.replies[verb]
                if not reply:
                    over.wait(5)
                    return
                connection.sendall(reply)
                if verb == "DATA" and reply.startswith(b"354"):
                    self.mails.append(b"".join(iter(file.readline, b".\r\n")))
                    if not self.replies["."]:
                        over.wait(5)
                        return
                    connection.sendall(self.replies["."])
                elif verb == "STARTTLS" and reply.startswith(b"220"):
                    assert self.certificate is not None
                    break
                elif verb == "QUIT":
                    return
            else:
                return
        secured(self._converse, self.certificate)(connection, over)


def eventually(fact: Callable[[], bool], seconds: float = 1.0) -> bool:
    """Whether something becomes true soon."""
    end = time.monotonic() + seconds
    while not fact() and time.monotonic() < end:
        time.sleep(0.005)
    return fact()
