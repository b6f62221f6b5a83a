"""What deliveries are: rows as they are made, as they stand, and as they end."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

#: A letter is a row that is sent by itself; others are merged into it.
State = Literal["pending", "leased", "merged", "sent", "dead", "discarded", "suppressed"]
#: What an operator may have tried again, and what he may give up.
RETRIABLE: Final[tuple[State, ...]] = ("dead", "discarded", "suppressed")
DISCARDABLE: Final[tuple[State, ...]] = ("pending", "dead")


class Delivery(NamedTuple):
    """A row as it stands. `others` are the channels to be tried after this one, as JSON; `into` the letter it is merged
    into.
    """

    seq: int
    id: str
    kind: Literal["message", "digest", "daily"]
    site: str
    message: int | None
    ticket: str
    at: int
    person: str
    role: str
    mailbox: str
    channel: str
    others: str
    destination: str
    critical: bool
    rank: int
    state: State
    next_at: int | None
    made_at: int
    into: str | None
    attempt: int
    owner: str
    tries: int
    reason: str
    code: str
    ended_at: int | None


class New(NamedTuple):
    """A row to be made; how its person is reached (the last four) may be filled in later."""

    kind: Literal["message", "digest", "daily"]
    site: str
    message: int | None
    ticket: str
    at: int
    person: str
    role: str
    mailbox: str
    critical: bool
    rank: int
    next_at: int | None  #: None: not to be sent
    made_at: int
    id: str = ""
    channel: str = ""
    others: str = "[]"
    destination: str = ""


class Standing(NamedTuple):
    """How it stands with a destination: failures and pauses in a row, until when it is left alone, and why for good."""

    id: str
    kind: str
    rate: int | None
    failures: int = 0
    pauses: int = 0
    paused_till: int = 0
    disabled: str = ""


class Lane(NamedTuple):
    """What was never handed over yet, of one mailbox at one destination. `late`: how many tell of what was long ago."""

    site: str
    mailbox: str
    size: int
    late: int
    first: int
    critical: bool
    rank: int


class End(NamedTuple):
    """How an attempt ended: the state that the row has now, and when it may be taken again (pending)."""

    state: State
    outcome: str
    next_at: int | None = None
    tries: int = 0
    reason: str = ""
    code: str = ""


class Filter(NamedTuple):
    """Which deliveries a list shows. None: whatever."""

    state: State | None = None
    site: str | None = None
    ticket: str | None = None
    person: str | None = None
    channel: str | None = None
    destination: str | None = None
    critical: bool | None = None
    after: int = 0
    limit: int = 200
