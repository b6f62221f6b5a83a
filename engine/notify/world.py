"""What delivery must know of the world, given from above: plans, people, routes; and whom it tells what it finds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from engine.core import Plan
from engine.notify.destinations import Destination

REPORTER = "reporter"


class Person(NamedTuple):
    """Somebody who is told, and as whom: a role, `reporter`, or "" for somebody who is named himself."""

    id: str
    role: str
    there: bool = True  #: False: somebody who is named and is off duty


class Reader(NamedTuple):
    """A person, told of a ticket on a channel. `channel` is "" where the plan names none: the deployment's own."""

    site: str
    ticket: str
    person: str
    role: str
    channel: str


class Route(NamedTuple):
    """Where a reader is reached, and by which address there (`send`)."""

    destination: Destination
    addressee: str = ""


class Nobody(NamedTuple):
    """Nobody of a role was there when a message was released at `at`; its stand-in is told."""

    site: str
    ticket: str
    message: str
    role: str
    at: int


class Undeliverable(NamedTuple):
    """Of those whom a rung tells, nobody can be reached on any channel. `run` and `rung` are "" for what is no rung."""

    site: str
    ticket: str
    message: str
    address: str
    run: str
    rung: str
    at: int


class World(Protocol):
    """Every answer is of this moment, and quick: no network, no writing, but for the last three."""

    def sites(self) -> Iterable[str]: ...

    def plan(self, site: str, version: str | None = None) -> Plan:
        """A version of a site's plan; None: the one in force."""
        ...

    def people(self, site: str, address: str, ticket: str, at: int) -> Sequence[Person]:
        """Who is behind an address (`role:x`, `person:x`, `leaver:x`, `taker:x`, `reporter`) at an instant: of a role
        those on duty, of the last resort also those who are not, if nobody is.
        """
        ...

    def route(self, reader: Reader) -> Route | None:
        """Where a reader is reached on his channel; None: not at all."""
        ...

    def reveal(self, reader: Reader, reference: str) -> str | None:
        """The personal value behind a reference, for a reader who may see it on this channel."""
        ...

    def link(self, site: str, ticket: str) -> str:
        """Where the ticket stands on our board; "" for nowhere."""
        ...

    def status_link(self, reader: Reader) -> str:
        """Where who reported a ticket sees how it stands; "" for nowhere. Each time it is another address."""
        ...

    def on_nobody(self, found: Nobody) -> None:
        """For the site's stream. It may be told again after a crash: the message and role are the key."""
        ...

    def on_undeliverable(self, found: Undeliverable) -> None:
        """For the ticket. It may be told again after a crash: the message, run and rung are the key."""
        ...
