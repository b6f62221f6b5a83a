"""People come and go: the roster of a site changes, newcomers get their duties, and staffing is counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from engine.runtime.directory import Changes, Staff, changes, entries
from engine.runtime.people import Entry, required_staff
from engine.runtime.posts import about_role
from engine.runtime.service import Service
from engine.store import Query, Row, Transaction


def change_roster(service: Service, at: int, come: Iterable[Entry] = (), gone: Iterable[str] = ()) -> None:
    """Whoever is new in a role opens the duties of new members; staffing is counted anew."""
    data = {"come": [tuple(entry) for entry in come], "gone": list(gone)}
    _change(service, at, "roster_changed", data)


def list_staff(service: Service, at: int, staff: Sequence[Staff]) -> Changes:
    """The roster is what a list says, from `at` on; the same list again changes nothing."""
    roster = service.site.roster
    what = changes(roster.entries, entries(service.site.plan_at(at), staff), at)
    addresses = _sealed(service, staff)
    if what != Changes((), ()) or addresses != service.site.addresses or not roster.complete:
        data = {"come": [tuple(entry) for entry in what.come], "gone": [tuple(entry) for entry in what.gone]}
        _change(service, at, "staff_listed", {**data, "addresses": addresses})
    return what


def _sealed(service: Service, staff: Sequence[Staff]) -> dict[str, dict[str, str]]:
    """How people are reached, by references to the vault."""
    reach = {one.person: {"phone": one.phone, **one.addresses} for one in staff}

    def sealed(tx: Transaction) -> dict[str, dict[str, str]]:
        return {who: {via: tx.seal(via, to) for via, to in where.items() if to} for who, where in reach.items()}

    return service.store.write(sealed)


def _change(service: Service, at: int, kind: str, data: Mapping[str, Any]) -> None:
    service.change(at, lambda turn: turn.change_site(at, kind, service.site.plan.rule, data))
    service.open_occurrences(at)  # whoever is new is so from this instant on
    _count(service, at)


def _count(service: Service, at: int) -> None:
    """How many people each role has against what the plan says."""
    site, plan = service.site, service.site.plan_at(at)
    for role in plan.roles.values():
        bounds = required_staff(plan, role)
        if bounds is not None:
            there = len(site.roster.holders(role.id, at))
            data = {"role": role.id, "there": there, "low": bounds[0], "high": bounds[1]}
            service.record(at, "staff_counted", role.rule, data)


def nobody_was_there(service: Service, at: int, role: str, message: str) -> None:
    """Nobody of a role could be told of a message: a finding, written down once."""
    key = f"{message}/{role}"
    found = about_role(service.site, "nobody", role, at)
    if found is not None and not service.store.site_events("nobody", key):
        service.record(at, "nobody", *found, key)


def is_qualified(service: Service, at: int, person: str, role: str | None) -> bool:
    """Whether a person has passed what a role requires before being assigned. Who was there from the start has, who is
    still to come has not.
    """
    plan = service.site.roster.plan_of(role, at) if role is not None else None
    if plan is None or role is None or (required := plan.roles[role].requires) is None:
        return True
    if any(who == person and at < begins for who, begins in service.site.newcomers((role,))):
        return False
    found = service.store.rows(Query(category=plan.duties[required].category, post=person))
    return all(row.closed is not None and _has_passed(service, row) for row in found)


def _has_passed(service: Service, row: Row) -> bool:
    family = service.store.load(row.ticket)
    return family is not None and family.tickets[row.ticket].fact("passed") is not False
