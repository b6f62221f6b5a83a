"""Channels: a letter and its destination in, what became of it out. One channel, one module."""

from __future__ import annotations

import socket
import ssl
from http.client import HTTPException
from typing import Final, assert_never

from engine.notify.channels import console, dingtalk, feishu, smtp, webhook, wecom
from engine.notify.destinations import Console, Destination, DingTalk, Feishu, Mail, Webhook, WeCom
from engine.notify.letter import Letter, Outcome, refused, retry
from engine.notify.wire import DeniedAddressError, Wire

#: What the world does to a connection, the narrower first. All but the first may be otherwise the next time.
FAULTS: Final[tuple[tuple[type[Exception], Outcome], ...]] = (
    (DeniedAddressError, refused("the name leads to an address that is not allowed")),
    (TimeoutError, retry("no answer in time")),
    (socket.gaierror, retry("the name is not known")),
    (ssl.SSLError, retry("the secured connection failed")),
    (HTTPException, retry("the answer is not HTTP")),
    (OSError, retry("no connection, or it broke off")),
)


def send(letter: Letter, destination: Destination, *, addressee: str, now: int, wire: Wire) -> Outcome:
    """Hand a letter over, in at most `wire.total_seconds`.

    `addressee` is the person's address on this channel: a mail address, or for a robot the id of the member to mention
    ("": nobody). `now` is the instant of this try, in seconds UTC. What the world does is an outcome, never an error.
    """
    try:
        match destination:
            case Console():
                return console.send(letter, destination, addressee=addressee, now=now, wire=wire)
            case Webhook():
                return webhook.send(letter, destination, addressee=addressee, now=now, wire=wire)
            case Mail():
                return smtp.send(letter, destination, addressee=addressee, now=now, wire=wire)
            case WeCom():
                return wecom.send(letter, destination, addressee=addressee, now=now, wire=wire)
            case DingTalk():
                return dingtalk.send(letter, destination, addressee=addressee, now=now, wire=wire)
            case Feishu():
                return feishu.send(letter, destination, addressee=addressee, now=now, wire=wire)
        assert_never(destination)
    except tuple(kind for kind, _ in FAULTS) as error:
        return next(outcome for kind, outcome in FAULTS if isinstance(error, kind))
