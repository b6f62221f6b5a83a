"""Messages on their way to people: what waits, what was given up, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from fastapi import Query as Param
from pydantic import Field

from engine.notify import Outbox
from engine.server import present
from engine.server.api.route import Body, Reason, Short, Whole, router
from engine.server.auth import Caller, needs
from engine.server.problems import SENTENCES, ProblemError, not_found
from engine.store.tables.deliveries import DISCARDABLE, RETRIABLE, Delivery, Filter

routes = router("outbox")
State = Literal["pending", "leased", "merged", "sent", "dead", "discarded", "suppressed"]
Messages = Annotated[list[Whole], Field(min_length=1, max_length=200, description="By their `seq`.")]


@routes.get("/sites/{site}/outbox", summary="Messages of a site")
def messages(
    site: str,
    caller: Annotated[Caller, needs("outbox.list")],
    state: State | None = None,
    ticket: Short | None = None,
    person: Short | None = None,
    channel: Short | None = None,
    destination: Short | None = None,
    critical: bool | None = None,
    after: Annotated[int, Param(ge=0, le=2**53, description="`next` of the page before.")] = 0,
    limit: Annotated[int, Param(ge=1, le=200)] = 100,
) -> dict[str, Any]:
    """In the order in which they were made: to whom, by which channel, how it stands; never their text or address."""
    zone = caller.service.site.zone
    query = Filter(state, site, ticket, person, channel, destination, critical, after, limit)
    found = Outbox(caller.daemon.database).list(query)
    shown = [_shown(one, zone) for one in found]
    return {"messages": shown, "next": found[-1].seq if len(found) == limit else None}


class Retrying(Body):
    messages: Messages


class Discarding(Body):
    messages: Messages
    reason: Reason


@routes.post("/sites/{site}/outbox/retry", summary="Send again what was given up")
def retry(site: str, body: Retrying, caller: Annotated[Caller, needs("outbox.retry")]) -> dict[str, Any]:
    """By the whole schedule anew; the message keeps its id, so that whoever got it already knows it. Where one was not
    given up, nothing is done.
    """
    done = Outbox(caller.daemon.database).retry(_ids(caller, body.messages, "not_given_up"), caller.at)
    caller.note("outbox.retry", ",".join(map(str, body.messages)))
    return {"retried": done}


@routes.post("/sites/{site}/outbox/discard", summary="Give messages up")
def discard(site: str, body: Discarding, caller: Annotated[Caller, needs("outbox.discard")]) -> dict[str, Any]:
    """What is pending or was given up is not sent any more, for a reason, which is kept."""
    done = Outbox(caller.daemon.database).discard(_ids(caller, body.messages, "not_on_its_way"), body.reason, caller.at)
    caller.note("outbox.discard", ",".join(map(str, body.messages)))
    return {"discarded": done}


#: What may be done to messages in which states, by the word of who asks it of others.
_STATES: Final = {
    "not_given_up": RETRIABLE,
    "not_on_its_way": DISCARDABLE,
}


def _ids(caller: Caller, seqs: Iterable[int], otherwise: str) -> list[str]:
    """The ids of messages of this site. Raises ProblemError: one is none of them, or in no state for it."""
    outbox = Outbox(caller.daemon.database)
    ids = []
    for seq in seqs:
        found = outbox.list(Filter(site=caller.service.site.plan.id, after=seq - 1, limit=1))
        if not found or found[0].seq != seq:
            raise not_found("no_message")
        if found[0].state not in _STATES[otherwise]:
            words = SENTENCES[otherwise].format(seq=str(seq), state=found[0].state)
            raise ProblemError(409, otherwise, words)
        ids.append(found[0].id)
    return ids


def _shown(one: Delivery, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "seq": one.seq,
        "id": one.id,
        "kind": one.kind,
        "ticket": one.ticket,
        "at": present.instant(one.at, zone),
        "person": one.person,
        "role": one.role,
        "channel": one.channel,
        "destination": one.destination,
        "critical": one.critical,
        "state": one.state,
        "tries": one.tries,
        "next_at": present.instant(one.next_at, zone),
        "ended_at": present.instant(one.ended_at, zone),
        "reason": one.reason,
        "code": one.code,
    }
