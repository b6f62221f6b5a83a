"""The group robot of WeCom 企业微信."""

from __future__ import annotations

from typing import Final

from engine.notify.channels.robots import LABEL, SUBJECT_BYTES_MAX, Codes, Verdict, tell
from engine.notify.channels.wording import cut, harmless, linked, member, unmarked
from engine.notify.destinations import WeCom
from engine.notify.letter import Letter, Outcome
from engine.notify.wire import Wire

MARKDOWN_BYTES_MAX: Final = 4096
TEXT_BYTES_MAX: Final = 2048

#: `errcode`. 0 is sent; what does not stand here may pass.
CODES: Final[Codes] = {
    -1: Verdict("the system is busy", passing=True),
    42001: Verdict("the token has run out", passing=True, after=0),  # a new one is fetched with the next call
    45009: Verdict("too many messages", passing=True, after=60),  # 20 a minute
    45033: Verdict("too many calls at once", passing=True),
    130101: Verdict("too many messages", passing=True, after=60),
    40008: Verdict("the kind of message is not allowed"),
    40058: Verdict("a parameter is wrong"),
    44004: Verdict("the message is empty"),
    45002: Verdict("the message is too long"),
    93000: Verdict("the address of the robot is wrong, or it was removed from its group"),
    93004: Verdict("the robot was switched off"),
    93008: Verdict("the robot is not in the group"),
}


def send(letter: Letter, destination: WeCom, *, addressee: str, now: int, wire: Wire) -> Outcome:
    body = _text(letter, addressee) if destination.format == "text" else _markdown(letter, addressee)
    return tell(destination.endpoint, body, field="errcode", codes=CODES, wire=wire, now=now)


def _markdown(letter: Letter, addressee: str) -> dict[str, object]:
    head = f"**{cut(unmarked(letter.subject, letter.link), SUBJECT_BYTES_MAX)}**\n"
    foot = "".join(
        f"\n{part}" for part in (linked(LABEL, letter.link), f"<@{addressee}>" if member(addressee) else "") if part
    )
    room = MARKDOWN_BYTES_MAX - len((head + foot).encode())
    return {"msgtype": "markdown", "markdown": {"content": head + cut(unmarked(letter.text, letter.link), room) + foot}}


def _text(letter: Letter, addressee: str) -> dict[str, object]:
    head = cut(harmless(letter.subject, letter.link), SUBJECT_BYTES_MAX) + "\n"
    foot = f"\n{letter.link}" if letter.link else ""
    room = TEXT_BYTES_MAX - len((head + foot).encode())
    content = head + cut(harmless(letter.text, letter.link), room) + foot
    mentioned = {"mentioned_list": [addressee]} if member(addressee) else {}
    return {"msgtype": "text", "text": {"content": content, **mentioned}}
