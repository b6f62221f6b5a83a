"""What people are told: messages to roles, derived from the events of a step. Persons and channels are the shell's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from hashlib import sha256
from typing import Literal, NamedTuple

from engine.core import events as e
from engine.core.conditions import Rule
from engine.core.plan import Notice, Plan
from engine.core.shape import ladder, shape
from engine.core.ticket import Family, Ticket
from engine.core.work import addresses, fact_of


class Cause(NamedTuple):
    """One reason for a message. `name` is a notice, a detection, or `deadline.rung`; `text` a template, None: the
    standard one.
    """

    kind: Literal["notice", "rung", "repeat", "all-clear", "detection"]
    name: str
    rule: Rule
    text: str | None
    loud: bool = False


class Message(NamedTuple):
    """All that one party is told about one ticket at one instant. `id` is the same however often it is derived.

    `withheld` says why nobody is told after all: the reporter is anonymous, or left no address. `plan` is the version
    whose words it uses, whatever the ticket goes by when they are read; "" of what was written before this was kept.
    """

    id: str
    ticket: str
    at: int
    to: e.Address
    causes: tuple[Cause, ...]
    withheld: Literal["", "anonymous", "no address"] = ""
    plan: str = ""


def notices(plan: Plan, family: Family, step: e.Step) -> tuple[Message, ...]:
    """The messages of a step, given the family after it."""
    found: dict[tuple[str, e.Address], dict[Cause, None]] = {}
    for event in step.events:
        ticket = family.tickets[event.ticket]
        for address, cause in _of_event(plan, family, ticket, event):
            found.setdefault((ticket.id, address), {})[cause] = None
    return tuple(
        _message(plan, family.tickets[id], step, address, tuple(causes)) for (id, address), causes in found.items()
    )


def _message(plan: Plan, ticket: Ticket, step: e.Step, to: e.Address, causes: tuple[Cause, ...]) -> Message:
    names = ",".join(cause.name for cause in causes)
    id = sha256(f"{ticket.id}/{step.number}/{to}/{names}".encode()).hexdigest()[:20]
    withheld = _withheld(plan, ticket) if to == "reporter" else ""
    return Message(id, ticket.id, step.at, to, causes, withheld, plan.version)


def _withheld(plan: Plan, ticket: Ticket) -> Literal["", "anonymous", "no address"]:
    if ticket.fact("anonymous") is True:
        return "anonymous"
    if plan.personal and not any(ticket.fact(name) is not None for name in plan.personal):
        return "no address"
    return ""


def _of_event(plan: Plan, family: Family, ticket: Ticket, event: e.Event) -> Iterator[tuple[e.Address, Cause]]:
    match event:
        case e.Opened():
            yield from _notices(plan, family, ticket, ("opened", event.state))
        case e.Moved(testimony=False):
            entered = (event.to,) if event.to != event.source else ()
            yield from _notices(plan, family, ticket, (event.move, *entered))
        case e.Breached():
            yield from _notices(plan, family, ticket, (f"{event.key.partition('#')[0]} breached",))
        case e.RunEnded(status="met"):
            yield from _notices(plan, family, ticket, (f"{event.key.partition('#')[0]} met",))
        case e.Raised() | e.Repeated():
            deadline = event.key.partition("#")[0]
            what: Literal["rung", "repeat"] = "rung" if isinstance(event, e.Raised) else "repeat"
            watch = shape(plan, ticket.category).watches.get(deadline)
            steps = ladder(plan, watch.deadline) if watch is not None else None
            rung = next((rung for rung in steps.rungs if rung.id == event.rung), None) if steps is not None else None
            text, loud = (rung.text, rung.loud) if rung is not None else (None, False)
            for address in event.told:
                yield address, Cause(what, f"{deadline}.{event.rung}", event.rule, text, loud)
        case e.LadderStopped():
            for address in event.told:
                yield address, Cause("all-clear", event.key.partition("#")[0], event.rule, None)
        case e.DetectionFired():
            text = plan.detections[event.detection].text
            for address in event.told:
                yield address, Cause("detection", event.detection, event.rule, text)


def _notices(plan: Plan, family: Family, ticket: Ticket, happened: Iterable[str]) -> Iterator[tuple[e.Address, Cause]]:
    wanted = shape(plan, ticket.category).notices
    for name in happened:
        for notice in wanted.get(name, ()):
            yield from _of_notice(plan, family, ticket, notice)


def _of_notice(plan: Plan, family: Family, ticket: Ticket, notice: Notice) -> Iterator[tuple[e.Address, Cause]]:
    if notice.when is not None and not notice.when.holds(partial(fact_of, plan, family, ticket)):
        return
    for party in notice.to:
        for address in addresses(plan, family, ticket, party):
            yield address, Cause("notice", notice.id, notice.rule, notice.text, notice.loud)
