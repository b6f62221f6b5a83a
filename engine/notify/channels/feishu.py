"""The group robot of Feishu 飞书."""

from __future__ import annotations

import hmac
from base64 import b64encode
from typing import Final

from engine.notify.channels.robots import LABEL, SUBJECT_BYTES_MAX, Codes, Verdict, tell
from engine.notify.channels.wording import cut, harmless, member
from engine.notify.destinations import Feishu, Secret
from engine.notify.letter import Letter, Outcome
from engine.notify.wire import Wire

TEXT_BYTES_MAX: Final = 8_000  #: the whole body may have 20 kB, with its escapes

#: `code`. 0 is sent; what does not stand here may pass.
CODES: Final[Codes] = {
    9499: Verdict("a bad request, or too many", passing=True),  # the same code for both, so it may pass
    11232: Verdict("too many messages", passing=True, after=60),  # 100 a minute, 5 a second
    11246: Verdict("the content is wrong"),
    99991400: Verdict("too many calls", passing=True, after=60),
    19001: Verdict("the address of the robot is wrong"),
    19002: Verdict("a parameter is wrong"),
    19021: Verdict("the signature is wrong, or its time is off by more than an hour"),
    19022: Verdict("the address of the sender is not on the robot's list"),
    19024: Verdict("a word that the robot wants in each message is missing"),
}


def send(letter: Letter, destination: Feishu, *, addressee: str, now: int, wire: Wire) -> Outcome:
    sign = signed(destination.secret, now) if destination.secret is not None else {}
    return tell(
        destination.endpoint, {**sign, **_body(letter, addressee)}, field="code", codes=CODES, wire=wire, now=now
    )


def signed(secret: Secret, now: int) -> dict[str, str]:
    """The fields that show the robot who calls: valid for an hour around `timestamp`. The text signed is the key."""
    digest = hmac.digest(f"{now}\n{secret.value}".encode(), b"", "sha256")
    return {"timestamp": str(now), "sign": b64encode(digest).decode()}


def _body(letter: Letter, addressee: str) -> dict[str, object]:
    """Rich text: its parts have kinds, so that no text is taken for a mention or a link."""
    text = cut(harmless(letter.text, letter.link), TEXT_BYTES_MAX)
    lines: list[list[dict[str, str]]] = [[{"tag": "text", "text": text}]]
    if letter.link:
        lines.append([{"tag": "a", "text": LABEL, "href": letter.link}])
    if whom := member(addressee):
        lines.append([{"tag": "at", "user_id": whom}])
    post = {"title": cut(harmless(letter.subject, letter.link), SUBJECT_BYTES_MAX), "content": lines}
    return {"msg_type": "post", "content": {"post": {"zh_cn": post}}}
