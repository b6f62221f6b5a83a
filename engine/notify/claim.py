"""Claim: which letters leave now. What is too much is merged into digests; nothing is lost, and nothing is skipped for
good.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import uuid4

from engine.notify import limits
from engine.store.tables.deliveries import Deliveries, Delivery, Lane, New, Standing


def claim(rows: Deliveries, owner: str, now: int, free: int, busy: Mapping[str, int]) -> list[Delivery]:
    """Lease up to `free` letters that may leave at `now`. `busy`: how many are under way, by destination."""
    taken: list[Delivery] = []
    standings = rows.destinations_due(now)
    for standing in standings:
        if standing.kind in limits.FOR_PEOPLE:
            _gather(rows, standing.id, now)
    for critical in (True, False):
        for standing in standings:
            here = busy.get(standing.id, 0) + sum(one.destination == standing.id for one in taken)
            room = min(free - len(taken), _room(standing, here, now))
            if room > 0:
                taken += _take(rows, standing, critical, owner, now, room)
    return taken


def _room(standing: Standing, busy: int, now: int) -> int:
    """How many letters a destination takes at the same time: after a pause a single one shows whether it works."""
    if now < standing.paused_till:
        return 0
    return (1 if standing.failures >= limits.FAILURES_MAX else limits.THREADS_PER_DESTINATION) - busy


def _take(rows: Deliveries, standing: Standing, critical: bool, owner: str, now: int, room: int) -> list[Delivery]:
    taken: list[Delivery] = []
    allowed = limits.budget(standing.rate, critical)
    if allowed is not None:
        room = min(room, allowed - rows.letters_at(standing.id, now - limits.MINUTE))
    if room <= 0:
        return taken
    read = standing.kind in limits.FOR_PEOPLE
    for row in rows.due(standing.id, critical, now, limits.LOOKED_AT if read else room):
        if read and _is_too_much(rows, row, now):
            continue
        one = rows.take(row.seq, owner, now, now + limits.LEASE)
        if one is not None:
            taken.append(one)
        if len(taken) == room:
            break
    return taken


def _is_too_much(rows: Deliveries, row: Delivery, now: int) -> bool:
    """Whether the person had all he gets in a minute."""
    return len(rows.letters_to(row.site, row.mailbox, now - limits.MINUTE)) >= limits.PERSON_RATE


# ---- digests --------------------------------------------------------------------------------------------------------


def _gather(rows: Deliveries, destination: str, now: int) -> None:
    """Merge what is more than a person gets one by one into his digest, which leaves at the next slot."""
    for lane in rows.lanes(destination, now, limits.LATE, limits.SINGLES, now - limits.MINUTE):
        had = rows.letters_to(lane.site, lane.mailbox, now - limits.MINUTE)
        digest = rows.open_digest(destination, lane.site, lane.mailbox)
        if digest is None:
            digest = _begin(rows, lane, had[-1] if had else None, now)
        rows.gather(digest, destination, lane, now)


def _begin(rows: Deliveries, lane: Lane, last: int | None, now: int) -> str:
    first = rows.get(lane.first)
    id = uuid4().hex  # a new one each time: what is retried may have been first in a digest that is over
    ready = now if lane.late == lane.size else now + limits.GATHER  # what is late has waited for others already
    next_at = ready if last is None else max(ready, last + limits.SPACING)
    rows.make(
        New(
            kind="digest",
            site=lane.site,
            message=None,
            ticket="",
            at=first.at,
            person=first.person,
            role=first.role,
            mailbox=lane.mailbox,
            critical=lane.critical,
            rank=lane.rank,
            next_at=next_at,
            made_at=now,
            id=id,
            channel=first.channel,
            destination=first.destination,
        )
    )
    return id
