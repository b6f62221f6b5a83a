"""The group robot of DingTalk 钉钉."""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from typing import Final
from urllib.parse import urlencode

from engine.notify.channels.robots import LABEL, SUBJECT_BYTES_MAX, Codes, Verdict, tell
from engine.notify.channels.wording import cut, linked, member, unmarked
from engine.notify.destinations import DingTalk, Secret
from engine.notify.letter import Letter, Outcome
from engine.notify.wire import Wire

TEXT_BYTES_MAX: Final = 6_000  #: the whole body may have 20,000, with line breaks doubled and escapes

#: `errcode`. 0 is sent; what does not stand here may pass.
CODES: Final[Codes] = {
    -1: Verdict("the system is busy", passing=True),
    42001: Verdict("the token has run out", passing=True, after=0),
    45009: Verdict("too many calls", passing=True, after=60),
    90030: Verdict("too many calls of the organisation", passing=True, after=60),
    130101: Verdict("too many messages", passing=True, after=600),  # more than 20 a minute: blocked for ten minutes
    410100: Verdict("too many messages", passing=True, after=600),
    40035: Verdict("a parameter is wrong"),
    300001: Verdict("the token of the robot is wrong"),
    # A word that must stand in each message, the signature, or the list of senders: its words say which, in Chinese.
    310000: Verdict("the security settings of the robot do not let it pass"),
    400013: Verdict("the group was dissolved"),
    400101: Verdict("the token of the robot is wrong"),
    400102: Verdict("the robot was switched off"),
    400105: Verdict("the kind of message is not allowed"),
    400106: Verdict("there is no such robot"),
    430101: Verdict("a link in the message is taken for unsafe"),
    430102: Verdict("the text is taken for improper"),
    430104: Verdict("the content is taken for improper"),
    460101: Verdict("the message is too long"),
}


def send(letter: Letter, destination: DingTalk, *, addressee: str, now: int, wire: Wire) -> Outcome:
    body = _body(letter, addressee)
    return tell(
        destination.endpoint, body, field="errcode", codes=CODES, wire=wire, now=now, query=_query(destination, now)
    )


def _query(destination: DingTalk, now: int) -> str:
    if destination.secret is None:
        return ""
    return ("&" if "?" in destination.endpoint.path.value else "?") + urlencode(signed(destination.secret, now))


def signed(secret: Secret, now: int) -> dict[str, str]:
    """The parameters that show the robot who calls: valid for an hour around `timestamp`, which is in milliseconds."""
    timestamp = str(now * 1000)
    digest = hmac.digest(secret.value.encode(), f"{timestamp}\n{secret.value}".encode(), "sha256")
    return {"timestamp": timestamp, "sign": b64encode(digest).decode()}


def _body(letter: Letter, addressee: str) -> dict[str, object]:
    title = cut(unmarked(letter.subject, letter.link), SUBJECT_BYTES_MAX)
    text = cut(unmarked(letter.text, letter.link), TEXT_BYTES_MAX)
    whom = member(addressee)
    parts = (f"**{title}**", re.sub(r"\n+", "\n\n", text), linked(LABEL, letter.link), f"@{whom}" if whom else "")
    markdown = {"title": title, "text": "\n\n".join(part for part in parts if part)}
    at = {"atUserIds": [whom] if whom else [], "isAtAll": False}
    return {"msgtype": "markdown", "markdown": markdown, "at": at}
