"""Webhooks as standardwebhooks.com 1.0 writes them: a signed, thin body that the receiver can check."""

from __future__ import annotations

import hmac
import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from typing import Final

from engine.notify.destinations import Secret, Webhook
from engine.notify.http import judge, post
from engine.notify.letter import Letter, Outcome, refused
from engine.notify.wire import Wire

BODY_BYTES_MAX: Final = 20_000
PREFIX: Final = "whsec_"


def send(letter: Letter, destination: Webhook, *, addressee: str, now: int, wire: Wire) -> Outcome:
    """Any 2xx is sent. Each try has the same id, a timestamp of its own, and tells what is still news then."""
    body = content(letter)
    if len(body) > BODY_BYTES_MAX:
        return refused("the body is larger than a webhook may be")
    signatures = (signature(secret, letter.id, now, body) for secret in destination.secrets)
    headers = {
        "webhook-id": letter.id,
        "webhook-timestamp": str(now),
        "webhook-signature": " ".join(signatures),
    }
    return judge(post(destination.endpoint, body, headers, wire=wire, now=now, read=False))


def content(letter: Letter) -> bytes:
    """`{type, timestamp, data}`; the timestamp is the instant that the letter tells of."""
    data = {name: value for name, value in letter.data.items() if name != "type"}
    at = datetime.fromtimestamp(letter.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    whole = {"type": letter.data.get("type", "message"), "timestamp": at, "data": data}
    return json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8", "replace")


def signature(secret: Secret, id: str, timestamp: int, body: bytes) -> str:
    """One signature of version 1."""
    signed = f"{id}.{timestamp}.".encode() + body
    return "v1," + b64encode(hmac.digest(key(secret), signed, "sha256")).decode()


def key(secret: Secret) -> bytes:
    """The bytes of a secret written as `whsec_` and base64; `ValueError` where it is not."""
    text = secret.value.removeprefix(PREFIX)
    if text == secret.value:
        raise ValueError("no prefix")
    return b64decode(text, validate=True)
