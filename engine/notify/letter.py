"""What is handed to a channel, and what became of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

ID: Final = re.compile(r"[!-~]{1,128}")


@dataclass(frozen=True, slots=True)
class Letter:
    """A rendered message for one destination.

    `id` is the same however often the letter is handed over (webhook-id, Message-ID of a mail). `at` is the instant
    that it tells of, in seconds UTC. `data` is the thin part for machines, `{type, site, ticket, …}`, without personal
    values of residents. `reader` says in words who is told, `due` until when, where the text does not. `link` leads to
    the ticket on our own board, a reporter's to its status; "" where there is none.
    """

    id: str
    at: int
    subject: str
    text: str
    link: str = ""
    critical: bool = False
    data: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    reader: str = ""
    due: str = ""

    def __post_init__(self) -> None:
        assert ID.fullmatch(self.id), "an id is ours, and goes into headers as it is"


class Outcome(NamedTuple):
    """What became of a letter.

    `retry`: another try may succeed, not before `retry_after` seconds where the receiver named them. `refused`: none
    will, and somebody must mend the destination or the address. `disabled`: the receiver is gone for good (HTTP 410).
    `reason` is one of our own sentences, never the receiver's words: those may repeat a secret or personal values.
    `code` is the number that the receiver gave: an HTTP or SMTP status, or the `errcode` of a robot.
    """

    status: Literal["sent", "retry", "refused", "disabled"]
    reason: str = ""
    code: str = ""
    retry_after: int | None = None


SENT = Outcome("sent")


def retry(reason: str, code: object = "", after: int | None = None) -> Outcome:
    """An outcome after which another try makes sense."""
    return Outcome("retry", reason, str(code), after)


def refused(reason: str, code: object = "") -> Outcome:
    """An outcome after which another try would end the same way."""
    return Outcome("refused", reason, str(code))
