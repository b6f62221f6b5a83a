"""What the tests of channels hold in their hands: a letter, destinations on loopback, a wire with short times."""

from __future__ import annotations

import io
import socket
import ssl
import time
from base64 import b64encode
from dataclasses import replace
from ipaddress import ip_network

from engine.notify import DingTalk, Feishu, Letter, Mail, Outcome, Secret, Webhook, WeCom, Wire, send
from engine.notify.destinations import Destination, Endpoint

NOW = 1_789_000_000
LOOPBACK = (ip_network("127.0.0.0/8"),)
KEY = Secret("whsec_" + b64encode(b"k" * 32).decode())
TRUST = ssl.create_default_context()  # made once: it reads every authority of the system
LETTER = Letter(
    id="msg_3f2a",
    at=NOW - 60,
    subject="工单 T12 到期",
    text="您反映的“电梯停运”已受理。\n请在到期前处理。",
    link="https://board.example/t/T12",
    data={"type": "deadline.breached", "site": "lakeside", "ticket": "T12", "state": "handling"},
)


class DialledError(AssertionError):
    """Somebody dialled what must never be dialled."""


def only_loopback(address: str, port: int, seconds: float) -> socket.socket:
    """The only way out that tests have."""
    if address != "127.0.0.1":
        raise DialledError(address)
    return socket.create_connection((address, port), timeout=seconds)


def wire(**changes: object) -> Wire:
    """A wire that leads to loopback, and gives up after a fifth of a second."""
    base = Wire(
        time.monotonic,
        resolve=lambda host, port, seconds: ["127.0.0.1"],
        connect=only_loopback,
        total_seconds=0.2,
        trust=TRUST,
        console=io.StringIO(),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def endpoint(port: int, *, path: str = "/hook?key=k", tls: bool = False) -> Endpoint:
    return Endpoint("hook.example", port, Secret(path), tls, LOOPBACK)


def webhook(port: int, *secrets: Secret, tls: bool = False) -> Webhook:
    return Webhook("hook", endpoint(port, tls=tls), secrets or (KEY,))


def robots(port: int) -> list[WeCom | DingTalk | Feishu]:
    where = endpoint(port)
    return [WeCom("w", where), DingTalk("d", where, Secret("SEC1")), Feishu("f", where, Secret("SEC2"))]


def mail(port: int, **changes: object) -> Mail:
    base = Mail("mail", "mx.example", port, "huiyin@park.example", tls="none", allow=LOOPBACK)
    return replace(base, **changes)  # type: ignore[arg-type]


def sent(
    destination: Destination, letter: Letter = LETTER, addressee: str = "", *, over: Wire | None = None
) -> Outcome:
    return send(letter, destination, addressee=addressee, now=NOW, wire=over or wire())
