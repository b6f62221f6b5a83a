"""What residents are told who have no account: where the matter of a ticket that was merged goes on."""

from __future__ import annotations

from engine.core import Ticket
from engine.runtime import Service
from engine.store import StoreError


def goes_on_as(service: Service, one: Ticket) -> Ticket | None:
    """The ticket that took in another, or took in the one that did; None: none did, or it cannot be read."""
    found, known = None, {one.id}
    while (into := one.ties.merged_into) is not None and into not in known:
        known.add(into)
        try:
            family = service.store.load(into)
        except StoreError:
            break
        if family is None:
            break
        found = one = family.tickets[into]
    return found
