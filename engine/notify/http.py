"""One POST: no redirect, no proxy, no more of the answer than a sentence needs."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from datetime import UTC
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from typing import Final, NamedTuple

from engine.notify.destinations import Endpoint
from engine.notify.letter import SENT, Outcome, refused, retry
from engine.notify.wire import READ_BYTES_MAX, Wire, dial

RETRY_AFTER_MAX: Final = 24 * 3600  #: seconds; a receiver that asks for more is asked again the next day
PASSING: Final = frozenset({408, 425, 429})  #: the statuses of the 400s that say "not now"


class Answer(NamedTuple):
    """What a receiver said. `retry_after` in seconds, where it asked for them."""

    status: int
    retry_after: int | None = None
    body: bytes = b""


def post(
    endpoint: Endpoint,
    body: bytes,
    headers: Mapping[str, str],
    *,
    wire: Wire,
    now: int,
    query: str = "",
    read: bool = True,
) -> Answer:
    """The answer to a POST; its body only where one asks to `read` it, since a status says all that a webhook means.

    Raises `DeniedAddressError`, `OSError`, `http.client.HTTPException`.
    """
    with closing(dial(endpoint.host, endpoint.port, endpoint.allow, wire)) as line:
        if endpoint.tls:
            line.secure(wire.trust, endpoint.host)
        connection = HTTPConnection(endpoint.host, endpoint.port)
        connection.sock = line  # the address that was checked, not one of its own finding
        sent = {"Host": _host(endpoint), "Content-Type": "application/json; charset=utf-8", "Connection": "close"}
        connection.request("POST", endpoint.path.value + query, body, {**sent, "User-Agent": "huiyin", **headers})
        with HTTPResponse(line, method="POST") as response:  # type: ignore[arg-type]  # it only calls `makefile`
            response.begin()
            wait = _retry_after(response.headers.get("Retry-After"), now)
            return Answer(response.status, wait, _body(response) if read else b"")


def judge(answer: Answer) -> Outcome:
    """What a status means for the letter."""
    status = answer.status
    if 200 <= status < 300:
        return SENT
    if status == 410:
        return Outcome("disabled", "the receiver is gone for good", "410")
    if status in PASSING:
        return retry("the receiver asks to come later", status, answer.retry_after)
    if 300 <= status < 400:
        return refused("the receiver redirects, which is not followed", status)
    if 400 <= status < 500:
        return refused("the receiver does not take it", status)
    return retry("the receiver is out of order", status, answer.retry_after)


def _host(endpoint: Endpoint) -> str:
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    return host if endpoint.port == (443 if endpoint.tls else 80) else f"{host}:{endpoint.port}"


def _body(response: HTTPResponse) -> bytes:
    try:
        return response.read(READ_BYTES_MAX)
    except IncompleteRead as cut:
        return cut.partial


def _retry_after(text: str | None, now: int) -> int | None:
    """Seconds from a header that names seconds or a date; None where it names neither."""
    if text is None:
        return None
    if text.strip().isdecimal():
        return min(int(text.strip()[:9]), RETRY_AFTER_MAX)
    try:
        date = parsedate_to_datetime(text)
        return max(0, min(int(date.replace(tzinfo=date.tzinfo or UTC).timestamp()) - now, RETRY_AFTER_MAX))
    except (ValueError, OverflowError):
        return None
