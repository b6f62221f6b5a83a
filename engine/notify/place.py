"""A message, a person: which channel carries it, and which are left for when that one fails."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final, Literal

from engine.core import Cause, Plan
from engine.notify.destinations import DingTalk, Feishu, WeCom
from engine.notify.world import REPORTER, Person, Reader, World
from engine.store.tables.deliveries import Deliveries, Delivery, New
from engine.store.tables.outbox import Finding, Outbox, Queued

#: Channel of a plan that names none: the deployment says what it is.
DEFAULT_CHANNEL: Final = ""
#: Robots of groups: who reported a matter is in none, and the link to its status is his alone.
ROBOTS: Final = (DingTalk, Feishu, WeCom)
#: No channel at all, in ids.
NOWHERE: Final = "-"


def delivery_id(site: str, name: str, person: str, channel: str) -> str:
    """The same however often it is derived, so that nothing is made twice and receivers know a repeat.

    `name` is the id of a message, or what else names a letter.
    """
    return sha256(f"{site}/{name}/{person}/{channel}".encode()).hexdigest()[:32]


def mailbox(person: Person, ticket: str) -> str:
    """Whose letters are counted together, and may come as one: each ticket has a reporter of its own."""
    return f"{REPORTER}/{ticket}" if person.role == REPORTER else person.id


def channels(plan: Plan, causes: Iterable[Cause], role: str) -> tuple[str, ...]:
    """The channels of a reader, the first one to be tried first: a notice's own, his role's, those of all staff."""
    notices = [plan.notices[cause.name] for cause in causes if cause.kind == "notice" and cause.name in plan.notices]
    own = tuple(dict.fromkeys(channel for notice in notices for channel in notice.via))
    messaging = plan.messaging
    if own or messaging is None:
        return own or (DEFAULT_CHANNEL,)
    audience = REPORTER if role == REPORTER else "staff"
    return messaging.via.get(role) or messaging.via.get(audience) or tuple(messaging.channels) or (DEFAULT_CHANNEL,)


def place(deliveries: Deliveries, world: World, name: str, new: New, ways: Sequence[str]) -> bool:
    """Make the row of the first of the channels `ways` on which its person is reached. False if there is none."""
    for tried, channel in enumerate(ways, 1):
        route = world.route(Reader(new.site, new.ticket, new.person, new.role, channel))
        if route is not None and not (new.role == REPORTER and isinstance(route.destination, ROBOTS)):
            destination = route.destination
            deliveries.know(destination.id, destination.kind, destination.rate)
            id = delivery_id(new.site, name, new.person, channel)
            others = json.dumps(ways[tried:])
            deliveries.make(new._replace(id=id, channel=channel, others=others, destination=destination.id))
            return True
    return False


def not_placed(deliveries: Deliveries, name: str, new: New, state: Literal["dead", "suppressed"], reason: str) -> None:
    """Make a row that nobody carries: it says who hears nothing, and why."""
    deliveries.note(new._replace(id=delivery_id(new.site, name, new.person, NOWHERE)), state, reason)


def place_again(deliveries: Deliveries, world: World, name: str, dead: Delivery, now: int) -> bool:
    """After a channel failed: the next one of the same person, at once. False if there is none."""
    same = {field: getattr(dead, field) for field in New._fields}
    return place(deliveries, world, name, New(**{**same, "next_at": now, "made_at": now}), json.loads(dead.others))


def give_up(outbox: Outbox, queued: Queued, who: str, now: int) -> None:
    """Somebody does not hear a message. If nobody does, nor of its rung by another one, the ticket is told."""
    if outbox.anybody_hears(queued.seq):
        return
    climbs = outbox.climbed(queued.seq)
    rungs = [(climbed.run, climbed.rung) for climbed in climbs if not outbox.somebody_hears(climbed)]
    for run, rung in rungs if climbs else [("", "")]:
        outbox.find(Finding("undeliverable", queued.site, queued.ticket, queued.id, who, run, rung, now))
